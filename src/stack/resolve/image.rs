//! Container images: by the versions of their frameworks, or by address.

use super::super::check::Check;
use super::super::document;
use super::super::facts::{self, ImageFault, Processor, Purpose};
use super::super::names::{AccountId, Region};
use super::super::problem::Problem;
use super::super::resolved::{Image, Repository};
use super::super::suggest;
use super::target::Placement;
use crate::stack::codes;

/// The longest address that SageMaker takes.
const MAX_URI: usize = 255;

/// Resolves an image of a section, `training` or `endpoint`, for all instance types that it may run
/// on; without any, for a general processor.
pub(super) fn resolve(
    check: &mut Check<'_>,
    section: &str,
    image: &document::Image,
    instances: &[String],
    place: Option<&Placement>,
) -> Option<Image> {
    let field = &[section, "image"];
    let digest = image.digest.as_deref();
    digest_is_one(check, &[section, "image", "digest"], image);
    match (&image.uri, &image.pytorch, &image.transformers) {
        (Some(uri), None, None) => by_uri(check, &[section, "image", "uri"], uri, place?),
        (None, Some(pytorch), Some(transformers)) => {
            let purpose = if section == "training" {
                Purpose::Training
            } else {
                Purpose::Inference
            };
            let wanted = Wanted {
                purpose,
                pytorch,
                transformers,
                instances,
                digest,
            };
            by_versions(check, field, &wanted, place?)
        }
        _ => {
            let problem = Problem::new(
                &codes::CONTRADICTION,
                "an image is given by its versions or by its address",
            )
            .help("write `{ pytorch: \"…\", transformers: \"…\" }` or `{ uri: \"…\" }`");
            check.fail(field, problem);
            None
        }
    }
}

struct Wanted<'a> {
    purpose: Purpose,
    pytorch: &'a str,
    transformers: &'a str,
    instances: &'a [String],
    digest: Option<&'a str>,
}

fn by_versions(
    check: &mut Check<'_>,
    field: &[&str],
    wanted: &Wanted<'_>,
    place: &Placement,
) -> Option<Image> {
    let Wanted {
        purpose,
        pytorch,
        transformers,
        instances,
        digest,
    } = *wanted;
    let region = place.region.as_str();
    let first = instances.first();
    let processor = first.map_or(Processor::Cpu, |name| facts::processor(name));
    let mixed = instances
        .iter()
        .find(|name| facts::processor(name) != processor);
    if let (Some(first), Some(other), false) = (first, mixed, place.is_local()) {
        let problem = Problem::new(
            &codes::WRONG_PROCESSOR,
            format!("no container runs on both `{first}` and `{other}`"),
        )
        .because("one has another kind of processor than the other")
        .help("choose instances of one kind, or give the `uri` of an image for all");
        check.fail(field, problem);
        return None;
    }
    let at = (!place.is_local()).then_some((region, processor));
    match facts::image_tag(purpose, pytorch, transformers, at) {
        Ok((repository, tag)) if place.is_local() => Some(Image {
            uri: format!("{}{repository}{}", Image::LOCAL, version(&tag, digest)),
            repository: None,
            patched_until: None,
        }),
        Ok((repository, tag)) => {
            let image = published(check, field, (repository, &version(&tag, digest)), place)?;
            Some(Image {
                patched_until: facts::patched_until(purpose, pytorch),
                ..image
            })
        }
        Err(ImageFault::Versions(pairs)) => {
            let newest: Vec<String> = pairs
                .iter()
                .rev()
                .take(5)
                .map(|(pytorch, transformers)| format!("{pytorch} with {transformers}"))
                .collect();
            let summary = format!(
                "there is no container of PyTorch {pytorch} with transformers {transformers}"
            );
            let help = format!("there are, newest first: {}", newest.join(", "));
            check.fail(
                field,
                Problem::new(&codes::UNKNOWN_IMAGE, summary).help(help),
            );
            None
        }
        Err(ImageFault::Region) => {
            check.fail(field, no_image_in(region));
            None
        }
        Err(ImageFault::Processor(has)) => {
            check.fail(field, wrong_processor(first, processor, &has));
            None
        }
    }
}

/// Says that a container is made for other processors than the instance has.
fn wrong_processor(instance: Option<&String>, processor: Processor, has: &[&str]) -> Problem {
    let summary = match instance {
        Some(instance) => format!("this container cannot run on `{instance}`"),
        None => "this container cannot run without a GPU".to_owned(),
    };
    let help = match processor {
        Processor::Cpu => "choose an instance with a GPU such as `ml.g4dn.xlarge`",
        Processor::Gpu => "choose an instance without a GPU such as `ml.m5.large`",
        Processor::Arm | Processor::Accelerator => "choose another instance",
    };
    Problem::new(&codes::WRONG_PROCESSOR, summary)
        .because(format!("it is made for {} only", suggest::listed(has)))
        .help(format!("{help}, or give the `uri` of another image"))
}

fn published(
    check: &mut Check<'_>,
    field: &[&str],
    (repository, version): (&str, &str),
    place: &Placement,
) -> Option<Image> {
    let region = place.region.as_str();
    let known = facts::region(region)?;
    let Some(registry) = &known.registry else {
        check.fail(field, no_image_in(region));
        return None;
    };
    let uri = format!(
        "{registry}.dkr.ecr.{region}.{}/{repository}{version}",
        known.dns_suffix
    );
    let account = check.parse::<AccountId>(field, registry)?;
    let repository = Repository {
        account,
        region: place.region.clone(),
        name: repository.to_owned(),
    };
    Some(Image {
        uri,
        repository: Some(repository),
        patched_until: None,
    })
}

/// What follows on the name of a repository: the tag, or the digest that it is pinned to.
fn version(tag: &str, digest: Option<&str>) -> String {
    match digest {
        Some(digest) => format!("@{digest}"),
        None => format!(":{tag}"),
    }
}

/// Requires that a digest is one, and that it stands beside versions.
fn digest_is_one(check: &mut Check<'_>, field: &[&str], image: &document::Image) {
    let Some(digest) = &image.digest else { return };
    check.require(is_digest(digest), field, || {
        Problem::new(&codes::INVALID_VALUE, "this is no digest of an image")
            .help("write `sha256:` and 64 hexadecimal digits, as `docker buildx imagetools inspect` shows it")
    });
    check.require(image.uri.is_none(), field, || {
        Problem::new(
            &codes::CONTRADICTION,
            "`digest` goes with versions, not with an address",
        )
        .help("write the digest into the address: `<repository>@sha256:<digest>`")
    });
}

fn is_digest(digest: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    digest
        .strip_prefix("sha256:")
        .is_some_and(|digits| digits.len() == 64 && digits.bytes().all(hex))
}

fn no_image_in(region: &str) -> Problem {
    Problem::new(
        &codes::UNKNOWN_IMAGE,
        format!("this container is not published in `{region}`"),
    )
    .help("choose another region, or copy the image to a registry of yours and give its `uri`")
}

fn by_uri(check: &mut Check<'_>, field: &[&str], uri: &str, place: &Placement) -> Option<Image> {
    let printable = uri.len() <= MAX_URI && uri.chars().all(|c| c.is_ascii_graphic());
    if place.is_local() && printable && !uri.is_empty() {
        return Some(Image {
            uri: uri.to_owned(),
            repository: None,
            patched_until: None,
        });
    }
    let repository = ecr_repository(uri).filter(|_| printable);
    check.require(repository.is_some(), field, || {
        Problem::new(
            &codes::INVALID_VALUE,
            "this is no address of an image in Amazon ECR",
        )
        .because("SageMaker pulls from ECR only")
        .help(
            "write `<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>` or \
                 `…@sha256:<digest>`",
        )
    });
    Some(Image {
        uri: uri.to_owned(),
        repository: Some(repository?),
        patched_until: None,
    })
}

/// Takes the address of an image in ECR apart.
fn ecr_repository(uri: &str) -> Option<Repository> {
    let (host, path) = uri.split_once('/')?;
    let mut parts = host.splitn(5, '.');
    let account: AccountId = parts.next()?.parse().ok()?;
    if parts.next()? != "dkr" || parts.next()? != "ecr" {
        return None;
    }
    let region: Region = parts.next()?.parse().ok()?;
    let suffix = &facts::region(region.as_str())?.dns_suffix;
    if parts.next()? != suffix {
        return None;
    }
    let name = if let Some((name, digest)) = path.split_once('@') {
        is_digest(digest).then_some(name)?
    } else {
        let (name, tag) = path.rsplit_once(':')?;
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        (!tag.is_empty() && tag.chars().all(word)).then_some(name)?
    };
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/".contains(c);
    (!name.is_empty() && name.chars().all(word)).then(|| Repository {
        account,
        region,
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_ecr_is_taken_apart() {
        let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        let found = ecr_repository(&format!("{host}/team/image:1.0")).unwrap();
        assert_eq!(
            (found.name.as_str(), found.account.as_str()),
            ("team/image", "111122223333")
        );
        let digest = "a".repeat(64);
        assert!(ecr_repository(&format!("{host}/image@sha256:{digest}")).is_some());
        for bad in [
            "image:1",
            "docker.io/image:1",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/x",
        ] {
            assert!(ecr_repository(bad).is_none(), "{bad}");
        }
        assert!(ecr_repository(&format!("{host}/image:ta g")).is_none());
        assert!(ecr_repository(&format!("{host}.cn/image:1")).is_none());
    }
}
