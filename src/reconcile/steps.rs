//! Takes a plan's steps one by one, whatever they do, and tells how each ends.

use async_trait::async_trait;
use tokio::time::Instant;

use super::Session;
use super::error::ReconcileError;
use super::progress::{Event, PlannedStep};
use crate::plan::check::flaws;
use crate::plan::{Plan, Step};

/// Carries out single steps.
#[async_trait]
pub(super) trait Executor: Send {
    /// Carries out one step.
    async fn step(&mut self, step: &Step) -> Result<(), ReconcileError>;
}

/// Carries out a plan that is sound, up to the first step that fails.
pub(super) async fn run(
    session: &Session,
    plan: &Plan,
    executor: &mut dyn Executor,
) -> Result<(), ReconcileError> {
    if let Some(flaw) = flaws(plan).into_iter().next() {
        return Err(ReconcileError::Unsound(flaw));
    }
    session.observer.event(Event::Planned {
        steps: plan.steps.iter().map(planned).collect(),
    });
    for (index, step) in plan.steps.iter().enumerate() {
        if let Err(error) = one(session, step, executor).await {
            let step = step.kind;
            session.observer.event(match error {
                ReconcileError::Interrupted => Event::StepLeft { step },
                _ => Event::StepFailed { step },
            });
            for skipped in &plan.steps[index + 1..] {
                session
                    .observer
                    .event(Event::StepSkipped { step: skipped.kind });
            }
            return Err(error);
        }
    }
    Ok(())
}

fn planned(step: &Step) -> PlannedStep {
    PlannedStep {
        step: step.kind,
        action: step.action,
    }
}

async fn one(
    session: &Session,
    step: &Step,
    executor: &mut dyn Executor,
) -> Result<(), ReconcileError> {
    let started = Instant::now();
    session.observer.event(Event::StepStarted {
        step: step.kind,
        action: step.action,
    });
    session.cancel.check()?;
    executor.step(step).await?;
    session.observer.event(Event::StepDone {
        step: step.kind,
        took: started.elapsed(),
    });
    Ok(())
}
