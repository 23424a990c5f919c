//! The commands that a simulation runs: small adapters to what the library offers.

use async_trait::async_trait;
use deploy::cloud::CloudFault;
use deploy::cloud::logs::Search;
use deploy::plan::{Choices, Deployment, Desired, Plan, SavedPlan};
use deploy::reconcile::{
    self, Always, BatchRun, Consent, Depth, DownOptions, Keep, ReconcileError, Session, UpOptions,
    lock,
};

use super::batch::Texts;
use super::copies::Errand;
use super::takeover::Takeover;

/// A command.
#[derive(Clone, Copy)]
pub(super) enum Command<'a> {
    /// Brings an environment up.
    Up(&'a Desired),
    /// Plans how an environment would be brought up.
    Plan(&'a Desired),
    /// Brings an environment up as the options say.
    UpWith(&'a Desired, UpOptions),
    /// Brings an environment up exactly as a plan says that was saved.
    Apply(&'a Desired, &'a SavedPlan),
    /// Deletes the record of a training job.
    DeleteJob(&'a str),
    /// Stops a training job.
    StopJob(&'a str),
    /// Removes an environment.
    Down(&'a Deployment),
    /// Removes an environment, or a part of it, as the options say.
    DownWith(&'a Deployment, DownOptions),
    /// Removes the lock of a run that is gone.
    Unlock(&'a Deployment),
    /// Classifies texts in bulk.
    Batch(&'a Texts),
    /// Removes what nothing refers to, but for so many of the newest models.
    Gc(&'a Desired, usize),
    /// Looks at everything that is told of an environment that is up.
    Status(&'a Deployment),
    /// Looks for what others changed.
    Drift(&'a Deployment),
    /// Copies an artifact from another account.
    Transfer(&'a Errand),
    /// Lets an environment take over what another one has proven.
    Promote(&'a Takeover<'a>),
}

/// How a command ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// As it should.
    Done,
    /// As it should, but for what it had to let go of.
    DoneBut(Vec<String>),
    /// It failed, and what served before serves again.
    RolledBack(String),
    /// Another run works.
    Locked(String),
    /// It refused to begin.
    Held(String),
    /// It failed.
    Failed(String),
}

impl End {
    /// Fails unless the command ended as it should.
    pub(super) fn done(&self) {
        assert_eq!(*self, Self::Done);
    }
}

impl Command<'_> {
    /// Runs the command to its end.
    pub(super) async fn run(self, session: &Session) -> End {
        // On the heap: the future of a whole run is large.
        let result = match self {
            Self::Up(desired) => {
                Box::pin(up(session, desired, UpOptions::default(), &Always)).await
            }
            Self::Plan(desired) => plan(session, desired).await,
            Self::UpWith(desired, options) => {
                Box::pin(up(session, desired, options, &Always)).await
            }
            Self::Apply(desired, saved) => {
                let agreed = Agreed { saved, desired };
                Box::pin(up(session, desired, UpOptions::default(), &agreed)).await
            }
            Self::DeleteJob(job) => delete(session, job).await,
            Self::StopJob(job) => stop(session, job).await,
            Self::Down(deployment) => {
                Box::pin(down(session, deployment, DownOptions::default())).await
            }
            Self::DownWith(deployment, options) => {
                Box::pin(down(session, deployment, options)).await
            }
            Self::Unlock(deployment) => unlock(session, deployment).await,
            Self::Batch(texts) => Box::pin(batch(session, texts)).await,
            Self::Gc(desired, keep) => Box::pin(gc(session, desired, keep)).await,
            Self::Status(deployment) => Box::pin(status(session, deployment)).await,
            Self::Drift(deployment) => Box::pin(drift(session, deployment)).await,
            Self::Transfer(errand) => Box::pin(errand.run(session)).await,
            Self::Promote(takeover) => Box::pin(takeover.run(session)).await,
        };
        match result {
            Ok(end) => end,
            Err(ReconcileError::NotExpired { .. }) => End::Held("not over yet".to_owned()),
            Err(ReconcileError::Held(held)) => End::Held(format!("{held:?}")),
            Err(error @ ReconcileError::Locked { .. }) => End::Locked(explain(&error)),
            Err(error) if error.rolled_back() => End::RolledBack(explain(&error)),
            Err(error) => End::Failed(explain(&error)),
        }
    }
}

/// Agrees to a plan that was saved, as `up --plan` does.
struct Agreed<'a> {
    saved: &'a SavedPlan,
    desired: &'a Desired,
}

#[async_trait]
impl Consent for Agreed<'_> {
    async fn agree(&self, plan: &Plan) -> Result<(), ReconcileError> {
        let what = self.saved.differences(plan, self.desired);
        if what.is_empty() {
            Ok(())
        } else {
            Err(ReconcileError::Moved { what })
        }
    }
}

async fn up(
    session: &Session,
    desired: &Desired,
    options: UpOptions,
    consent: &dyn Consent,
) -> Result<End, ReconcileError> {
    reconcile::up(session, desired, options, consent).await?;
    Ok(End::Done)
}

async fn plan(session: &Session, desired: &Desired) -> Result<End, ReconcileError> {
    reconcile::plan_up(session, desired, Choices::default()).await?;
    Ok(End::Done)
}

async fn delete(session: &Session, job: &str) -> Result<End, ReconcileError> {
    session.cloud.training.delete(job).await.unwrap();
    Ok(End::Done)
}

async fn stop(session: &Session, job: &str) -> Result<End, ReconcileError> {
    reconcile::stop_training(session, job).await?;
    Ok(End::Done)
}

async fn down(
    session: &Session,
    deployment: &Deployment,
    options: DownOptions,
) -> Result<End, ReconcileError> {
    let down = reconcile::down(session, deployment, options, &Always).await?;
    if down.let_go.is_empty() {
        return Ok(End::Done);
    }
    let let_go = down.let_go.into_iter().map(|item| item.name).collect();
    Ok(End::DoneBut(let_go))
}

async fn gc(session: &Session, desired: &Desired, keep: usize) -> Result<End, ReconcileError> {
    let keep = Keep {
        models: keep,
        releases: keep,
        ..Keep::default()
    };
    reconcile::gc(session, desired, &keep, &Always).await?;
    Ok(End::Done)
}

/// What `deploy status`, `history`, `show` and `logs` look at. Unlike them it takes nothing for a reason to tell less.
async fn status(session: &Session, deployment: &Deployment) -> Result<End, ReconcileError> {
    let names = &deployment.names;
    let observed = reconcile::observe(session, deployment).await?;
    let service = observed.service.as_ref().unwrap();
    reconcile::model(session, deployment, &service.parameters["TrainingKey"]).await?;
    reconcile::traffic(session, deployment, 0).await?;
    let endpoint = session.cloud.endpoints.describe(&names.endpoint).await;
    endpoint.map_err(untold)?;
    let alarms = session.cloud.alarms.list(&names.stem).await;
    alarms.map_err(untold)?;
    for recorded in reconcile::releases(session, deployment).await? {
        let (release, depth) = (&recorded.release, Depth::Content);
        let differs = reconcile::proof(session, deployment, &observed, release, depth).await?;
        assert!(differs.is_empty(), "{differs:?}");
        reconcile::version(session, deployment, release).await?;
    }
    let (group, prefix) = ("/aws/sagemaker/TrainingJobs", names.stem.as_str());
    let search = Search {
        group,
        stream_prefix: Some(prefix),
        since: 0,
        text: None,
    };
    let lines = session.cloud.logs.search(&search, None).await;
    lines.map_err(untold)?;
    Ok(End::Done)
}

fn untold(fault: CloudFault) -> ReconcileError {
    ReconcileError::Cloud {
        doing: "look at it",
        fault,
    }
}

async fn drift(session: &Session, deployment: &Deployment) -> Result<End, ReconcileError> {
    let report = reconcile::drift::drift(session, deployment).await?;
    let unknown: Vec<String> = (report.unknown.iter())
        .map(|one| format!("{}: {}", one.subject.logical_id, one.reason))
        .collect();
    if report.has_drift() || !unknown.is_empty() {
        return Ok(End::Failed(format!("{unknown:?} {:?}", report.findings)));
    }
    Ok(End::Done)
}

async fn batch(session: &Session, texts: &Texts) -> Result<End, ReconcileError> {
    let run = BatchRun {
        batch: texts.batch.clone(),
        prepared: &texts.prepared,
        on: "1 × ml.m5.large".to_owned(),
        results: Some(texts.results()),
    };
    reconcile::batch(session, run, &Always).await?;
    Ok(End::Done)
}

async fn unlock(session: &Session, deployment: &Deployment) -> Result<End, ReconcileError> {
    if let Some(found) = lock::find(session, deployment).await?
        && !lock::remove(session, deployment, &found).await?
    {
        return Ok(End::Locked("it was renewed or changed hands".to_owned()));
    }
    Ok(End::Done)
}

/// The words of an error and of what caused it.
fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
