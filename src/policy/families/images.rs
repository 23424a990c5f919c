//! Container images: the same one tomorrow as today.

use serde_json::Value;

use crate::code::Example;
use crate::policy::finding::{Policy, Severity, Sighting};
use crate::policy::subject::{Document, Resource, Subject, text};

pub(super) const POLICIES: &[Policy] = &[
    Policy {
        id: "IMAGE-DIGEST",
        severity: Severity::Note,
        title: "Images are pinned by their digest",
        reason: "a tag can be moved: the same template may run another image tomorrow",
        remedy: "give the image as a `uri` that ends in `@sha256:…`",
        example: Example {
            before: "\
Model:
  Type: AWS::SageMaker::Model
  Properties:
    PrimaryContainer: { Image: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/news:1.4' }",
            after: "\
Model:
  Type: AWS::SageMaker::Model
  Properties:
    PrimaryContainer:
      Image: 111122223333.dkr.ecr.eu-west-1.amazonaws.com/news@sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
        },
        check: no_digest,
    },
    Policy {
        id: "IMAGE-LATEST",
        severity: Severity::Warning,
        title: "Images have a tag that says which version they are",
        reason: "`latest`, or no tag, is whatever was pushed last, and changes without notice",
        remedy: "name a version, or better a digest",
        example: Example {
            before: "\
Model:
  Type: AWS::SageMaker::Model
  Properties:
    PrimaryContainer: { Image: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/news:latest' }",
            after: "\
Model:
  Type: AWS::SageMaker::Model
  Properties:
    PrimaryContainer: { Image: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/news:1.4' }",
        },
        check: latest,
    },
];

/// The images that a rendered environment pulls, each by a finding's maker.
fn images(subject: &Subject<'_>, judge: fn(&str) -> Option<String>) -> Vec<Sighting> {
    let mut found = Vec::new();
    for resource in subject.resources() {
        for pointer in places(resource) {
            if let Some(message) = resource.property(&pointer).and_then(text).and_then(judge) {
                found.push(resource.sighting(&pointer, message));
            }
        }
    }
    for request in subject.requests() {
        found.extend(in_request(request, judge));
    }
    found
}

/// Where a resource names images.
fn places(resource: Resource<'_>) -> Vec<String> {
    match resource.kind {
        "AWS::SageMaker::Model" => {
            let single = "/PrimaryContainer/Image".to_owned();
            let many = resource
                .items("/Containers")
                .map(|(pointer, _)| pointer + "/Image");
            std::iter::once(single).chain(many).collect()
        }
        "AWS::Lambda::Function" => vec!["/Code/ImageUri".to_owned()],
        _ => Vec::new(),
    }
}

fn in_request(request: &Document<'_>, judge: fn(&str) -> Option<String>) -> Option<Sighting> {
    const IMAGE: &str = "/AlgorithmSpecification/TrainingImage";
    let message = judge(request.body.pointer(IMAGE).and_then(Value::as_str)?)?;
    Some(request.sighting(IMAGE, message))
}

/// Whether an image is pulled from a registry; the local engine pulls none.
fn is_pulled(image: &str) -> bool {
    !image.starts_with("local/")
}

/// The tag of an image; a colon before the last slash is of the registry's port.
fn tag(image: &str) -> Option<&str> {
    let name = image.rsplit('/').next()?;
    name.split_once(':').map(|(_, tag)| tag)
}

fn no_digest(subject: &Subject<'_>) -> Vec<Sighting> {
    images(subject, |image| {
        (is_pulled(image) && !image.contains("@sha256:")).then(|| {
            format!(
                "the image is named by its tag, `{}`",
                tag(image).unwrap_or_default()
            )
        })
    })
}

fn latest(subject: &Subject<'_>) -> Vec<Sighting> {
    images(subject, |image| {
        let moving =
            is_pulled(image) && !image.contains('@') && matches!(tag(image), None | Some("latest"));
        moving.then(|| "the image is whatever was pushed last".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{on_resource, on_training};

    fn on_image(id: &str, image: &str) -> usize {
        let model = json!({"PrimaryContainer": {"Image": image}});
        let containers = json!({"Containers": [{"Image": image}]});
        let job = json!({"AlgorithmSpecification": {"TrainingImage": image}});
        let found = on_resource(id, "AWS::SageMaker::Model", model).len();
        assert_eq!(
            found,
            on_resource(id, "AWS::SageMaker::Model", containers).len()
        );
        assert_eq!(found, on_training(id, job).len());
        found
    }

    #[test]
    fn a_digest_pins_an_image() {
        assert_eq!(on_image("IMAGE-DIGEST", "r:5000/i:1"), 1);
        assert_eq!(on_image("IMAGE-DIGEST", "r/i@sha256:00"), 0);
        assert_eq!(on_image("IMAGE-DIGEST", "local/i:1"), 0);
    }

    #[test]
    fn the_latest_image_is_no_version() {
        for (image, found) in [
            ("r:5000/i", 1),
            ("r/i:latest", 1),
            ("r/i:2.6", 0),
            ("r/i@sha256:00", 0),
        ] {
            assert_eq!(on_image("IMAGE-LATEST", image), found, "{image}");
        }
    }
}
