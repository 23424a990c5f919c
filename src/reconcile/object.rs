//! Objects of the bucket that several runs may write: what is there is read first, and written over only
//! as it was read.

use super::Session;
use super::error::{ReconcileError, doing};
use crate::cloud::FaultKind;
use crate::cloud::records::{Expected, Record, Written};

/// How often somebody else may write at the same moment.
const REPEATS: usize = 3;

/// Where an object is, and what reading and writing it is called in messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Object<'a> {
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    pub(super) reading: &'static str,
    pub(super) writing: &'static str,
}

impl Object<'_> {
    /// Reads it; `None` where there is none, or no bucket.
    pub(super) async fn read(self, session: &Session) -> Result<Option<Record>, ReconcileError> {
        let records = &session.cloud.records;
        match records.read(self.bucket, self.key).await {
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
            read => read.map_err(doing(self.reading)),
        }
    }

    /// Writes a text over what is there. What several runs write is the same, or the last one counts.
    pub(super) async fn write(self, session: &Session, text: &str) -> Result<(), ReconcileError> {
        for _ in 0..REPEATS {
            let there = self.read(session).await?;
            // Also by its own first attempt, whose answer was lost.
            if there.as_ref().is_some_and(|there| there.text == text) {
                return Ok(());
            }
            let expected = match &there {
                Some(there) => Expected::Etag(&there.etag),
                None => Expected::Nothing,
            };
            let records = &session.cloud.records;
            let written = records.write(self.bucket, self.key, text, expected).await;
            if let Written::Done(_) = written.map_err(doing(self.writing))? {
                return Ok(());
            }
        }
        Err(ReconcileError::Unknown("who else writes into the bucket"))
    }
}
