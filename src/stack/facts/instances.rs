//! The instance types of SageMaker, and what their names say about them.

use std::sync::LazyLock;

use indexmap::IndexMap;
use serde::Deserialize;

/// What an instance type is used for; each use has types of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// Training a model.
    Training,
    /// Serving a model.
    Hosting,
    /// Classifying in bulk.
    Transform,
    /// A notebook.
    Notebook,
}

impl Use {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Training,
        Self::Hosting,
        Self::Transform,
        Self::Notebook,
    ];

    /// Words for it in a message.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Hosting => "serving",
            Self::Transform => "batch jobs",
            Self::Notebook => "notebooks",
        }
    }
}

/// The processor that a container image must be made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stack) enum Processor {
    /// A general one (x86).
    Cpu,
    /// An NVIDIA GPU beside a general processor.
    Gpu,
    /// An ARM processor of AWS (Graviton) or NVIDIA (Grace).
    Arm,
    /// Accelerators with containers of their own (Inferentia, Trainium, Gaudi).
    Accelerator,
}

impl Processor {
    /// The word for it in the table of images.
    pub(in crate::stack) const fn word(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
            Self::Arm => "arm",
            Self::Accelerator => "accelerator",
        }
    }
}

/// Families of one use, each with its sizes, separated by spaces.
type Families = IndexMap<String, String>;

#[derive(Deserialize)]
struct Table {
    training: Families,
    hosting: Families,
    transform: Families,
    notebook: Families,
    hosting_families_by_region: IndexMap<String, String>,
    hosting_missing_by_region: IndexMap<String, String>,
    transform_families_by_region: IndexMap<String, String>,
    transform_missing_by_region: IndexMap<String, String>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    serde_json::from_str(include_str!("instances.json")).expect("the embedded table is tested")
});

/// Families whose machines have disks of their own, beside those whose name says so with a `d`.
const OWN_DISK: [&str; 19] = [
    "dl1",
    "g4dn",
    "g5",
    "g6",
    "g6e",
    "g7",
    "g7e",
    "gr6",
    "p3dn",
    "p4d",
    "p4de",
    "p5",
    "p5e",
    "p5en",
    "p6-b200",
    "p6-b300",
    "p6e-gb200",
    "trn1",
    "trn1n",
];

fn families(purpose: Use) -> &'static Families {
    match purpose {
        Use::Training => &TABLE.training,
        Use::Hosting => &TABLE.hosting,
        Use::Transform => &TABLE.transform,
        Use::Notebook => &TABLE.notebook,
    }
}

/// Takes `ml.<family>.<size>` apart.
fn parts(instance: &str) -> Option<(&str, &str)> {
    instance.strip_prefix("ml.")?.split_once('.')
}

/// Whether an instance type exists for a use.
pub(in crate::stack) fn has_instance(purpose: Use, instance: &str) -> bool {
    parts(instance).is_some_and(|(family, size)| {
        let sizes = families(purpose).get(family);
        sizes.is_some_and(|sizes| sizes.split(' ').any(|known| known == size))
    })
}

/// The uses that an instance type exists for.
pub(in crate::stack) fn uses(instance: &str) -> Vec<Use> {
    let mut uses = Use::ALL.to_vec();
    uses.retain(|purpose| has_instance(*purpose, instance));
    uses
}

/// All instance types of a use.
pub(in crate::stack) fn instances(purpose: Use) -> Vec<String> {
    let mut all = Vec::new();
    for (family, sizes) in families(purpose) {
        all.extend(sizes.split(' ').map(|size| format!("ml.{family}.{size}")));
    }
    all
}

/// Whether a region has an instance type; yes where that is not known.
pub(in crate::stack) fn offered_in(purpose: Use, instance: &str, region: &str) -> bool {
    known_in(purpose, instance, region).unwrap_or(true)
}

/// Whether a region has an instance type, as the table has it; `None` where that is not known: no list tells it
/// of training and notebooks.
pub fn known_in(purpose: Use, instance: &str, region: &str) -> Option<bool> {
    let (families, missing) = match purpose {
        Use::Hosting => (
            &TABLE.hosting_families_by_region,
            &TABLE.hosting_missing_by_region,
        ),
        Use::Transform => (
            &TABLE.transform_families_by_region,
            &TABLE.transform_missing_by_region,
        ),
        Use::Training | Use::Notebook => return None,
    };
    let (family, _) = parts(instance)?;
    let there = families.get(region)?;
    let is_in = |list: &String, word: &str| list.split(' ').any(|known| known == word);
    let missing = missing
        .get(region)
        .is_some_and(|list| is_in(list, instance));
    Some(is_in(there, family) && !missing)
}

/// Whether the machines of an instance type have disks of their own.
pub fn has_own_disk(instance: &str) -> bool {
    let Some((family, _)) = parts(instance) else {
        return false;
    };
    let digit = family.find(|c: char| c.is_ascii_digit());
    let after = digit.map_or("", |at| {
        family[at..].trim_start_matches(|c: char| c.is_ascii_digit())
    });
    OWN_DISK.contains(&family) || family.starts_with("trn") || matches!(after, "d" | "gd" | "id")
}

/// The processor of an instance type, by its family.
pub(in crate::stack) fn processor(instance: &str) -> Processor {
    let family = parts(instance).map_or(instance, |(family, _)| family);
    if ["inf", "trn", "dl"]
        .iter()
        .any(|own| family.starts_with(own))
    {
        return Processor::Accelerator;
    }
    let digit = family
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(family.len());
    let (letters, rest) = family.split_at(digit);
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    if family.contains("-gb") || after.starts_with('g') {
        Processor::Arm
    } else if matches!(letters, "g" | "p") {
        Processor::Gpu
    } else {
        Processor::Cpu
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_tells_the_processor() {
        for (instance, expected) in [
            ("ml.g4dn.xlarge", Processor::Gpu),
            ("ml.p4d.24xlarge", Processor::Gpu),
            ("ml.p6-b200.48xlarge", Processor::Gpu),
            ("ml.p6e-gb200.36xlarge", Processor::Arm),
            ("ml.c6g.xlarge", Processor::Arm),
            ("ml.r7gd.xlarge", Processor::Arm),
            ("ml.m5.large", Processor::Cpu),
            ("ml.c7i-flex.large", Processor::Cpu),
            ("ml.inf2.xlarge", Processor::Accelerator),
            ("ml.dl1.24xlarge", Processor::Accelerator),
        ] {
            assert_eq!(processor(instance), expected, "{instance}");
        }
    }

    #[test]
    fn a_type_is_known_for_its_uses_only() {
        assert!(has_instance(Use::Training, "ml.g4dn.xlarge"));
        assert!(has_instance(Use::Hosting, "ml.m5.large"));
        assert!(has_instance(Use::Transform, "ml.m5.xlarge"));
        assert!(!has_instance(Use::Hosting, "ml.p2.xlarge"));
        assert_eq!(uses("ml.t3.medium"), [Use::Training, Use::Notebook]);
        for text in [
            "m5.large",
            "ml.m5",
            "ml.m5.large.x",
            "ml.M5.large",
            "",
            "ml.m5.",
            "ml.m5. ",
        ] {
            assert_eq!(uses(text), [], "{text}");
        }
    }

    #[test]
    fn every_use_has_its_types_and_every_region_some() {
        for (purpose, number) in [
            (Use::Training, 200),
            (Use::Hosting, 200),
            (Use::Transform, 100),
            (Use::Notebook, 150),
        ] {
            let all = instances(purpose);
            assert!(all.len() > number, "{purpose:?}: {}", all.len());
            assert!(all.iter().all(|name| has_instance(purpose, name)));
        }
        assert!(offered_in(Use::Hosting, "ml.m5.large", "eu-west-1"));
        assert!(!offered_in(Use::Hosting, "ml.g6.xlarge", "af-south-1"));
        assert!(offered_in(Use::Hosting, "ml.inf1.xlarge", "af-south-1"));
        assert!(!offered_in(Use::Hosting, "ml.inf1.24xlarge", "af-south-1"));
    }

    #[test]
    fn machines_with_disks_of_their_own_are_known() {
        for instance in [
            "ml.g4dn.xlarge",
            "ml.p4d.24xlarge",
            "ml.m5d.large",
            "ml.c6id.large",
            "ml.r6gd.large",
        ] {
            assert!(has_own_disk(instance), "{instance}");
        }
        for instance in [
            "ml.m5.large",
            "ml.p3.2xlarge",
            "ml.c6i.large",
            "ml.inf2.xlarge",
            "x",
        ] {
            assert!(!has_own_disk(instance), "{instance}");
        }
    }
}
