//! CloudFormation: evaluates templates and makes their resources real through the other services.
//!
//! Purpose: stacks and change sets with the behaviour, statuses and words of the real service.
//! Input: Query requests, and the providers of resource types. Output: XML answers, and calls of the
//! providers in dependency order, carried on after a restart. Must not know: any resource type or
//! service by name.

mod api;
mod changes;
mod drift;
mod operation;
mod outputs;
mod registry;
mod state;
mod summary;
mod template;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::Response;
use tokio::task::AbortHandle;

use self::registry::Registry;
use self::state::{Stack, State};
use self::template::intrinsics::Pseudo;
use crate::local::clock::Clock;
use crate::local::durable::{Durable, Place};
use crate::local::journal::Journal;
use crate::local::resource::ResourceProvider;
use crate::local::wire::{ApiError, ApiRequest};
pub(crate) use summary::StackSummary;

/// The CloudFormation service.
pub struct CloudFormation {
    state: Durable<State>,
    registry: Registry,
    clock: Clock,
    account: String,
    journal: Arc<Journal>,
    drivers: Mutex<Drivers>,
    /// Why the disk refuses what an operation has to record, while it does.
    refusal: Mutex<Option<(io::ErrorKind, String)>>,
}

/// What the service is made from.
pub struct CloudFormationParts {
    /// File that holds the state.
    pub path: Place,
    /// Source of time.
    pub clock: Clock,
    /// Account, twelve digits.
    pub account: String,
    /// Where internal trouble is noted.
    pub journal: Arc<Journal>,
    /// Providers of all resource types.
    pub providers: Vec<Arc<dyn ResourceProvider>>,
}

/// The tasks that carry operations out.
#[derive(Default)]
struct Drivers {
    stopped: bool,
    tasks: Vec<AbortHandle>,
    /// One lock for each stack, so that only one task works on it.
    locks: BTreeMap<String, Arc<tokio::sync::Mutex<()>>>,
}

impl CloudFormation {
    /// Opens the state; [`CloudFormation::resume`] carries on what was in flight.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn open(parts: CloudFormationParts) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            state: Durable::open(parts.path)?,
            registry: Registry::new(parts.providers),
            clock: parts.clock,
            account: parts.account,
            journal: parts.journal,
            drivers: Mutex::default(),
            refusal: Mutex::default(),
        }))
    }

    /// Writes the state, where that is deferred.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn save(&self) -> io::Result<()> {
        self.state.save()
    }

    /// Carries on every operation that was in flight when the state was last written.
    pub fn resume(self: &Arc<Self>) {
        let open: Vec<String> = self.state.read(|state| {
            let in_flight = state
                .stacks
                .values()
                .filter(|stack| stack.operation.is_some());
            in_flight.map(|stack| stack.id.clone()).collect()
        });
        for id in open {
            self.journal
                .line(&format!("cloudformation carries on with {id}"));
            self.drive(&id);
        }
    }

    /// Answers a request.
    pub fn handle(self: &Arc<Self>, request: &ApiRequest) -> Response<Body> {
        api::handle(self, request)
    }

    /// Stops working; what is in flight is carried on when the state is opened again.
    pub fn stop(&self) {
        let mut drivers = self.drivers.lock().unwrap_or_else(PoisonError::into_inner);
        drivers.stopped = true;
        drivers.tasks.drain(..).for_each(|task| task.abort());
    }

    /// Makes sure that a task works on the stack's operation.
    fn drive(self: &Arc<Self>, id: &str) {
        let mut drivers = self.drivers.lock().unwrap_or_else(PoisonError::into_inner);
        if drivers.stopped {
            return;
        }
        drivers.tasks.retain(|task| !task.is_finished());
        let lock = Arc::clone(drivers.locks.entry(id.to_owned()).or_default());
        let driver = operation::Driver::new(Arc::clone(self), id.to_owned());
        let task = tokio::spawn(async move {
            // A task that is about to end may hold the lock: waiting for it means no operation is missed.
            let _working = lock.lock().await;
            driver.run().await;
        });
        drivers.tasks.push(task.abort_handle());
    }

    fn note_refusal(&self, error: Option<&io::Error>) {
        let mut refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        *refusal = error.map(|error| (error.kind(), error.to_string()));
    }

    /// Fails while the disk refuses what an operation has to record: nothing goes on until then.
    fn writable(&self) -> io::Result<()> {
        let refusal = self.refusal.lock().unwrap_or_else(PoisonError::into_inner);
        match &*refusal {
            Some((kind, text)) => Err(io::Error::new(*kind, text.clone())),
            None => Ok(()),
        }
    }

    fn pseudo(&self, stack: &Stack) -> Pseudo {
        Pseudo {
            account: self.account.clone(),
            region: stack.region.clone(),
            stack_name: stack.name.clone(),
            stack_id: stack.id.clone(),
        }
    }

    fn now(&self) -> i64 {
        self.clock.epoch_millis()
    }
}

impl From<template::TemplateError> for ApiError {
    fn from(error: template::TemplateError) -> Self {
        Self::client("ValidationError", error.to_string())
    }
}
