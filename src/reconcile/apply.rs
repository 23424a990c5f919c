//! Brings an environment up, step after step.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::Session;
use super::change::{StackChange, ensure};
use super::drift;
use super::error::{ReconcileError, known};
use super::lock::Lock;
use super::observe::look_at_stack;
use super::progress::Event;
use super::registry;
use super::release::{self, Seen};
use super::steps;
use super::train::{Hold, train};
use super::transfer::{fetch, is_right, transfer};
use super::upload::upload;
use super::verify::{Closeness, verify};
use super::withdraw::{self, Skip};
use crate::cloud::copies::At;
use crate::cloud::stacks::{DriftMode, StackState};
use crate::cloud::training::TrainingState;
use crate::plan::recover::{Recovery, recovery};
use crate::plan::{
    Action, BroughtModel, Deployment, Desired, DesiredModel, DesiredStack, Observed, Plan, Purpose,
    Reason, ReleasedModel, Step, StepKind, parameters as names,
};
use crate::release::{RELEASE_TAG, ReleaseId};

/// How often a stack is tried whose resources cannot assume their role yet.
const PROPAGATION_ATTEMPTS: u32 = 3;

/// What a run achieved.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// Outputs of the service stack.
    pub outputs: BTreeMap<String, String>,
    /// The job that trained the model, when the run had to look at it.
    pub training: Option<TrainingState>,
    /// What serves is written down as this release; `None` where only a model was made.
    pub release: Option<ReleaseId>,
}

/// Carries out the plan that brings an environment up.
///
/// # Errors
/// The first step that failed; the steps after it are not carried out.
pub(super) async fn bring_up(
    session: &Session,
    desired: &Desired,
    observed: &Observed,
    plan: &Plan,
    lock: Option<&Arc<Lock>>,
) -> Result<Outcome, ReconcileError> {
    let release = release::name(session, desired, observed).await?;
    let mut run = Run {
        release,
        released: false,
        session,
        lock,
        desired,
        observed,
        foundation: outputs(observed.foundation.as_ref()),
        service: outputs(observed.service.as_ref()),
        model: None,
        closeness: if plan.changes_nothing() {
            Closeness::Answer
        } else {
            Closeness::Everything
        },
    };
    steps::run(session, plan, &mut run).await?;
    Ok(Outcome {
        outputs: run.service,
        training: run.model.and_then(|model| model.job),
        release: run.released.then_some(run.release),
    })
}

/// The model that is to serve.
struct Model {
    /// Key of its archive in the bucket.
    key: String,
    /// The job that trained it, if it was trained here.
    job: Option<TrainingState>,
}

/// What is known so far while a plan is carried out.
struct Run<'a> {
    /// What this will be called once it serves.
    release: ReleaseId,
    /// Whether it is written down.
    released: bool,
    session: &'a Session,
    /// Held, or to be taken once there is a bucket to keep it in.
    lock: Option<&'a Arc<Lock>>,
    desired: &'a Desired,
    observed: &'a Observed,
    foundation: BTreeMap<String, String>,
    service: BTreeMap<String, String>,
    model: Option<Model>,
    closeness: Closeness,
}

#[async_trait]
impl steps::Executor for Run<'_> {
    async fn step(&mut self, step: &Step) -> Result<(), ReconcileError> {
        match step.kind {
            StepKind::Foundation => self.foundation(step.action).await,
            StepKind::Data => self.upload(step.kind, Purpose::Data).await,
            StepKind::Code => self.upload(step.kind, Purpose::Code).await,
            StepKind::Function => self.upload(step.kind, Purpose::Function).await,
            StepKind::Training => self.training(step.action).await,
            StepKind::Artifact => self.artifact().await,
            StepKind::Service => self.service(step.action).await,
            _ => self.verification().await,
        }
    }
}

impl Run<'_> {
    async fn foundation(&mut self, action: Action) -> Result<(), ReconcileError> {
        let stack = &self.desired.foundation;
        let parameters = BTreeMap::from([fingerprint(stack)]);
        let before = self.observed.foundation.as_ref();
        let state = self.stack(stack, before, action, parameters).await?;
        self.foundation = state.outputs;
        match self.lock {
            Some(lock) => lock.take().await,
            None => Ok(()),
        }
    }

    async fn upload(&self, step: StepKind, purpose: Purpose) -> Result<(), ReconcileError> {
        let present = &self.observed.inside.uploaded;
        upload(self.session, self.desired, present, step, purpose).await
    }

    async fn training(&mut self, action: Action) -> Result<(), ReconcileError> {
        let role = self.foundation.get("TrainingRoleArn").map(String::as_str);
        let hold = match self.lock {
            Some(_) => Hold::Locked,
            None => Hold::Free,
        };
        let (desired, observed) = (self.desired, self.observed);
        let trained = train(self.session, desired, observed, role, action, hold).await?;
        self.model = Some(Model {
            key: trained.key,
            job: Some(trained.job),
        });
        Ok(())
    }

    /// Takes over a model that is not trained here.
    async fn artifact(&mut self) -> Result<(), ReconcileError> {
        let key = match &self.desired.model {
            DesiredModel::Released(released) => self.released(released).await?,
            DesiredModel::Brought(brought) => self.brought(brought).await?,
            DesiredModel::Trained(_) => known(None, "the model's archive")?,
        };
        self.model = Some(Model { key, job: None });
        Ok(())
    }

    /// Puts a brought model into the bucket, and returns its key.
    async fn brought(&self, brought: &BroughtModel) -> Result<String, ReconcileError> {
        let here = At {
            bucket: self.desired.deployment.names.bucket.clone(),
            key: brought.key.clone(),
        };
        match &brought.source {
            None => self.upload(StepKind::Artifact, Purpose::Model).await?,
            Some(from) => fetch(self.session, from, &here, brought.sha256.as_str()).await?,
        }
        Ok(here.key)
    }

    /// Takes a model over that a release has proven, and returns its key.
    async fn released(&self, released: &ReleasedModel) -> Result<String, ReconcileError> {
        let artifact = &released.model.artifact;
        let here = At {
            bucket: self.desired.deployment.names.bucket.clone(),
            key: artifact.key.clone(),
        };
        let (size, sha256) = (artifact.size, artifact.sha256.as_str());
        // Also one that is there already is looked at: it may not be what was recorded.
        match (&released.source, &self.session.source) {
            (Some(from), Some(upstream)) => {
                transfer(&upstream.cloud, self.session, from, &here, size, sha256).await?;
            }
            _ => is_right(self.session, &here, size, sha256).await?,
        }
        Ok(here.key)
    }

    /// Sees that it serves, and writes that down. Where nothing was changed and it is written down already,
    /// only the API is asked; a run without the lock is one that has seen that.
    async fn verification(&mut self) -> Result<(), ReconcileError> {
        let bucket = &self.desired.deployment.names.bucket;
        let recorded = self.lock.is_none()
            || self.closeness == Closeness::Answer
                && release::is_recorded(self.session, bucket, &self.release).await?;
        let closeness = if recorded {
            Closeness::Answer
        } else {
            Closeness::Everything
        };
        verify(self.session, &self.service, closeness).await?;
        if !recorded {
            let model = self.model.as_ref();
            let seen = Seen {
                desired: self.desired,
                id: &self.release,
                outputs: &self.service,
                model: model.and_then(|model| Some((model.key.as_str(), model.job.as_ref()?))),
            };
            release::keep(self.session, &seen).await?;
        }
        registry::enter(self.session, self.desired, &self.release).await;
        self.released = true;
        Ok(())
    }

    async fn service(&mut self, action: Action) -> Result<(), ReconcileError> {
        let stack = &self.desired.service;
        let model = known(self.model.as_ref(), "the model")?;
        let mut parameters = BTreeMap::from([
            fingerprint(stack),
            (
                names::BUCKET.to_owned(),
                self.desired.deployment.names.bucket.clone(),
            ),
            (names::MODEL_DATA_KEY.to_owned(), model.key.clone()),
            (
                names::TRAINING_KEY.to_owned(),
                self.desired.training_key.to_string(),
            ),
            (
                names::FUNCTION_CODE_KEY.to_owned(),
                self.desired.function_key.clone(),
            ),
        ]);
        for role in ["HostingRoleArn", "FunctionRoleArn"] {
            let arn = known(self.foundation.get(role), "a role of the foundation")?;
            parameters.insert(role.to_owned(), arn.clone());
        }
        let before = self.observed.service.as_ref();
        let state = self.stack(stack, before, action, parameters).await?;
        self.service = state.outputs;
        Ok(())
    }

    async fn stack(
        &self,
        stack: &DesiredStack,
        before: Option<&StackState>,
        action: Action,
        parameters: BTreeMap<String, String>,
    ) -> Result<StackState, ReconcileError> {
        let change = StackChange {
            name: stack.name.clone(),
            template: stack.template.clone(),
            parameters,
            tags: self.tags(),
            drift: DriftMode::Leave,
        };
        let before = match (action, before) {
            (Action::Replace, Some(state)) => {
                withdraw::delete(self.session, state, Vec::new()).await?;
                None
            }
            (_, before) => before.cloned(),
        };
        self.ensure(&change, before).await
    }

    /// The tags of a stack that is changed: what it is made of gets them too.
    fn tags(&self) -> BTreeMap<String, String> {
        let mut tags = self.desired.tags.clone();
        tags.insert(RELEASE_TAG.to_owned(), self.release.to_string());
        tags
    }

    /// Brings a stack about, and again for a few times when all that failed is that a new role was not
    /// known everywhere yet. A denial that is real fails each time and is told in the end.
    async fn ensure(
        &self,
        change: &StackChange,
        mut before: Option<StackState>,
    ) -> Result<StackState, ReconcileError> {
        let deployment = &self.desired.deployment;
        for _ in 1..PROPAGATION_ATTEMPTS {
            let failure =
                match ensure(self.session, Some(deployment), change, before.as_ref()).await {
                    Err(failure) if failure.is_propagation() => failure,
                    result => return result,
                };
            let text = format!("{failure}; a new role takes a moment to be known, so once more");
            self.session.observer.event(Event::Notice { text });
            before = look_at_stack(self.session, &change.name).await?;
            match before.as_ref().map(|state| recovery(state.status)) {
                Some(Recovery::Update) | None => {}
                Some(Recovery::Recreate) => {
                    let state = known(before.take(), "the stack")?;
                    withdraw::delete(self.session, &state, Vec::new()).await?;
                }
                Some(_) => return Err(failure),
            }
        }
        ensure(self.session, Some(deployment), change, before.as_ref()).await
    }
}

/// Brings the stacks that a plan of recoveries names back to a state from which they can be updated.
pub(super) async fn recover(
    session: &Session,
    deployment: &Deployment,
    observed: &Observed,
    plan: &Plan,
    skip: Skip,
) -> Result<(), ReconcileError> {
    let mut recoveries = Recoveries {
        session,
        deployment,
        observed,
        skip,
    };
    steps::run(session, plan, &mut recoveries).await
}

struct Recoveries<'a> {
    session: &'a Session,
    deployment: &'a Deployment,
    observed: &'a Observed,
    skip: Skip,
}

#[async_trait]
impl steps::Executor for Recoveries<'_> {
    async fn step(&mut self, step: &Step) -> Result<(), ReconcileError> {
        if let Reason::Drifted(found) = &step.reason {
            return drift::revert_drift(self.session, self.deployment, found.keys()).await;
        }
        let state = match step.kind {
            StepKind::FoundationRecovery => &self.observed.foundation,
            _ => &self.observed.service,
        };
        let state = known(state.as_ref(), "the stack")?;
        withdraw::recover(self.session, self.deployment, state, self.skip)
            .await
            .map(drop)
    }
}

fn fingerprint(stack: &DesiredStack) -> (String, String) {
    (names::FINGERPRINT.to_owned(), stack.fingerprint.clone())
}

fn outputs(state: Option<&StackState>) -> BTreeMap<String, String> {
    state.map(|state| state.outputs.clone()).unwrap_or_default()
}
