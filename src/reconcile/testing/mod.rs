//! A session for unit tests: everything is absent, and nothing can be changed.

mod nothing;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;

use super::progress::{Event, Observer};
use super::station::{Station, Witness, Worker};
use super::{Cancel, Crowding, Session};
use crate::cloud::records::{Expected, Record, Records, Written};
use crate::cloud::{Cloud, CloudFault, FaultKind, Pace};
use nothing::Nothing;

/// A session and what it told.
pub(crate) struct Bed {
    pub(crate) session: Session,
    pub(crate) told: Arc<Told>,
    pub(crate) cancel: watch::Sender<bool>,
}

/// Keeps what was told.
#[derive(Default)]
pub(crate) struct Told(Mutex<Vec<Event>>);

impl Told {
    /// Every notice so far.
    pub(crate) fn notices(&self) -> Vec<String> {
        let events = self.0.lock().unwrap();
        let notices = events.iter().filter_map(|event| match event {
            Event::Notice { text } => Some(text.clone()),
            _ => None,
        });
        notices.collect()
    }
}

impl Observer for Told {
    fn event(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

/// A clock that follows the runtime's, and a list of workers that are gone.
pub(crate) struct Clock {
    began: Instant,
    ahead: Duration,
    /// Ids of workers whose end is certain.
    pub(crate) gone: Mutex<Vec<String>>,
}

impl Witness for Clock {
    fn now(&self) -> Timestamp {
        let passed = self.began.elapsed() + self.ahead;
        Timestamp::UNIX_EPOCH + SignedDuration::try_from(passed).unwrap()
    }

    fn is_gone(&self, worker: &Worker) -> bool {
        self.gone.lock().unwrap().contains(&worker.id)
    }
}

/// A worker of this name.
pub(crate) fn worker(id: &str) -> Worker {
    Worker {
        id: id.into(),
        user: format!("user-{id}"),
        host: "mill".into(),
        machine: "m".into(),
        pid: 1,
        began: "0".into(),
    }
}

/// A witness whose clock starts now.
pub(crate) fn clock() -> Arc<Clock> {
    clock_ahead(Duration::ZERO)
}

/// A witness whose clock shows a later time.
pub(crate) fn clock_ahead(ahead: Duration) -> Arc<Clock> {
    Arc::new(Clock {
        began: Instant::now(),
        ahead,
        gone: Mutex::default(),
    })
}

/// A session over a cloud in which nothing is.
pub(crate) fn session() -> Bed {
    let told = Arc::new(Told::default());
    let (sender, cancel) = Cancel::switch();
    let cloud = Arc::new(Nothing);
    let session = Session {
        cloud: Cloud {
            identity: cloud.clone(),
            checkup: cloud.clone(),
            stacks: cloud.clone(),
            changes: cloud.clone(),
            withdrawals: cloud.clone(),
            artifacts: cloud.clone(),
            copies: cloud.clone(),
            records: cloud.clone(),
            training: cloud.clone(),
            transforms: cloud.clone(),
            registry: cloud.clone(),
            quotas: cloud.clone(),
            prices: cloud.clone(),
            logs: cloud.clone(),
            alarms: cloud.clone(),
            functions: cloud.clone(),
            endpoints: cloud.clone(),
            inventory: cloud.clone(),
            drift: cloud.clone(),
            read_back: cloud.clone(),
            web: cloud,
            pace: Pace::SHARED,
        },
        source: None,
        observer: told.clone(),
        cancel,
        station: Station {
            worker: worker("a"),
            witness: clock(),
        },
        patience: Duration::ZERO,
        crowding: Crowding::default(),
    };
    Bed {
        session,
        told,
        cancel: sender,
    }
}

/// Records in memory.
#[derive(Default)]
pub(crate) struct Memory {
    records: Mutex<BTreeMap<String, Record>>,
    writes: Mutex<u64>,
    /// Answers of writes that get lost after the write was done.
    pub(crate) lost: Mutex<u32>,
    /// Faults that every call gives while there is one.
    pub(crate) fault: Mutex<Option<FaultKind>>,
}

impl Memory {
    /// How often was written.
    pub(crate) fn writes(&self) -> u64 {
        *self.writes.lock().unwrap()
    }

    fn faulty(&self) -> Result<(), CloudFault> {
        match *self.fault.lock().unwrap() {
            Some(kind) => Err(fault(kind)),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Records for Memory {
    async fn read(&self, _: &str, key: &str) -> Result<Option<Record>, CloudFault> {
        self.faulty()?;
        Ok(self.records.lock().unwrap().get(key).cloned())
    }

    async fn write(
        &self,
        _: &str,
        key: &str,
        text: &str,
        expected: Expected<'_>,
    ) -> Result<Written, CloudFault> {
        self.faulty()?;
        let mut records = self.records.lock().unwrap();
        let present = records.get(key).map(|record| record.etag.as_str());
        let matches = match expected {
            Expected::Nothing => present.is_none(),
            Expected::Etag(etag) => present == Some(etag),
        };
        if !matches {
            return Ok(Written::Surprised);
        }
        let mut writes = self.writes.lock().unwrap();
        *writes += 1;
        let etag = format!("etag-{writes}");
        let record = Record {
            text: text.to_owned(),
            etag: etag.clone(),
        };
        records.insert(key.to_owned(), record);
        let mut lost = self.lost.lock().unwrap();
        if *lost > 0 {
            *lost -= 1;
            return Err(fault(FaultKind::Unavailable));
        }
        Ok(Written::Done(etag))
    }

    async fn remove(&self, _: &str, key: &str, etag: &str) -> Result<Written, CloudFault> {
        self.faulty()?;
        let mut records = self.records.lock().unwrap();
        if records.get(key).is_none_or(|record| record.etag != etag) {
            return Ok(Written::Surprised);
        }
        records.remove(key);
        Ok(Written::Done(String::new()))
    }
}

/// A fault of a kind.
pub(crate) fn fault(kind: FaultKind) -> CloudFault {
    CloudFault {
        kind,
        operation: "Test",
        code: String::new(),
        message: "scripted".into(),
    }
}
