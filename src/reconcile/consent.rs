//! Whoever answers for a plan: shows it to the user and asks, or compares it with one that was saved.

use async_trait::async_trait;

use super::error::ReconcileError;
use crate::plan::Plan;

/// Decides whether a plan is carried out.
#[async_trait]
pub trait Consent: Send + Sync {
    /// Agrees to a plan, also to one that changes nothing. It is asked again when the world has moved
    /// meanwhile and the plan with it.
    ///
    /// # Errors
    /// [`ReconcileError::Declined`], or [`ReconcileError::Moved`] for a plan that is not the agreed one.
    async fn agree(&self, plan: &Plan) -> Result<(), ReconcileError>;
}

/// Agrees to everything.
#[derive(Debug, Clone, Copy)]
pub struct Always;

#[async_trait]
impl Consent for Always {
    async fn agree(&self, _: &Plan) -> Result<(), ReconcileError> {
        Ok(())
    }
}
