//! Shows a plan and asks, or holds it against one that was agreed to before.

use std::path::Path;

use anyhow::Context;
use async_trait::async_trait;

use super::confirm::{Stake, Yes, confirm};
use super::context::Environment;
use super::failure::{Failure, USAGE};
use super::output;
use crate::plan::{Desired, Plan, SavedPlan};
use crate::reconcile::{Consent, ReconcileError};

/// Asks the user.
pub(super) struct Ask<'a> {
    pub(super) environment: &'a Environment,
    pub(super) question: String,
    pub(super) yes: Yes,
    /// What is at stake besides what the plan itself removes.
    pub(super) stake: Stake,
}

#[async_trait]
impl Consent for Ask<'_> {
    async fn agree(&self, plan: &Plan) -> Result<(), ReconcileError> {
        if !plan.changes_nothing() {
            self.show(plan);
            self.ask(plan)?;
        }
        Ok(())
    }
}

impl Ask<'_> {
    /// Shows the plan.
    pub(super) fn show(&self, plan: &Plan) {
        let environment = self.environment;
        let now = environment.station.witness.now();
        for line in output::plan(&environment.title(), plan, environment.pace(), now) {
            output::note(&line);
        }
    }

    /// Asks whether it is carried out.
    ///
    /// # Errors
    /// As [`confirm`].
    pub(super) fn ask(&self, plan: &Plan) -> Result<(), ReconcileError> {
        let stake = if plan.removes_something() {
            Stake::Data
        } else {
            self.stake
        };
        confirm(&self.environment.stack, &self.question, self.yes, stake)
    }
}

/// A plan that was saved: its maker agreed to it.
pub(super) struct Agreed<'a> {
    pub(super) saved: SavedPlan,
    pub(super) desired: &'a Desired,
    pub(super) ask: Ask<'a>,
}

#[async_trait]
impl Consent for Agreed<'_> {
    async fn agree(&self, plan: &Plan) -> Result<(), ReconcileError> {
        let what = self.saved.differences(plan, self.desired);
        if !what.is_empty() {
            return Err(ReconcileError::Moved { what });
        }
        // What a protected environment holds is not removed because of a file.
        if plan.removes_something() {
            return self.ask.agree(plan).await;
        }
        Ok(())
    }
}

/// Reads a saved plan.
pub(super) fn read(path: &Path) -> Result<SavedPlan, Failure> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the plan {}", path.display()))
        .map_err(|error| Failure::with_code(USAGE, error))?;
    SavedPlan::read(&text).map_err(|error| {
        let error = anyhow::Error::new(error).context(format!("cannot use {}", path.display()));
        Failure::with_code(USAGE, error).hint("`deploy plan --out FILE` writes one")
    })
}
