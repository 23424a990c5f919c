//! Looks releases up: which there are, which one serves, which one is meant.

use super::codes;
use super::context::Environment;
use super::failure::{Failure, USAGE};
use crate::diff::{self, Documents};
use crate::plan::{self, Deployment, NoEarlier};
use crate::reconcile::{self, ReconcileError, Session};
use crate::release::{Recorded, Release, ReleaseId};

/// What is known of an environment's releases.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The newest first.
    pub(super) releases: Vec<Recorded>,
    /// What the stacks say that they are.
    pub(super) current: Option<ReleaseId>,
}

impl Known {
    /// Reads the releases of an environment.
    pub(super) async fn look(
        session: &Session,
        environment: &Environment,
    ) -> Result<Self, ReconcileError> {
        let deployment = Deployment::of(&environment.stack);
        let observed = reconcile::observe(session, &deployment).await?;
        // Without a foundation there is no bucket.
        let releases = match observed.foundation {
            Some(_) => reconcile::releases(session, &deployment).await?,
            None => Vec::new(),
        };
        Ok(Self {
            releases,
            current: observed.release(),
        })
    }

    /// The release before another.
    pub(super) fn before(&self, release: &Release) -> Option<&Release> {
        let previous = release.previous.as_ref()?;
        let mut releases = self.releases.iter().map(|recorded| &recorded.release);
        releases.find(|release| release.id == *previous)
    }

    /// Whether the stacks say that they are this release.
    pub(super) fn serves(&self, release: &Release) -> bool {
        self.current.as_ref() == Some(&release.id)
    }

    /// The release that a user means by its name, its number or the beginning of what follows that.
    pub(super) fn meant(&self, text: &str) -> Result<&Recorded, NoEarlier> {
        plan::earlier(&self.releases, None, Some(text))
    }

    /// The release that is meant, or else the newest of another content than the given one.
    pub(super) fn earlier(
        &self,
        than: Option<&ReleaseId>,
        meant: Option<&str>,
    ) -> Result<&Release, NoEarlier> {
        plan::earlier(&self.releases, than, meant).map(|recorded| &recorded.release)
    }
}

/// Says that an environment has no release that serves.
pub(super) fn none_serves(environment: &str) -> Failure {
    let message = format!("`{environment}` has no release that serves");
    let failure = Failure::with_code(USAGE, anyhow::Error::msg(message));
    failure.kind(&codes::NO_RELEASE).hint(format!(
        "`deploy history {environment}` lists its releases, `deploy status --env {environment}` says \
         what is deployed"
    ))
}

/// Reads the templates of a release from its environment's bucket.
pub(super) async fn documents(
    session: &Session,
    bucket: &str,
    release: &Release,
) -> Result<Documents, Failure> {
    let mut documents = Documents::new();
    for (name, template) in [
        ("foundation", &release.stacks.foundation),
        ("service", &release.stacks.service),
    ] {
        let text = reconcile::template(session, bucket, template).await?;
        let document = diff::read_document(&format!("{name}.yaml"), &text);
        documents.insert(name.to_owned(), document.map_err(Failure::failed)?);
    }
    Ok(documents)
}

/// Whether a document is one that a release keeps: requests are sent, not deployed.
pub(super) fn is_kept(document: &str) -> bool {
    matches!(document, "foundation" | "service")
}
