//! Container images in ECR.
//!
//! Texts: aws/sagemaker-python-sdk#2002 and #4064, aws/deep-learning-containers#5657,
//! aws-samples/amazon-sagemaker-tensorflow-object-detection-api#14, yuyasugano/terraform-sagemaker-sample-1#1;
//! "Access denied for repository" is what Terraform's AWS provider repeats after. That of a non-ECR image
//! is general knowledge.

use super::matching::{Row, say, word_after, word_where};
use super::{KnownCause, Symptom};

pub(super) static ROWS: &[Row] = &[
    Row {
        cause: KnownCause::ImageNotFound,
        types: &[],
        phrases: &[
            "requested image * not found",
            "requested image not found",
            "manifest unknown",
            "repositorynotfoundexception",
            "imagenotfoundexception",
            "repository with name * does not exist",
        ],
        told: |symptom| {
            let image = named(symptom);
            say(
                &format!("{image} does not exist in that registry and region."),
                "correct `image` (`uri`, or `pytorch` and `transformers`) in the stack file; `aws ecr \
                 describe-images` lists what a repository of your own has",
            )
        },
    },
    Row {
        cause: KnownCause::ImageDenied,
        types: &[],
        phrases: &[
            "does not have * permission for the image",
            "image was granted pull permission",
            "not authorized to perform: ecr:",
            "access denied for repository",
        ],
        told: |symptom| {
            let image = named(symptom);
            let registry = repository(symptom.message);
            say(
                &format!(
                    "{image} may not be pulled by the role that was given. The role needs \
                     ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:BatchCheckLayerAvailability \
                     on the repository, and one in another account must allow it too."
                ),
                &format!(
                    "allow the role to pull from {registry}: the foundation's template has the role, \
                     the repository its own policy"
                ),
            )
        },
    },
    Row {
        cause: KnownCause::ImageDenied,
        types: &[],
        phrases: &["does not grant * permission to * service principal"],
        told: |symptom| {
            let registry = repository(symptom.message);
            say(
                "The image's repository does not let SageMaker pull from it.",
                &format!(
                    "allow sagemaker.amazonaws.com ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and \
                     ecr:BatchCheckLayerAvailability in the policy of {registry}"
                ),
            )
        },
    },
    Row {
        cause: KnownCause::ImageNotFound,
        types: &[],
        phrases: &["make sure all images included in the model * exist"],
        told: |_| {
            say(
                "An image of the model does not exist, or the hosting role may not pull it; SageMaker \
                 does not say which.",
                "check `endpoint.image` in the stack file, and that the hosting role may pull from its \
                 repository",
            )
        },
    },
    Row {
        cause: KnownCause::ImageElsewhere,
        types: &[],
        phrases: &["using non-ecr image"],
        told: |_| {
            say(
                "SageMaker pulls images from ECR only, unless the model is in a VPC.",
                "push the image to a repository in ECR, in the environment's region, and name it in \
                 `image.uri`",
            )
        },
    },
];

/// The image in the service's words, as the beginning of a sentence.
fn named(symptom: &Symptom<'_>) -> String {
    word_where(symptom.message, |word| word.contains(".dkr.ecr.")).map_or_else(
        || "The image".to_owned(),
        |image| format!("The image {image}"),
    )
}

/// The repository in the service's words, of an image or of an ARN.
fn repository(message: &str) -> String {
    let image = word_where(message, |word| word.contains(".dkr.ecr."));
    let of_image = image
        .and_then(|image| image.split_once('/'))
        .map(|(_, rest)| {
            let tag = rest.find([':', '@']).unwrap_or(rest.len());
            &rest[..tag]
        });
    let name = of_image.or_else(|| word_after(message, ":repository/"));
    name.map_or_else(
        || "the repository".to_owned(),
        |name| format!("the repository `{name}`"),
    )
}
