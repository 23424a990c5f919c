//! Counts answers while load is put on.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::time::Instant;

/// The longest latency that is told apart, in microseconds.
const LONGEST: u64 = 3_600_000_000;
/// Most stretches of time for which figures are kept.
const STRETCHES: u32 = 600;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// With an answer of this HTTP status.
    Status(u16),
    /// It could not be signed, and was not sent.
    Unsigned,
    /// No connection could be made.
    Connect,
    /// The connection ended before the answer.
    Closed,
    /// What came was no HTTP answer.
    Protocol,
    /// There was no answer in time.
    TimedOut,
    /// It was planned, and no connection was free for it until the end.
    NotStarted,
}

impl Kind {
    /// Whether it is what was asked for.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Status(200..=299))
    }

    /// Whether the time until then is a latency.
    fn is_timed(self) -> bool {
        self.is_success() || matches!(self, Self::TimedOut | Self::NotStarted)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(formatter, "HTTP {status}"),
            Self::Unsigned => formatter.write_str("not signed"),
            Self::Connect => formatter.write_str("no connection"),
            Self::Closed => formatter.write_str("connection closed"),
            Self::Protocol => formatter.write_str("not HTTP"),
            Self::TimedOut => formatter.write_str("timed out"),
            Self::NotStarted => formatter.write_str("never started"),
        }
    }
}

/// One request from beginning to end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// When its latency begins.
    pub(super) from: Instant,
    /// When it ended.
    pub(super) until: Instant,
    /// How.
    pub(super) kind: Kind,
    /// Whether it was sent later than planned.
    pub(super) late: bool,
}

/// What was counted in a stretch of time.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) answers: u64,
    pub(super) errors: u64,
    pub(super) latency: Histogram<u32>,
}

/// Everything that was counted.
#[derive(Debug)]
pub(super) struct Recorder {
    since: Instant,
    /// Number of the last stretch; what ends later counts with it.
    last_stretch: u128,
    pub(super) width: Duration,
    pub(super) latency: Histogram<u64>,
    pub(super) answers: u64,
    pub(super) errors: BTreeMap<Kind, u64>,
    pub(super) late: u64,
    pub(super) stretches: Vec<Stretch>,
    /// From the beginning of the count to the last answer.
    pub(super) last: Duration,
}

impl Recorder {
    /// Begins to count at `since`, for about `duration`.
    pub(super) fn new(since: Instant, duration: Duration) -> Self {
        let width = (duration / STRETCHES).max(Duration::from_secs(1));
        Self {
            since,
            last_stretch: (duration.as_nanos().saturating_sub(1)) / width.as_nanos(),
            width,
            latency: histogram(3),
            answers: 0,
            errors: BTreeMap::new(),
            late: 0,
            stretches: Vec::new(),
            last: Duration::ZERO,
        }
    }

    /// Counts a request; one that began before the count does not count.
    pub(super) fn add(&mut self, sample: Sample) {
        if sample.from < self.since {
            return;
        }
        let latency = sample.until.duration_since(sample.from);
        let latency = u64::try_from(latency.as_micros()).unwrap_or(LONGEST);
        let ended = sample.until.duration_since(self.since);
        let stretch = self.stretch(ended);
        if sample.kind.is_timed() {
            stretch.latency.saturating_record(latency);
        }
        if sample.kind.is_success() {
            stretch.answers += 1;
            self.answers += 1;
            self.last = self.last.max(ended);
        } else {
            stretch.errors += 1;
            *self.errors.entry(sample.kind).or_default() += 1;
        }
        if sample.kind.is_timed() {
            self.latency.saturating_record(latency);
        }
        self.late += u64::from(sample.late);
    }

    fn stretch(&mut self, ended: Duration) -> &mut Stretch {
        let index = (ended.as_nanos() / self.width.as_nanos()).min(self.last_stretch);
        let index = usize::try_from(index).unwrap_or(usize::MAX - 1);
        while self.stretches.len() <= index {
            self.stretches.push(Stretch {
                answers: 0,
                errors: 0,
                latency: histogram(2),
            });
        }
        &mut self.stretches[index]
    }
}

/// Makes a histogram of microseconds up to [`LONGEST`]; what is longer is recorded as that.
fn histogram<C: hdrhistogram::Counter>(digits: u8) -> Histogram<C> {
    Histogram::new_with_bounds(1, LONGEST, digits)
        .unwrap_or_else(|_| unreachable!("at most five digits, and the bounds are far apart"))
}
