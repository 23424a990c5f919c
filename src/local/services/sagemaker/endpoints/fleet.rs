//! All servers of an endpoint under one configuration.

use std::sync::Arc;

use futures::future::{join_all, try_join_all};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, watch};

use super::super::state::Serving;
use super::super::{SageMaker, lock};
use super::deploy::Setback;
use super::keeper::{Keeper, Task};
use super::server::Server;

/// The most processes of an endpoint, however many instances it has: they all share one machine.
const MOST: u64 = 4;

/// The servers of one endpoint under one configuration.
pub(in super::super) struct Fleet {
    /// What is served.
    pub(super) serving: Arc<Serving>,
    workers: Vec<Keeper>,
    /// Whose turn it is.
    turn: usize,
    /// As many requests at once as a serverless variant takes.
    room: Option<Arc<Semaphore>>,
}

/// Who answers a request.
pub(in super::super) struct Choice {
    pub(in super::super) serving: Arc<Serving>,
    /// The server, or nothing while it is being started again.
    pub(in super::super) server: watch::Receiver<Option<Arc<Server>>>,
    room: Option<Arc<Semaphore>>,
}

impl Choice {
    /// Takes a place among the requests that are answered at once, where their number is limited.
    ///
    /// # Errors
    /// There is no place left.
    pub(in super::super) fn admit(&self) -> Result<Option<OwnedSemaphorePermit>, TryAcquireError> {
        let room = self.room.as_ref();
        let place = room.map(|room| Arc::clone(room).try_acquire_owned());
        place.transpose()
    }
}

impl Fleet {
    fn new(serving: Serving, workers: Vec<Keeper>) -> Self {
        let room = serving.concurrency.map(|room| {
            let room = usize::try_from(room).unwrap_or(Semaphore::MAX_PERMITS);
            Arc::new(Semaphore::new(room))
        });
        Self {
            serving: Arc::new(serving),
            workers,
            turn: 0,
            room,
        }
    }

    /// Chooses the next server in turn that runs, or else the next that is being started again.
    pub(super) fn choose(&mut self) -> Choice {
        let count = self.workers.len();
        let runs = |number: &usize| self.workers[*number % count].server.borrow().is_some();
        let running = (self.turn..self.turn + count).find(runs);
        let chosen = running.unwrap_or(self.turn) % count;
        self.turn = (chosen + 1) % count;
        Choice {
            serving: Arc::clone(&self.serving),
            server: self.workers[chosen].server.clone(),
            room: self.room.clone(),
        }
    }

    /// Ends all servers; answers in progress are finished first.
    pub(super) async fn stop(self) {
        join_all(self.workers.into_iter().map(Keeper::stop)).await;
    }

    /// Returns the processes that run.
    pub(super) fn processes(&self) -> Vec<u32> {
        let servers = self.workers.iter().map(|worker| worker.server.borrow());
        servers.filter_map(|server| server.as_ref()?.id()).collect()
    }
}

/// How many processes stand for so many instances.
fn workers(serving: &Serving) -> u64 {
    serving.instances.clamp(1, MOST)
}

impl SageMaker {
    /// Brings a configuration into service and keeps it there. Returns once all its servers are
    /// healthy.
    ///
    /// # Errors
    /// Why it does not serve.
    pub(super) async fn keep(
        self: &Arc<Self>,
        endpoint: &str,
        serving: Serving,
    ) -> Result<Fleet, Setback> {
        let fails_with = if let Some(stage) = &self.parts.script {
            self.rehearse(stage, endpoint, &serving).await?
        } else {
            let place = self.place(endpoint, &serving);
            // What a deployment that was cut short left may belong to a model that is gone.
            let removed = place.remove();
            removed.map_err(|error| Setback::Reason(format!("InternalServerError: {error}")))?;
            let placed = self.place_model(&place, &serving).await;
            placed.map_err(Setback::Reason)?;
            None
        };
        let tasks = (0..workers(&serving)).map(|number| {
            let task = Task::new(self, endpoint, &serving, number).failing(fails_with);
            async move {
                let first = task.start().await?;
                Ok(task.keep(Some(first)))
            }
        });
        let workers = try_join_all(tasks).await.map_err(Setback::Reason)?;
        Ok(Fleet::new(serving, workers))
    }

    /// Keeps a configuration in service that was there when the engine ended; does not wait.
    pub(super) fn keep_again(self: &Arc<Self>, endpoint: &str, serving: &Serving) -> Fleet {
        let numbers = 0..workers(serving);
        let workers = numbers.map(|number| Task::new(self, endpoint, serving, number).keep(None));
        Fleet::new(serving.clone(), workers.collect())
    }

    /// Gives the servers of an endpoint the number that its instances have now; does not wait.
    pub(super) fn resize(self: &Arc<Self>, endpoint: &str, instances: u64) {
        let mut live = lock(&self.live);
        let fleet = live.get_mut(endpoint).and_then(|live| live.fleet.as_mut());
        let Some(fleet) = fleet else { return };
        Arc::make_mut(&mut fleet.serving).instances = instances;
        let wanted = usize::try_from(workers(&fleet.serving)).unwrap_or(1);
        for number in fleet.workers.len()..wanted {
            let task = Task::new(self, endpoint, &fleet.serving, number as u64);
            fleet.workers.push(task.keep(None));
        }
        for worker in fleet.workers.split_off(wanted.min(fleet.workers.len())) {
            tokio::spawn(worker.stop());
        }
        fleet.turn = 0;
    }
}
