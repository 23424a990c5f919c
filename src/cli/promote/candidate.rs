//! What serves in the environment that is promoted from.

use super::super::context::{Environment, Global};
use super::super::failure::{FAILED, Failure};
use crate::plan::{self, Deployment, Observed};
use crate::reconcile::{self, Session};
use crate::release::{Recorded, Source};

/// The release that serves, and where.
pub(super) struct Serving {
    pub(super) session: Session,
    pub(super) observed: Observed,
    pub(super) recorded: Recorded,
}

impl Serving {
    /// Looks at an environment in which something has to serve; nothing is changed.
    pub(super) async fn look(global: &Global, from: &Environment) -> Result<Self, Failure> {
        let name = &from.stack.environment;
        let nothing = || {
            Failure::with_code(FAILED, anyhow::anyhow!("nothing serves in `{name}` yet"))
                .hint(format!("`deploy up --env {name}` brings it up"))
        };
        let session = from.session_to_look(global).await?.ok_or_else(nothing)?;
        let deployment = Deployment::of(&from.stack);
        let observed = reconcile::observe(&session, &deployment).await?;
        let held = plan::held(&deployment, &observed);
        if !held.is_empty() {
            return Err(held.into());
        }
        if observed.service.is_none() {
            return Err(nothing());
        }
        let recorded = reconcile::serving(&session, &deployment, &observed).await?;
        let recorded = recorded.ok_or_else(|| {
            let message = format!("what is deployed in `{name}` was never seen to serve");
            Failure::with_code(FAILED, anyhow::Error::msg(message)).hint(format!(
                "`deploy up --env {name}` looks, and writes the release down"
            ))
        })?;
        Ok(Self {
            session,
            observed,
            recorded,
        })
    }
}

/// Says exactly what is taken over.
pub(super) fn source_of(from: &Environment, recorded: &Recorded) -> Source {
    let release = &recorded.release;
    Source {
        environment: release.environment.clone(),
        account: release.account.clone(),
        region: release.region.clone(),
        bucket: from.stack.names.bucket.clone(),
        release: release.id.clone(),
        record: recorded.record.clone(),
    }
}
