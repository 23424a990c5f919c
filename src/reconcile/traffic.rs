//! How much an API is called, by its access log.

use serde_json::Value;

use super::Session;
use super::error::{ReconcileError, doing};
use crate::cloud::logs::Search;
use crate::plan::Deployment;

/// Pages of the log that are read at most: a busy API's last minutes would take too long to read.
const PAGES: usize = 5;

/// Calls of an API over some time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Calls.
    pub calls: u64,
    /// Those that ended with a status of 500 or more.
    pub failed: u64,
    /// Whether there were more, which were not counted.
    pub more: bool,
}

/// Counts the calls since a moment, in milliseconds since 1970.
///
/// # Errors
/// The log cannot be read.
pub async fn traffic(
    session: &Session,
    deployment: &Deployment,
    since: i64,
) -> Result<Traffic, ReconcileError> {
    let search = Search {
        group: &deployment.names.api_log_group,
        stream_prefix: None,
        since,
        text: None,
    };
    let mut traffic = Traffic::default();
    let mut next = None;
    for _ in 0..PAGES {
        let page = session.cloud.logs.search(&search, next.as_deref()).await;
        let page = page.map_err(doing("read the access log"))?;
        for event in &page.events {
            traffic.calls += 1;
            traffic.failed += u64::from(status(&event.text).is_some_and(|status| status >= 500));
        }
        next = page.next;
        if next.is_none() {
            return Ok(traffic);
        }
    }
    traffic.more = true;
    Ok(traffic)
}

/// The status of a call: the template writes it as text, others may write a number.
fn status(line: &str) -> Option<u64> {
    let line: Value = serde_json::from_str(line).ok()?;
    let status = &line["status"];
    status.as_u64().or_else(|| status.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_a_call_is_text_or_number() {
        assert_eq!(status(r#"{"status":"503"}"#), Some(503));
        assert_eq!(status(r#"{"status":200}"#), Some(200));
        assert_eq!(status("127.0.0.1 - - GET"), None);
    }
}
