//! Looks into the logs of an environment: several at once, in the order of time.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Session;
use super::error::ReconcileError;
use super::train::jobs::Listening;
use super::wait::Watch;
use crate::cloud::CloudFault;
use crate::cloud::inventory::Scope;
use crate::cloud::logs::{LogEvent, Search};

/// How long a log is followed at most.
const LIMIT: Duration = Duration::from_hours(28 * 24);
/// How much later than others of its time a line may arrive and still be seen, in milliseconds.
const LATE: i64 = 15_000;

/// A log that is looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSource {
    /// The log group.
    pub group: String,
    /// Where others write to the group too, only the streams of the training jobs of this environment.
    pub jobs_of: Option<Scope>,
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Looking<'a> {
    /// Where.
    pub sources: &'a [LogSource],
    /// From when on, in milliseconds since 1970.
    pub since: i64,
    /// A text that lines hold.
    pub text: Option<&'a str>,
    /// How long.
    pub listening: Listening,
}

/// A line that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// In which of the sources.
    pub source: usize,
    /// The line.
    pub event: LogEvent,
}

/// Tells the lines of all sources in the order of their times; of those that are written while it follows,
/// in the order of their times among those that a look finds.
///
/// # Errors
/// A log cannot be read, or the user has had enough.
pub async fn look_into_logs(
    session: &Session,
    looking: &Looking<'_>,
    mut tell: impl FnMut(Found),
) -> Result<(), ReconcileError> {
    let mut places: Vec<Place> = looking
        .sources
        .iter()
        .map(|_| Place::from(looking.since))
        .collect();
    let mut watch = Watch::new("the logs", LIMIT, session);
    loop {
        let looks = looking.sources.iter().zip(&places);
        let looks = looks.map(|(source, place)| read(session, source, place.since, looking.text));
        let mut found = Vec::new();
        for (index, look) in futures::future::join_all(looks)
            .await
            .into_iter()
            .enumerate()
        {
            let events = watch.seen(look, "read the logs")?.unwrap_or_default();
            let fresh = places[index].fresh(events).into_iter();
            found.extend(fresh.map(|event| Found {
                source: index,
                event,
            }));
        }
        // Of one moment, the lines of a source stay together and in their order.
        found.sort_by_key(|found| found.event.time);
        let news = !found.is_empty();
        found.into_iter().for_each(&mut tell);
        if looking.listening == Listening::Once {
            return Ok(());
        }
        if news {
            // Where something is written, more is soon.
            watch = Watch::new("the logs", LIMIT, session);
        }
        watch.pause().await?;
    }
}

/// How far a source was read.
struct Place {
    since: i64,
    /// Lines from then on that were told, with their times.
    told: BTreeMap<String, i64>,
}

impl Place {
    fn from(since: i64) -> Self {
        Self {
            since,
            told: BTreeMap::new(),
        }
    }

    /// Those that were not told yet. The place moves on, but for what may still arrive late.
    fn fresh(&mut self, mut events: Vec<LogEvent>) -> Vec<LogEvent> {
        events.retain(|event| self.told.insert(event.id.clone(), event.time).is_none());
        let newest = self.told.values().copied().max().unwrap_or(self.since);
        self.since = self.since.max(newest - LATE);
        self.told.retain(|_, time| *time >= self.since);
        events
    }
}

/// Reads a source from a moment on.
async fn read(
    session: &Session,
    source: &LogSource,
    since: i64,
    text: Option<&str>,
) -> Result<Vec<LogEvent>, CloudFault> {
    let search = Search {
        group: &source.group,
        stream_prefix: source.jobs_of.as_ref().map(|scope| scope.stem.as_str()),
        since,
        text,
    };
    let mut events = Vec::new();
    let mut next = None;
    loop {
        let page = session.cloud.logs.search(&search, next.as_deref()).await?;
        events.extend(page.events.into_iter().filter(|event| source.holds(event)));
        next = page.next;
        if next.is_none() {
            return Ok(events);
        }
    }
}

impl LogSource {
    fn holds(&self, event: &LogEvent) -> bool {
        self.jobs_of.as_ref().is_none_or(|scope| {
            let job = event.stream.split('/').next().unwrap_or_default();
            scope.training_job(job)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;

    use super::*;
    use crate::cloud::logs::{LogEvents, LogPage, Logs, Streams};
    use crate::reconcile::testing;

    /// Logs that are written between looks: the events of each group by the look from which on they are
    /// there, two to a page.
    struct Written {
        events: Vec<(usize, &'static str, i64)>,
        looks: Mutex<usize>,
    }

    #[async_trait]
    impl Logs for Written {
        async fn read(
            &self,
            _: &str,
            _: &str,
            _: Option<&str>,
            _: Streams,
        ) -> Result<LogPage, CloudFault> {
            Ok(LogPage::default())
        }

        async fn search(
            &self,
            search: &Search<'_>,
            next: Option<&str>,
        ) -> Result<LogEvents, CloudFault> {
            let mut looks = self.looks.lock().unwrap();
            if next.is_none() && search.group == "one" {
                *looks += 1;
            }
            let there: Vec<LogEvent> = self
                .events
                .iter()
                .filter(|(look, group, time)| {
                    *look <= *looks && *group == search.group && *time >= search.since
                })
                .map(|(_, group, time)| LogEvent {
                    id: format!("{group}{time}"),
                    time: *time,
                    stream: "s".into(),
                    text: format!("{group} at {time}"),
                })
                .collect();
            let start: usize = next.map_or(0, |next| next.parse().unwrap());
            let end = (start + 2).min(there.len());
            Ok(LogEvents {
                events: there[start..end].to_vec(),
                next: (end < there.len()).then(|| end.to_string()),
            })
        }

        async fn delete_streams(&self, _: &str, _: &str) -> Result<(), CloudFault> {
            Ok(())
        }
    }

    fn sources() -> [LogSource; 2] {
        ["one", "two"].map(|group| LogSource {
            group: group.into(),
            jobs_of: None,
        })
    }

    /// Follows until so many lines were told, then has had enough.
    async fn told(events: Vec<(usize, &'static str, i64)>, enough: usize) -> (Vec<i64>, usize) {
        let mut bed = testing::session();
        let (stop, cancel) = crate::reconcile::Cancel::switch();
        bed.session.cancel = cancel;
        let logs = Arc::new(Written {
            events,
            looks: Mutex::new(0),
        });
        bed.session.cloud.logs = logs.clone();
        let mut times = Vec::new();
        let looking = Looking {
            sources: &sources(),
            since: 1_000,
            text: None,
            listening: Listening::Follow,
        };
        let ended = look_into_logs(&bed.session, &looking, |found| {
            times.push(found.event.time);
            if times.len() == enough {
                stop.send(true).unwrap();
            }
        })
        .await;
        assert!(matches!(ended, Err(ReconcileError::Interrupted)));
        let looks = *logs.looks.lock().unwrap();
        (times, looks)
    }

    #[tokio::test(start_paused = true)]
    async fn lines_of_all_sources_come_in_the_order_of_time_and_once() {
        let events = vec![
            (1, "one", 500),
            (1, "one", 1_000),
            (1, "one", 4_000),
            (1, "two", 2_000),
            (1, "two", 3_000),
            (1, "two", 5_000),
            (3, "one", 6_000),
            // Arrives after a line that is newer.
            (4, "two", 4_500),
            (5, "two", 60_000),
        ];
        let (times, looks) = told(events, 8).await;
        let expected = [1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 4_500, 60_000];
        assert_eq!(times, expected);
        assert_eq!(looks, 5);
    }

    #[tokio::test(start_paused = true)]
    async fn what_there_is_ends_without_waiting() {
        let mut bed = testing::session();
        bed.session.cloud.logs = Arc::new(Written {
            events: vec![(1, "one", 2_000), (2, "one", 3_000)],
            looks: Mutex::new(0),
        });
        let looking = Looking {
            sources: &sources(),
            since: 0,
            text: None,
            listening: Listening::Once,
        };
        let mut lines = Vec::new();
        let ended = look_into_logs(&bed.session, &looking, |found| lines.push(found)).await;
        ended.unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].event.text, "one at 2000");
    }
}
