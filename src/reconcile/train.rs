//! Trains a model: starts the job or attaches to it, follows its log, returns its artifact.

use std::time::Duration;

use super::Session;
use super::error::{ReconcileError, doing, known};
use super::observe::key_of;
use super::pin;
use super::progress::Event;
use super::wait::Watch;
use crate::cloud::diagnosis::is_propagation;
use crate::cloud::logs::{LogPage, TRAINING_LOG_GROUP};
use crate::cloud::training::{TrainingPhase, TrainingRequest, TrainingState};
use crate::plan::{Action, Desired, Observed};
use crate::render;
use crate::stack::Gate;

/// Time beyond its own limit that a job may take: waiting for an instance, download, upload.
const OVERHEAD: Duration = Duration::from_hours(6);
/// How long a new role may take to be known everywhere; a real denial stays after it.
const PROPAGATION: Duration = Duration::from_mins(2);
/// Lines of a failed job's log that are kept.
const LOG_LINES: usize = 30;
/// A trained model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Model {
    /// Key of `model.tar.gz` in the bucket.
    pub(super) key: String,
    /// The job that trained it.
    pub(super) job: TrainingState,
}

/// Carries out the training step.
pub(super) async fn train(
    session: &Session,
    desired: &Desired,
    observed: &Observed,
    role: &str,
    action: Action,
) -> Result<Model, ReconcileError> {
    let attempts = &observed.inside.attempts;
    let finished =
        |job: &&TrainingState| job.phase == TrainingPhase::Completed && job.model.is_some();
    let job = match action {
        Action::Reuse => known(attempts.iter().rev().find(finished), "the trained model")?.clone(),
        Action::Attach => {
            let name = &known(attempts.last(), "the running job")?.name;
            follow(session, desired, name).await?
        }
        _ => {
            let attempt = u32::try_from(attempts.len())
                .unwrap_or(u32::MAX)
                .saturating_add(1);
            let name = desired.job_name(attempt);
            pin::hold(session, desired.data_in_s3.as_ref()).await?;
            start(session, &request(desired, &name, role)?).await?;
            follow(session, desired, &name).await?
        }
    };
    pass(&desired.gates, &job)?;
    let key = job.model.as_deref().and_then(key_of).map(str::to_owned);
    Ok(Model {
        key: known(key, "the model's place")?,
        job,
    })
}

/// Holds a trained model against its gates, before anything that serves is touched.
fn pass(gates: &[Gate], job: &TrainingState) -> Result<(), ReconcileError> {
    let failed: Vec<String> = gates
        .iter()
        .filter_map(|gate| match job.metrics.get(&gate.metric) {
            Some(value) if gate.passes(*value) => None,
            Some(value) => Some(format!("{gate} is asked, {value} was measured")),
            None => Some(format!("{gate} is asked, nothing was measured")),
        })
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(ReconcileError::GateFailed {
        job: job.name.clone(),
        failed,
    })
}

/// Fills the rendered request's placeholders.
fn request(desired: &Desired, name: &str, role: &str) -> Result<TrainingRequest, ReconcileError> {
    let mut values = desired.placeholders.clone();
    values.insert("TrainingJobName", name.to_owned());
    values.insert("TrainingRoleArn", role.to_owned());
    values.insert("BucketName", desired.deployment.names.bucket.clone());
    let filled = render::substitute(&desired.training_request, &values)
        .map_err(|error| ReconcileError::TrainingRequest(error.to_string()))?;
    serde_json::from_value(filled)
        .map_err(|error| ReconcileError::TrainingRequest(error.to_string()))
}

async fn start(session: &Session, request: &TrainingRequest) -> Result<(), ReconcileError> {
    let mut watch = Watch::new("the training role to be known", PROPAGATION, session);
    loop {
        match session.cloud.training.start(request).await {
            Ok(()) => return Ok(()),
            Err(fault) if is_propagation(&fault.message) => {
                if let Err(ReconcileError::TimedOut { .. }) = watch.pause().await {
                    return Err(doing("start the training job")(fault));
                }
                session.cancel.check()?;
            }
            Err(fault) => return Err(doing("start the training job")(fault)),
        }
    }
}

/// Follows a job to its end.
async fn follow(
    session: &Session,
    desired: &Desired,
    name: &str,
) -> Result<TrainingState, ReconcileError> {
    let limit = Duration::from_secs(desired.training_limit_seconds) + OVERHEAD;
    let mut watch = Watch::new(format!("training job {name}"), limit, session);
    let mut log = Tail::default();
    let mut shown = (String::new(), String::new());
    loop {
        let look = session.cloud.training.describe(name).await;
        let state = watch.seen(look, "look at the training job")?;
        // Read after the status, so that the last lines of a settled job are among them.
        let stream = format!("{name}/");
        let page = session
            .cloud
            .logs
            .read(TRAINING_LOG_GROUP, &stream, log.cursor.as_deref());
        if let Some(page) = watch.seen(page.await, "read the training log")? {
            log.take(session, page);
        }
        match state {
            Some(Some(state)) => {
                let now = (state.detail.clone(), state.message.clone());
                if now != shown {
                    shown = now;
                    session.observer.event(Event::TrainingStatus {
                        job: name.to_owned(),
                        status: state.detail.clone(),
                        message: state.message.clone(),
                    });
                }
                if state.is_settled() {
                    return settled(state, log.lines);
                }
            }
            Some(None) => return Err(ReconcileError::Unknown("the training job")),
            None => {}
        }
        watch.pause().await?;
    }
}

fn settled(state: TrainingState, log: Vec<String>) -> Result<TrainingState, ReconcileError> {
    if state.phase == TrainingPhase::Completed {
        return Ok(state);
    }
    Err(ReconcileError::TrainingFailed {
        transient: state.failed_transiently(),
        reason: state.failure_reason.unwrap_or(state.message),
        job: state.name,
        status: state.detail,
        log,
    })
}

/// The last lines of a log, and where to read on.
#[derive(Default)]
struct Tail {
    cursor: Option<String>,
    lines: Vec<String>,
}

impl Tail {
    fn take(&mut self, session: &Session, page: LogPage) {
        if page.cursor.is_some() {
            self.cursor = page.cursor;
        }
        for line in page.lines {
            session
                .observer
                .event(Event::TrainingLine { line: line.clone() });
            self.lines.push(line);
        }
        let surplus = self.lines.len().saturating_sub(LOG_LINES);
        self.lines.drain(..surplus);
    }
}
