//! The Hugging Face containers by the versions of their frameworks.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use indexmap::IndexMap;
use jiff::civil::Date;
use serde::Deserialize;

use super::instances::Processor;

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Training a model.
    Training,
    /// Serving a model.
    Inference,
}

/// Why there is no container as asked for.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::stack) enum ImageFault {
    /// These versions never came together; the known pairs (`PyTorch`, transformers), newest last.
    Versions(Vec<(&'static str, &'static str)>),
    /// It exists, but not in the region.
    Region,
    /// It exists for these kinds of processors only.
    Processor(Vec<&'static str>),
}

#[derive(Deserialize)]
struct Table {
    end_of_patch: EndOfPatch,
    training: Family,
    inference: Family,
}

/// The last days on which AWS patches images, by the first two numbers of `PyTorch`'s version.
#[derive(Deserialize)]
struct EndOfPatch {
    training: BTreeMap<String, Date>,
    inference: BTreeMap<String, Date>,
}

#[derive(Deserialize)]
struct Family {
    repository: String,
    images: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    pytorch: String,
    transformers: String,
    tags: IndexMap<String, String>,
    missing_regions: Vec<String>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    serde_json::from_str(include_str!("images.json")).expect("the embedded table is tested")
});

/// The last day on which AWS patches the images of a version of `PyTorch`.
pub(in crate::stack) fn patched_until(purpose: Purpose, pytorch: &str) -> Option<Date> {
    let dates = match purpose {
        Purpose::Training => &TABLE.end_of_patch.training,
        Purpose::Inference => &TABLE.end_of_patch.inference,
    };
    let (major_minor, _) = pytorch.rsplit_once('.')?;
    dates.get(major_minor).copied()
}

/// The newest pair of versions, of `PyTorch` and transformers, whose images AWS still patches on a day, if there is
/// one.
pub fn newest_patched(purpose: Purpose, today: Date) -> Option<(&'static str, &'static str)> {
    let family = match purpose {
        Purpose::Training => &TABLE.training,
        Purpose::Inference => &TABLE.inference,
    };
    let patched =
        |entry: &&Entry| patched_until(purpose, &entry.pytorch).is_some_and(|until| until >= today);
    let entry = family.images.iter().rev().find(patched)?;
    Some((&entry.pytorch, &entry.transformers))
}

/// Finds repository and tag of a container; without a region and processor, any will do, and the
/// tag is made of the versions alone.
pub(in crate::stack) fn image_tag(
    purpose: Purpose,
    pytorch: &str,
    transformers: &str,
    place: Option<(&str, Processor)>,
) -> Result<(&'static str, String), ImageFault> {
    let family = match purpose {
        Purpose::Training => &TABLE.training,
        Purpose::Inference => &TABLE.inference,
    };
    let wanted = |e: &&Entry| e.pytorch == pytorch && e.transformers == transformers;
    let Some(entry) = family.images.iter().find(wanted) else {
        let pairs = family
            .images
            .iter()
            .map(|e| (e.pytorch.as_str(), e.transformers.as_str()));
        return Err(ImageFault::Versions(pairs.collect()));
    };
    let Some((region, processor)) = place else {
        return Ok((
            &family.repository,
            format!("{pytorch}-transformers{transformers}"),
        ));
    };
    if entry
        .missing_regions
        .iter()
        .any(|missing| missing == region)
    {
        return Err(ImageFault::Region);
    }
    match entry.tags.get(processor.word()) {
        Some(tag) => Ok((&family.repository, tag.clone())),
        None => Err(ImageFault::Processor(
            entry.tags.keys().map(String::as_str).collect(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_found_by_versions_and_processor() {
        let (repository, tag) = image_tag(
            Purpose::Training,
            "2.8.0",
            "4.56.2",
            Some(("eu-west-1", Processor::Gpu)),
        )
        .unwrap();
        assert_eq!(repository, "huggingface-pytorch-training");
        assert_eq!(tag, "2.8.0-transformers4.56.2-gpu-py312-cu129-ubuntu22.04");
        let cpu = Some(("eu-west-1", Processor::Cpu));
        let (_, tag) = image_tag(Purpose::Inference, "2.6.0", "5.5.3", cpu).unwrap();
        assert_eq!(tag, "2.6.0-transformers5.5.3-cpu-py312-ubuntu22.04");
    }

    #[test]
    fn every_image_has_a_last_day_of_patches() {
        for (purpose, family) in [
            (Purpose::Training, &TABLE.training),
            (Purpose::Inference, &TABLE.inference),
        ] {
            for entry in &family.images {
                assert!(
                    patched_until(purpose, &entry.pytorch).is_some(),
                    "{}",
                    entry.pytorch
                );
            }
        }
        let serving = patched_until(Purpose::Inference, "2.6.0").unwrap();
        assert_eq!(serving.to_string(), "2026-06-30");
        assert_eq!(patched_until(Purpose::Training, "9.9.9"), None);
        let day = |text: &str| text.parse().unwrap();
        let newest = |day| newest_patched(Purpose::Training, day);
        assert_eq!(newest(day("2026-10-15")), Some(("2.9.0", "5.3.0")));
        assert_eq!(newest(day("2026-10-16")), None);
    }

    #[test]
    fn what_does_not_exist_is_told_apart() {
        let find = |pytorch, place| image_tag(Purpose::Training, pytorch, "4.56.2", place);
        assert!(matches!(find("9.9.9", None), Err(ImageFault::Versions(_))));
        let missing = find("2.8.0", Some(("eu-south-2", Processor::Gpu)));
        assert_eq!(missing, Err(ImageFault::Region));
        let cpu = find("2.8.0", Some(("eu-west-1", Processor::Cpu)));
        assert_eq!(cpu, Err(ImageFault::Processor(vec!["gpu"])));
    }
}
