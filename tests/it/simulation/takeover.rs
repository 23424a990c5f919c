//! Promotions, as `deploy promote` carries them out.

use deploy::plan::Deployment;
use deploy::reconcile::{self, Always, Candidate, ReconcileError, Session, UpOptions};

use super::command::End;
use super::world::Project;

/// A promotion to the environment that does not train, of what serves in the one that does.
pub(super) struct Takeover<'a> {
    pub(super) project: &'a Project,
}

impl Takeover<'_> {
    pub(super) async fn run(&self, session: &Session) -> Result<End, ReconcileError> {
        let source = Session {
            cloud: session.source.as_ref().unwrap().cloud.clone(),
            source: None,
            ..session.clone()
        };
        let (from, into) = (self.project.stack("local"), self.project.stack("prod"));
        let deployment = &Deployment::of(&from);
        let observed = &reconcile::observe(&source, deployment).await?;
        let recorded = reconcile::serving(&source, deployment, observed).await?;
        let recorded = recorded.unwrap();
        let target = Deployment::of(&into);
        let there = reconcile::observe(session, &target).await?;
        let serving = reconcile::serving(session, &target, &there).await?;
        let candidate = Candidate {
            session: &source,
            deployment,
            observed,
            release: &recorded.release,
        };
        let terms = into.promotion.unwrap();
        let serving = serving.map(|serving| serving.release);
        let evidence = reconcile::examine(&candidate, &terms, serving.as_ref(), &[]).await?;
        let failed = evidence.iter().filter(|one| !one.passed);
        let failed: Vec<String> = failed.map(ToString::to_string).collect();
        if !failed.is_empty() {
            return Ok(End::Failed(failed.join("; ")));
        }
        let desired = self.project.promoted(&recorded);
        reconcile::up(session, &desired, UpOptions::default(), &Always).await?;
        Ok(End::Done)
    }
}
