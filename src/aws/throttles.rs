//! Looks that a whole account shares a limit of.

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority, RetryReason,
};
use aws_smithy_types::retry::ErrorKind;

/// Leaves it to the caller to ask again when a service is asked too often.
///
/// The client's own retries come within seconds, four for each look, and every process in the
/// account adds its own: together they keep the account above its limit. Who looks again and again
/// anyway answers a throttle by looking less often (`reconcile::wait`). Everything else is retried
/// as usual.
#[derive(Debug)]
pub(super) struct ToldToTheCaller;

impl ClassifyRetry for ToldToTheCaller {
    fn classify_retry(&self, _context: &InterceptorContext) -> RetryAction {
        RetryAction::NoActionIndicated
    }

    fn classify_retry_v2(
        &self,
        _context: &InterceptorContext,
        previous: &RetryAction,
    ) -> RetryAction {
        match previous {
            RetryAction::RetryIndicated(RetryReason::RetryableError {
                kind: ErrorKind::ThrottlingError,
                ..
            }) => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    /// After all others, whose verdict it needs.
    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }

    fn name(&self) -> &'static str {
        "throttles are told to the caller"
    }
}
