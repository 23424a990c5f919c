//! What an environment is to be when a release says so: nothing is trained.

use crate::bundle::{Archive, Digest};
use crate::cloud::artifacts::Source;
use crate::cloud::copies::At;
use crate::release::{Model, Pin, Promotion, Provenance, Recorded, Release, ReleaseId};
use crate::render::Rendered;
use crate::stack::{Names, Stack};

use super::desired::{
    Deployment, Desired, DesiredModel, DesiredStack, Purpose, ReleasedModel, Upload, fingerprint,
    function_key,
};

/// The texts of a release's two templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Templates {
    /// Of the bucket and the roles.
    pub foundation: String,
    /// Of everything that serves.
    pub service: String,
}

impl Desired {
    /// What an environment was in a release of its own, to be that again: with the release's own
    /// templates, function and model.
    pub fn again(
        stack: &Stack,
        release: &Release,
        templates: Templates,
        provenance: Provenance,
    ) -> Self {
        let names = &stack.names;
        let stacks = &release.stacks;
        Self {
            deployment: Deployment::of(stack),
            tags: stack.tags.clone(),
            foundation: DesiredStack {
                name: names.foundation_stack.clone(),
                template: templates.foundation,
                digest: stacks.foundation.digest.clone(),
                fingerprint: stacks.foundation.fingerprint.clone(),
            },
            service: DesiredStack {
                name: names.service_stack.clone(),
                template: templates.service,
                digest: stacks.service.digest.clone(),
                fingerprint: stacks.service.fingerprint.clone(),
            },
            uploads: Vec::new(),
            training_key: release.model.training_key.clone(),
            function_key: release.function.key.clone(),
            image: None,
            model: DesiredModel::Released(Box::new(ReleasedModel {
                model: release.model.clone(),
                source: None,
            })),
            provenance,
        }
    }

    /// What an environment is to be with the model of another environment's release: by its own rendering
    /// and with the function's code of the working tree, which both have to be what that release has proven.
    pub fn promoted(
        stack: &Stack,
        rendered: &Rendered,
        function: &Archive,
        model: &Model,
        promotion: Promotion,
    ) -> Self {
        let names = &stack.names;
        let function_key = function_key(&function.digest);
        let mut taken = model.clone();
        taken.artifact.key = artifact_key(names, model);
        Self {
            deployment: Deployment::of(stack),
            tags: stack.tags.clone(),
            foundation: DesiredStack {
                name: names.foundation_stack.clone(),
                template: rendered.foundation.text().to_owned(),
                digest: rendered.foundation.digest().to_owned(),
                fingerprint: fingerprint(&[rendered.foundation.digest()]),
            },
            service: DesiredStack {
                name: names.service_stack.clone(),
                template: rendered.service.text().to_owned(),
                digest: rendered.service.digest().to_owned(),
                fingerprint: service_fingerprint(rendered, &model.training_key, &function.digest),
            },
            uploads: vec![Upload {
                purpose: Purpose::Function,
                key: function_key.clone(),
                source: Source::Bytes(function.bytes.clone()),
            }],
            training_key: model.training_key.clone(),
            function_key,
            image: Some(stack.endpoint.image.uri.clone()),
            model: DesiredModel::Released(Box::new(ReleasedModel {
                model: taken,
                source: Some(At {
                    bucket: promotion.from.bucket.clone(),
                    key: model.artifact.key.clone(),
                }),
            })),
            provenance: Provenance::Promoted(Box::new(promotion)),
        }
    }

    /// Says how this differs from what is pinned; empty when it is exactly that.
    pub fn differs_from_pin(&self, pin: &Pin) -> Vec<String> {
        let stacks = self.stacks();
        let same = [
            (
                "the foundation's template",
                stacks.foundation.digest == pin.stacks.foundation.digest,
            ),
            ("the function's code", self.function_key == pin.function.key),
            (
                "the service's template",
                stacks.service.digest == pin.stacks.service.digest,
            ),
        ];
        let differs = same.into_iter().filter(|(_, same)| !same);
        differs.map(|(what, _)| what.to_owned()).collect()
    }
}

/// Says how a working tree differs from what a release of the environment has proven, by what it renders for
/// that environment; empty when it is the same.
pub fn unproven(release: &Release, rendered: &Rendered, function: &Archive) -> Vec<String> {
    let stacks = &release.stacks;
    let same = [
        (
            "the template of the foundation",
            rendered.foundation.digest() == stacks.foundation.digest,
        ),
        (
            "the template of the service",
            rendered.service.digest() == stacks.service.digest,
        ),
        (
            "the function's code",
            function.digest == release.function.sha256,
        ),
    ];
    let differs = same.into_iter().filter(|(_, same)| !same);
    differs.map(|(what, _)| what.to_owned()).collect()
}

/// The release that going back leads to: the one that is meant, or, when none is named, the newest of
/// another content than what is deployed now.
///
/// # Errors
/// There is none, or several are meant.
pub fn earlier<'a>(
    releases: &'a [Recorded],
    current: Option<&ReleaseId>,
    meant: Option<&str>,
) -> Result<&'a Recorded, NoEarlier> {
    let Some(meant) = meant else {
        let another = |one: &&Recorded| current.is_none_or(|id| !id.same_content(&one.release.id));
        return releases.iter().find(another).ok_or(NoEarlier::Nothing);
    };
    let mut found = releases
        .iter()
        .filter(|one| one.release.id.is_meant_by(meant));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(one), Some(other)) => {
            let names = format!("{} and {}", one.release.id, other.release.id);
            Err(NoEarlier::Several(meant.to_owned(), names))
        }
        (None, _) => Err(NoEarlier::Unknown(meant.to_owned())),
    }
}

/// Why there is no release to go back to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEarlier {
    /// There was none.
    #[error("there is no earlier release to go back to")]
    Nothing,
    /// None is called so.
    #[error("there is no release `{0}`")]
    Unknown(String),
    /// More than one may be meant.
    #[error("`{0}` may mean {1}")]
    Several(String, String),
}

/// Where the archive of a model of another environment is kept: with this environment's name of the model,
/// by content, so that what is there is the right one.
fn artifact_key(names: &Names, model: &Model) -> String {
    let name = names.training_job(model.training_key.as_str());
    format!(
        "training/{name}/promoted/{}/model.tar.gz",
        model.artifact.sha256
    )
}

fn service_fingerprint(rendered: &Rendered, key: &Digest, function: &Digest) -> String {
    fingerprint(&[rendered.service.digest(), key.as_str(), function.as_str()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::testing::release;

    fn recorded(number: u32, service: &str) -> Recorded {
        Recorded {
            release: release(number, service),
            record: Digest::of_bytes(b"record"),
        }
    }

    #[test]
    fn going_back_passes_over_what_is_the_same_as_now() {
        let releases = [recorded(3, "b"), recorded(2, "b"), recorded(1, "a")];
        let number = |current: Option<u32>, meant| {
            let current = current.map(|number| ReleaseId::new(number, "f", "b"));
            earlier(&releases, current.as_ref(), meant).map(|one| one.release.id.number)
        };
        assert_eq!(number(Some(3), None), Ok(1));
        // What failed was never recorded, so the newest record is what served before.
        let failed = ReleaseId::new(4, "f", "c");
        let found = earlier(&releases, Some(&failed), None).unwrap();
        assert_eq!(found.release.id.number, 3);
        assert_eq!(number(Some(3), Some("2")), Ok(2));
        assert_eq!(number(None, Some("7")), Err(NoEarlier::Unknown("7".into())));
        assert_eq!(earlier(&[], None, None), Err(NoEarlier::Nothing));
    }

    #[test]
    fn a_text_that_may_mean_two_releases_is_refused_with_both() {
        let releases = [recorded(3, "b"), recorded(2, "b")];
        let content = releases[0].release.id.to_string()[2..].to_owned();
        let error = earlier(&releases, None, Some(&content)).unwrap_err();
        assert!(matches!(error, NoEarlier::Several(..)), "{error}");
        assert!(error.to_string().contains("3-") && error.to_string().contains("2-"));
    }
}
