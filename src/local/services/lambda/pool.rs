//! The warm processes of one function in one configuration.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::instance::Instance;
use super::model::Function;
use crate::local::wire::ApiError;

/// Invocations of one function that run at the same time, each in a process of its own, unless the
/// function has reserved a number.
const CONCURRENCY: usize = 4;

/// Invocations that may wait for a process: together with those that run, more than the thousand that an
/// account may have at once. Of a function with reserved concurrency none waits, as on AWS.
const QUEUE: usize = 1024;

/// Processes that are waiting, and the right to use or start one.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) function: Function,
    most: usize,
    queue: usize,
    permits: Semaphore,
    waiting: AtomicUsize,
    idle: Mutex<Vec<Instance>>,
}

impl Pool {
    /// Makes a pool without processes.
    pub(super) fn new(function: Function) -> Self {
        let reserved = function.reserved.and_then(|most| most.try_into().ok());
        let most = reserved.unwrap_or(CONCURRENCY);
        Self {
            most,
            queue: if reserved.is_some() { 0 } else { QUEUE },
            permits: Semaphore::new(most),
            function,
            waiting: AtomicUsize::new(0),
            idle: Mutex::default(),
        }
    }

    /// Tells whether processes of this pool run the function as it is now.
    pub(super) fn serves(&self, now: &Function) -> bool {
        let was = &self.function;
        let same_code = was.code == now.code && was.handler == now.handler;
        let same_world = was.environment == now.environment && was.logging == now.logging;
        let same_limits =
            was.timeout == now.timeout && was.memory == now.memory && was.reserved == now.reserved;
        same_code && same_world && same_limits && was.region == now.region && was.role == now.role
    }

    /// Waits for the right to run one invocation.
    ///
    /// # Errors
    /// `TooManyRequestsException` when too many are waiting already, or all that is reserved is in use.
    pub(super) async fn permit(&self) -> Result<SemaphorePermit<'_>, ApiError> {
        if let Ok(permit) = self.permits.try_acquire() {
            return Ok(permit);
        }
        let throttled = || {
            ApiError::with_status(
                StatusCode::TOO_MANY_REQUESTS,
                "TooManyRequestsException",
                "Rate Exceeded.",
            )
        };
        if self.waiting.fetch_add(1, Ordering::SeqCst) >= self.queue {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            return Err(throttled());
        }
        let _left = Leave(&self.waiting);
        self.permits.acquire().await.map_err(|_| throttled())
    }

    /// Takes the process that was used last and still lives.
    pub(super) fn take(&self) -> Option<Instance> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(instance) = idle.pop() {
            if instance.is_alive() {
                return Some(instance);
            }
        }
        None
    }

    /// Gives a process back for the next invocation.
    pub(super) fn give(&self, instance: Instance) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.most {
            idle.push(instance);
        }
    }

    /// Puts a process that was started ahead behind those that have run already: they are warmer.
    pub(super) fn put_behind(&self, instance: Instance) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.most {
            idle.insert(0, instance);
        }
    }
}

/// Counts a waiting invocation out, also when its caller gives up.
struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
