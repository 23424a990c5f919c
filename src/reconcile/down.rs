//! `down` as a whole: observe, plan, ask, lock, look again, remove, look whether anything is left.

use std::sync::Arc;

use super::Session;
use super::consent::Consent;
use super::error::ReconcileError;
use super::lock::Lock;
use super::observe::{look_for_teardown, observe};
use super::remove::{Stubborn, tear_down};
use super::settle::{settled, wait};
use crate::cloud::inventory::Item;
use crate::plan::expiry::is_over;
use crate::plan::teardown::{self, Extent};
use crate::plan::{Basis, Deployment, Observed, Plan};
use crate::stack::Timespan;

/// How often the world may move between a plan and its execution.
const ROUNDS: usize = 5;

/// What the user chose for a run of `down`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DownOptions {
    /// What is removed.
    pub extent: Extent,
    /// What to do with resources that CloudFormation cannot delete.
    pub stubborn: Stubborn,
    /// When it is removed.
    pub due: Due,
}

/// When an environment is removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Due {
    /// Whenever it is asked for.
    #[default]
    Now,
    /// Only if it has not been changed for so long.
    Expired(Timespan),
}

/// What a run of `down` came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down {
    /// What was carried out.
    pub plan: Plan,
    /// What is there still although its stack is gone, as its template says or because it could not be
    /// deleted and was to be left.
    pub let_go: Vec<Item>,
}

/// Removes an environment.
///
/// # Errors
/// The first thing that failed, or what is left. Running it again goes on there.
/// [`ReconcileError::NotExpired`] for one that is to be removed only when it is over, and is not.
pub async fn down(
    session: &Session,
    deployment: &Deployment,
    options: DownOptions,
    consent: &dyn Consent,
) -> Result<Down, ReconcileError> {
    if options.due != Due::Now {
        // What is being changed is not over, and nobody waits for its end.
        check_due(session, options.due, &observe(session, deployment).await?)?;
    }
    let mut observed = settled(session, deployment, None, "down").await?;
    let mut before: Option<Plan> = None;
    for _ in 0..ROUNDS {
        // Under the lock it is the same state that was found to be over, or another round follows.
        check_due(session, options.due, &observed)?;
        look_for_teardown(session, deployment, &mut observed).await?;
        let plan = teardown::plan(deployment, &observed, options.extent);
        if !plan.held.is_empty() {
            return Err(ReconcileError::Held(plan.held));
        }
        consent.agree(&plan).await?;
        if plan.changes_nothing() {
            let let_go = tear_down(session, deployment, &observed, &plan, options, None).await?;
            return Ok(Down { plan, let_go });
        }
        let lock = Arc::new(Lock::new(session, deployment, "down"));
        lock.take().await?;
        let round = locked(&lock, deployment, options, &plan).await;
        lock.release().await;
        match round? {
            Round::Done(let_go) => return Ok(Down { plan, let_go }),
            Round::Moved(now) => observed = *now,
        }
        before = Some(plan);
    }
    let now = Basis::of(&observed);
    Err(ReconcileError::Moved {
        what: before.map_or_else(Vec::new, |plan| plan.based_on.moved(&now)),
    })
}

fn check_due(session: &Session, due: Due, observed: &Observed) -> Result<(), ReconcileError> {
    match due {
        Due::Now => Ok(()),
        Due::Expired(ttl) => {
            let now = session.station.witness.now();
            is_over(observed, ttl, now).map_err(|until| ReconcileError::NotExpired { until })
        }
    }
}

/// What became of one round under the lock.
enum Round {
    /// The plan was carried out; this is there still.
    Done(Vec<Item>),
    /// Something moved: all has to be planned anew from here.
    Moved(Box<Observed>),
}

/// Carries a plan out if everything is still as it was when the plan was made.
async fn locked(
    lock: &Arc<Lock>,
    deployment: &Deployment,
    options: DownOptions,
    plan: &Plan,
) -> Result<Round, ReconcileError> {
    let session = &lock.fenced();
    let mut observed = observe(session, deployment).await?;
    look_for_teardown(session, deployment, &mut observed).await?;
    if Basis::of(&observed) != plan.based_on {
        let observed = wait(session, deployment, None, observed).await?;
        return Ok(Round::Moved(Box::new(observed)));
    }
    let let_go = tear_down(session, deployment, &observed, plan, options, Some(lock)).await?;
    Ok(Round::Done(let_go))
}
