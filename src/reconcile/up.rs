//! `up` as a whole: observe, plan, ask, lock, look again, apply, let go.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Session;
use super::apply::{Outcome, bring_up, recover};
use super::consent::Consent;
use super::drift::drift;
use super::error::ReconcileError;
use super::lock::Lock;
use super::observe::{look_for_up, observe};
use super::quota;
use super::release;
use super::settle::{settled, wait};
use super::withdraw::Skip;
use crate::cloud::stacks::{DriftMode, StackState};
use crate::plan::recover::{Recovery, recovery};
use crate::plan::{self, Choices, Deployment, Desired, Observed, Plan, Reach, Step, StepKind};

/// How often the world may move between a plan and its execution.
const ROUNDS: usize = 5;

/// What the user chose for a run of `up`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UpOptions {
    /// What decides the plan.
    pub choices: Choices,
    /// What to do with resources that cannot be rolled back.
    pub skip: Skip,
    /// What to do about what others changed.
    pub drift: DriftMode,
}

impl UpOptions {
    /// What the user calls it.
    fn command(self) -> &'static str {
        match self.choices.reach {
            Reach::Service => "up",
            Reach::Model => "train",
        }
    }
}

/// What a run of `up` came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Up {
    /// What was carried out.
    pub plan: Plan,
    /// What it achieved.
    pub outcome: Outcome,
}

/// Plans what `up` would do, and changes nothing: an operation under way is not waited for.
///
/// # Errors
/// The environment cannot be looked at.
pub async fn plan_up(
    session: &Session,
    desired: &Desired,
    choices: Choices,
) -> Result<Plan, ReconcileError> {
    let mut observed = observe(session, &desired.deployment).await?;
    if plan::held(&desired.deployment, &observed).is_empty() {
        look_for_up(session, desired, choices, &mut observed).await?;
    }
    Ok(plan::plan(desired, &observed, choices))
}

/// Brings an environment up.
///
/// # Errors
/// The first thing that failed. Running it again goes on there.
pub async fn up(
    session: &Session,
    desired: &Desired,
    options: UpOptions,
    consent: &dyn Consent,
) -> Result<Up, ReconcileError> {
    let deployment = &desired.deployment;
    let mut observed = settled(session, deployment, Some(desired), options.command()).await?;
    let mut before: Option<Plan> = None;
    let mut drift = options.drift;
    for _ in 0..ROUNDS {
        look_for_up(session, desired, options.choices, &mut observed).await?;
        if drift == DriftMode::Revert {
            observed.inside.drift = drifted(session, deployment, &observed).await?;
        }
        let plan = plan::plan(desired, &observed, options.choices);
        if !plan.held.is_empty() {
            return Err(ReconcileError::Held(plan.held));
        }
        quota::check(session, desired, &plan).await?;
        consent.agree(&plan).await?;
        if plan.changes_nothing() && is_written_down(session, desired, &observed, &plan).await? {
            let outcome = bring_up(session, desired, &observed, &plan, None).await?;
            return Ok(Up { plan, outcome });
        }
        let lock = Arc::new(Lock::new(session, deployment, options.command()));
        lock.take().await?;
        let round = locked(&lock, desired, options, &plan).await;
        lock.release().await;
        match round? {
            Round::Done(outcome) => {
                return Ok(Up {
                    plan,
                    outcome: *outcome,
                });
            }
            Round::Moved(now) => observed = *now,
            Round::Recovered(now) => {
                if plan.takes_drift_back() {
                    // It has looked itself whether anything is left.
                    drift = DriftMode::Leave;
                }
                observed = *now;
            }
        }
        before = Some(plan);
    }
    let now = plan::Basis::of(&observed);
    Err(ReconcileError::Moved {
        what: before.map_or_else(Vec::new, |plan| plan.based_on.moved(&now)),
    })
}

/// Whether what serves is a release already, so that nothing is left to write under the lock: two runs would
/// write the same down twice. A plan that does not ask whether it serves writes nothing.
async fn is_written_down(
    session: &Session,
    desired: &Desired,
    observed: &Observed,
    plan: &Plan,
) -> Result<bool, ReconcileError> {
    let asks = |step: &Step| step.kind == StepKind::Verification;
    if !plan.steps.iter().any(asks) {
        return Ok(true);
    }
    let id = release::name(session, desired, observed).await?;
    release::is_recorded(session, &desired.deployment.names.bucket, &id).await
}

/// What others changed since the last deployment, by stack. Where that cannot be told yet, because a stack
/// is to be recovered first, it is told in a later round.
async fn drifted(
    session: &Session,
    deployment: &Deployment,
    observed: &Observed,
) -> Result<BTreeMap<String, Vec<String>>, ReconcileError> {
    let stacks = [&observed.foundation, &observed.service];
    let settled = |state: &&StackState| recovery(state.status) == Recovery::Update;
    if !stacks.into_iter().flatten().all(|state| settled(&state)) {
        return Ok(BTreeMap::new());
    }
    let report = drift(session, deployment).await?;
    let mut found = BTreeMap::<String, Vec<String>>::new();
    for finding in &report.findings {
        let stack = finding.subject.stack.clone();
        found.entry(stack).or_default().push(finding.to_string());
    }
    Ok(found)
}

/// What became of one round under the lock.
enum Round {
    /// The plan was carried out.
    Done(Box<Outcome>),
    /// Something moved: all has to be planned anew from here.
    Moved(Box<Observed>),
    /// What had to be recovered is: what follows has to be planned from here.
    Recovered(Box<Observed>),
}

/// Carries a plan out if everything is still as it was when the plan was made.
async fn locked(
    lock: &Arc<Lock>,
    desired: &Desired,
    options: UpOptions,
    plan: &Plan,
) -> Result<Round, ReconcileError> {
    let session = &lock.fenced();
    let mut observed = observe(session, &desired.deployment).await?;
    look_for_up(session, desired, options.choices, &mut observed).await?;
    if plan::Basis::of(&observed) != plan.based_on {
        // What moved may be moving still.
        let observed = wait(session, &desired.deployment, Some(desired), observed).await?;
        return Ok(Round::Moved(Box::new(observed)));
    }
    if plan.only_recovers() {
        recover(session, &desired.deployment, &observed, plan, options.skip).await?;
        let observed = observe(session, &desired.deployment).await?;
        return Ok(Round::Recovered(Box::new(observed)));
    }
    let outcome = bring_up(session, desired, &observed, plan, Some(lock)).await?;
    Ok(Round::Done(Box::new(outcome)))
}
