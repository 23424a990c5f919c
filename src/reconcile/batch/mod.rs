//! Classifies in bulk: begins a batch job or takes the one that is there, follows it, and joins its answers.
//!
//! The lock is held while requests are put into the bucket and the job is begun, so that neither `up` takes
//! the model away nor `down` the bucket meanwhile; not while the job runs, which may take hours and keeps
//! nobody from deploying. `down` stops what runs. A run that was killed is picked up by the next one: the
//! job's name derives from all that decides its answers, and what it needs afterwards is in the bucket.

mod collect;
mod fetch;
mod follow;
pub(super) mod jobs;
mod upload;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{StreamExt, TryStreamExt};

use super::Session;
use super::consent::Consent;
use super::error::{ReconcileError, doing};
use super::lock::Lock;
use super::observe::observe;
use super::settle::{settled, wait};
use super::steps;
use crate::batch::{Prepared, Shape, Tally};
use crate::cloud::stacks::StackState;
use crate::cloud::transform::{TransformPhase, TransformState};
use crate::plan::batch::{ATTEMPTS, Batch, Course, Places, course};
use crate::plan::{Action, Basis, Observed, Plan, Reason, Step, StepKind, held};

pub use collect::collect;
pub use fetch::{Results, fetch};
pub use jobs::{batch_jobs, stop_batch};

/// Attempts that are looked at together.
const AT_ONCE: usize = 4;

/// What a run of a batch is to do.
pub struct BatchRun<'a> {
    /// What is classified, by what.
    pub batch: Batch,
    /// The texts as shards.
    pub prepared: &'a Prepared,
    /// On what, in words, e.g. `2 × ml.m5.xlarge`.
    pub on: String,
    /// What becomes of the answers; `None` leaves the job to itself once it is begun.
    pub results: Option<Results>,
}

/// What a run of a batch came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchOutcome {
    /// The job.
    pub job: String,
    /// Whether this run began it.
    pub begun: bool,
    /// The results, where they were waited for.
    pub joined: Option<Joined>,
}

/// Results that were joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Where they are.
    pub path: PathBuf,
    /// What they are written as.
    pub shape: Shape,
    /// What was answered, and what not.
    pub tally: Tally,
    /// The job as it ended.
    pub state: TransformState,
}

/// Classifies the texts, or takes up what an earlier run began.
///
/// # Errors
/// Nothing serves, another run works on the environment, or the job fails.
pub async fn batch(
    session: &Session,
    run: BatchRun<'_>,
    consent: &dyn Consent,
) -> Result<BatchOutcome, ReconcileError> {
    let deployment = &run.batch.deployment;
    let observed = settled(session, deployment, None, "batch run").await?;
    let model = model(&observed, &run.batch)?;
    let attempts = attempts(session, &run.batch, &model).await?;
    let course = course(&run.batch, &model, &attempts);
    let plan = plan(&run, &observed, &course);
    let job = match &course {
        Course::Begin { job, .. } => {
            consent.agree(&plan).await?;
            job.clone()
        }
        Course::Take(state) => state.name.clone(),
    };
    let mut carrier = Carrier {
        session,
        run: &run,
        job: &job,
        model: &model,
        state: None,
        joined: None,
    };
    steps::run(session, &plan, &mut carrier).await?;
    let joined = carrier.joined;
    Ok(BatchOutcome {
        job,
        begun: matches!(course, Course::Begin { .. }),
        joined,
    })
}

/// The model that serves.
fn model(observed: &Observed, batch: &Batch) -> Result<String, ReconcileError> {
    let serves = |state: &&StackState| state.status.succeeded();
    let service = observed.service.as_ref().filter(serves);
    let model = service.and_then(|state| state.outputs.get("ModelName"));
    model.cloned().ok_or_else(|| ReconcileError::NotServing {
        what: batch.deployment.names.service_stack.clone(),
        why: "a batch is classified by the model that serves, and there is none; `deploy up` brings it up"
            .to_owned(),
    })
}

/// Looks at the attempts at a batch, the first one first. A job whose answers are gone counts as none.
async fn attempts(
    session: &Session,
    batch: &Batch,
    model: &str,
) -> Result<Vec<TransformState>, ReconcileError> {
    let names = (1..=ATTEMPTS).map(|attempt| batch.job_name(model, attempt));
    let mut attempts: Vec<TransformState> = futures::stream::iter(names)
        .map(|name| async move {
            let look = session.cloud.transforms.describe(&name).await;
            look.map_err(doing("look at the batch job"))
        })
        .buffered(AT_ONCE)
        .try_take_while(|state| futures::future::ok(state.is_some()))
        .try_filter_map(futures::future::ok)
        .try_collect()
        .await?;
    if let Some(last) = attempts
        .last_mut()
        .filter(|last| last.phase == TransformPhase::Completed)
    {
        let places = Places::of(&batch.deployment, &last.name);
        let artifacts = &session.cloud.artifacts;
        let listed = artifacts.list(&places.bucket, &places.answers, None).await;
        let listed = listed.map_err(doing("look at the answers"))?;
        if listed.objects.is_empty() {
            last.phase = TransformPhase::Failed;
            last.failure_reason = Some("its answers are not in the bucket any more".to_owned());
        }
    }
    Ok(attempts)
}

/// The steps of a batch.
fn plan(run: &BatchRun<'_>, observed: &Observed, course: &Course) -> Plan {
    let prepared = run.prepared;
    let mut steps = Vec::new();
    let mut step = |kind, action, what: String| {
        steps.push(Step {
            kind,
            action,
            reason: Reason::Batch(what),
        });
    };
    match course {
        Course::Begin { job, after } => {
            let again = after.as_ref().map_or_else(String::new, |before| {
                let why = before.failure_reason.as_deref().unwrap_or("it was stopped");
                format!(", as {} has no answers: {why}", before.name)
            });
            let (count, shards) = (prepared.texts, prepared.shards.len());
            step(
                StepKind::BatchRequests,
                Action::Create,
                format!("texts: {count}, in files: {shards}"),
            );
            if run.results.is_some() {
                step(
                    StepKind::BatchJob,
                    Action::Create,
                    format!("{job} on {}{again}", run.on),
                );
            }
        }
        Course::Take(state) if run.results.is_some() => {
            let done = state.phase.is_settled();
            let (action, what) = if done {
                (Action::Reuse, "has been answered before")
            } else {
                (Action::Attach, "runs already")
            };
            step(StepKind::BatchJob, action, format!("{} {what}", state.name));
        }
        Course::Take(_) => {}
    }
    if let Some(results) = &run.results {
        let shape = results.shape.extension();
        step(
            StepKind::BatchResults,
            Action::Create,
            format!("joined as {shape}, in the order of the input"),
        );
    }
    Plan {
        steps,
        held: Vec::new(),
        removes: Vec::new(),
        keeps: Vec::new(),
        based_on: Basis::of(observed),
    }
}

/// Carries out the steps of a batch.
struct Carrier<'a> {
    session: &'a Session,
    run: &'a BatchRun<'a>,
    job: &'a str,
    model: &'a str,
    state: Option<TransformState>,
    joined: Option<Joined>,
}

#[async_trait]
impl steps::Executor for Carrier<'_> {
    async fn step(&mut self, step: &Step) -> Result<(), ReconcileError> {
        match step.kind {
            StepKind::BatchRequests => self.begin().await,
            StepKind::BatchJob => {
                self.state = Some(follow::follow(self.session, self.job).await?);
                Ok(())
            }
            _ => self.join().await,
        }
    }
}

impl Carrier<'_> {
    /// Puts the requests into the bucket and begins the job, under the lock.
    async fn begin(&self) -> Result<(), ReconcileError> {
        let deployment = &self.run.batch.deployment;
        let lock = Arc::new(Lock::new(self.session, deployment, "batch run"));
        lock.take().await?;
        let begun = self.locked(&lock).await;
        lock.release().await;
        begun
    }

    async fn locked(&self, lock: &Arc<Lock>) -> Result<(), ReconcileError> {
        let session = &lock.fenced();
        let batch = &self.run.batch;
        let observed = observe(session, &batch.deployment).await?;
        let forbidden = held(&batch.deployment, &observed);
        if !forbidden.is_empty() {
            return Err(ReconcileError::Held(forbidden));
        }
        let observed = wait(session, &batch.deployment, None, observed).await?;
        let now = model(&observed, batch)?;
        if now != self.model {
            let moved = format!("the model that serves: was {}, is {now}", self.model);
            return Err(ReconcileError::Moved { what: vec![moved] });
        }
        let request = batch.filled(self.job, self.model)?;
        let places = Places::of(&batch.deployment, self.job);
        upload::upload(session, self.run.prepared, &places).await?;
        let started = session.cloud.transforms.start(&request).await;
        started.map_err(doing("start the batch job"))
    }

    async fn join(&mut self) -> Result<(), ReconcileError> {
        let (Some(results), Some(state)) = (&self.run.results, &self.state) else {
            return Ok(());
        };
        let deployment = &self.run.batch.deployment;
        let joined = fetch::join(self.session, deployment, state, results).await?;
        self.joined = Some(joined);
        Ok(())
    }
}
