//! Sends requests by a plan.
//!
//! The only place outside of `reconcile` that waits: a planned start is waited for here, and nothing else.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::caller::Caller;
use super::recorder::{Kind, Recorder, Sample};
use super::report::Report;
use super::{Plan, Shape};

/// How much later than it asked a sleeper may be woken by its own timer, which counts in milliseconds.
/// A request that waited for its start and began so much late is not late because of the service.
const TIMER: Duration = Duration::from_millis(2);
/// Pause after a request that could not be sent, so that a service that is gone is not asked thousands
/// of times a second.
const PAUSE: Duration = Duration::from_millis(100);

/// Puts load on until the plan is carried out.
pub async fn drive<C: Caller>(plan: Plan, callers: Vec<C>) -> Report {
    drive_until(plan, callers, std::future::pending()).await
}

/// Puts load on until the plan is carried out, or `stop` resolves; then what was counted so far is
/// reported, and requests under way are dropped.
pub async fn drive_until<C: Caller>(
    plan: Plan,
    callers: Vec<C>,
    stop: impl Future<Output = ()>,
) -> Report {
    let begin = Instant::now();
    let since = begin + plan.warm_up;
    let course = Arc::new(Course {
        plan,
        begin,
        end: since + plan.duration,
        next: AtomicU64::new(0),
        recorder: Mutex::new(Recorder::new(since, plan.duration)),
    });
    let mut workers = JoinSet::new();
    for caller in callers {
        workers.spawn(work(Arc::clone(&course), caller));
    }
    let interrupted = tokio::select! {
        () = async { while workers.join_next().await.is_some() {} } => false,
        () = stop => true,
    };
    workers.shutdown().await;
    let counted = Instant::now().saturating_duration_since(since);
    let recorder = course
        .recorder
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    Report::of(plan, &recorder, interrupted.then_some(counted))
}

/// What all connections share.
struct Course {
    plan: Plan,
    begin: Instant,
    end: Instant,
    /// Number of the next request.
    next: AtomicU64,
    recorder: Mutex<Recorder>,
}

/// A request's turn.
struct Turn {
    number: u64,
    /// When it is to start; `None` for at once.
    due: Option<Instant>,
}

impl Course {
    /// Takes the next turn; `None` when there are no more.
    fn turn(&self) -> Option<Turn> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let due = match self.plan.shape {
            Shape::Open { rate } => {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "exact up to 2^53 requests, more than anybody sends"
                )]
                let due = self.begin + Duration::from_secs_f64(number as f64 / rate);
                (due < self.end).then_some(Some(due))
            }
            Shape::Closed => (Instant::now() < self.end).then_some(None),
        }?;
        Some(Turn { number, due })
    }

    fn record(&self, sample: Sample) {
        self.recorder
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(sample);
    }
}

/// Takes turns until there are no more.
async fn work<C: Caller>(course: Arc<Course>, mut caller: C) {
    let mut limit = Limit::new(course.plan.timeout);
    while let Some(turn) = course.turn() {
        let (from, late) = match turn.due {
            Some(due) => {
                let now = Instant::now();
                if now >= course.end {
                    course.record(Sample {
                        from: due,
                        until: now,
                        kind: Kind::NotStarted,
                        late: true,
                    });
                    continue;
                }
                start(due, now).await
            }
            None => (Instant::now(), false),
        };
        let ended = limit.over(caller.call(turn.number)).await;
        let kind = ended.unwrap_or(Kind::TimedOut);
        course.record(Sample {
            from,
            until: Instant::now(),
            kind,
            late,
        });
        if matches!(kind, Kind::Connect | Kind::Unsigned) && turn.due.is_none() {
            sleep(PAUSE).await;
        }
    }
}

/// How long each of a connection's requests may take. The timer is not set for each of them, which costs
/// more than all else that is done for one: when it rings it is set on to the end of the request that is
/// under way then.
struct Limit {
    patience: Duration,
    timer: Pin<Box<Sleep>>,
}

impl Limit {
    fn new(patience: Duration) -> Self {
        Self {
            patience,
            timer: Box::pin(sleep(patience)),
        }
    }

    /// What comes of a request; `None` when that takes too long.
    async fn over<T>(&mut self, request: impl Future<Output = T>) -> Option<T> {
        let end = Instant::now() + self.patience;
        let mut request = pin!(request);
        loop {
            tokio::select! {
                biased;
                done = &mut request => return Some(done),
                () = &mut self.timer => {}
            }
            if Instant::now() >= end {
                return None;
            }
            self.timer.as_mut().reset(end);
        }
    }
}

/// Waits for a planned start; returns from when the latency counts, and whether it began late.
async fn start(due: Instant, now: Instant) -> (Instant, bool) {
    if now >= due {
        return (due, now.duration_since(due) > TIMER);
    }
    sleep_until(due).await;
    let woken = Instant::now();
    if woken.duration_since(due) <= TIMER {
        (woken, false)
    } else {
        (due, true)
    }
}
