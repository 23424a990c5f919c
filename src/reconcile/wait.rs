//! The one place that waits: with a growing interval, a deadline, and an ear for the user.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::Session;
use super::crowding::Crowding;
use super::error::ReconcileError;
use crate::cloud::{CloudFault, FaultKind, Pace};

/// What part of the time that something has taken already its end may be seen late.
const LATENESS: u32 = 20;
/// The same once it takes hours: whoever waits for days does not ask three times a minute.
const LATENESS_OF_LONG: u32 = 200;
/// The longest pause of all: even a wait of days is ended within minutes.
const LONGEST_OF_ALL: Duration = Duration::from_mins(5);
/// Looks in a row that may fail for transient reasons before the wait is given up. The client has
/// retried each of them already.
const PATIENCE: u32 = 20;

/// How long an answer is asked for that is refused because everybody together asks too often.
const THROTTLED_LIMIT: Duration = Duration::from_mins(30);

/// Whether the user wants to stop.
#[derive(Debug, Clone)]
pub struct Cancel(watch::Receiver<bool>);

impl Cancel {
    /// Makes a switch: the sender's `true` cancels.
    pub fn switch() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    /// Stops a run that was asked to stop.
    ///
    /// # Errors
    /// [`ReconcileError::Interrupted`] when it was.
    pub(super) fn check(&self) -> Result<(), ReconcileError> {
        if *self.0.borrow() {
            Err(ReconcileError::Interrupted)
        } else {
            Ok(())
        }
    }

    /// Returns once the user has asked to stop; never when nobody can.
    pub async fn cancelled(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|asked| *asked).await.is_err() {
            // Nobody is left who could ask.
            std::future::pending::<()>().await;
        }
    }
}

/// Sleeps, for what goes on beside the waiting.
pub(super) async fn sleep(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Lets some time pass before something is tried again.
///
/// # Errors
/// [`ReconcileError::Interrupted`] when the user asks to stop meanwhile.
pub(super) async fn rest(session: &Session, time: Duration) -> Result<(), ReconcileError> {
    tokio::select! {
        () = tokio::time::sleep(time) => Ok(()),
        () = session.cancel.cancelled() => Err(ReconcileError::Interrupted),
    }
}

/// Repeated looks at something that changes by itself.
pub(super) struct Watch<'a> {
    what: String,
    cancel: &'a Cancel,
    pace: Pace,
    started: Instant,
    limit: Duration,
    looks: u64,
    crowding: &'a Crowding,
    /// Faults in a row, by what was looked at: a second thing that can be seen does not make up for
    /// a first that cannot.
    faults: BTreeMap<&'static str, u32>,
}

impl<'a> Watch<'a> {
    /// Begins to watch; `what` names it in the message when `limit` is over.
    pub(super) fn new(what: impl Into<String>, limit: Duration, session: &'a Session) -> Self {
        Self {
            what: what.into(),
            cancel: &session.cancel,
            pace: session.cloud.pace,
            started: Instant::now(),
            limit,
            looks: 0,
            crowding: &session.crowding,
            faults: BTreeMap::new(),
        }
    }

    /// Waits until it is time to look again.
    pub(super) async fn pause(&mut self) -> Result<(), ReconcileError> {
        if self.started.elapsed() >= self.limit {
            return Err(ReconcileError::TimedOut {
                what: self.what.clone(),
                after: self.limit,
            });
        }
        self.looks += 1;
        let pause = pause(self.pace, self.started.elapsed(), self.crowding.doublings());
        let pause = pause
            .mul_f64(jitter(&self.what, self.looks))
            .max(self.pace.shortest);
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = self.cancel.cancelled() => Err(ReconcileError::Interrupted),
        }
    }

    /// Takes the result of a look: a transient fault is `None`, so that one bad answer does not end
    /// a wait of hours.
    pub(super) fn seen<T>(
        &mut self,
        look: Result<T, CloudFault>,
        doing: &'static str,
    ) -> Result<Option<T>, ReconcileError> {
        match look {
            Ok(value) => {
                self.faults.remove(doing);
                self.crowding.answered();
                Ok(Some(value))
            }
            Err(fault) => {
                let faults = self.faults.entry(doing).or_default();
                *faults += 1;
                // That others ask too much is no failure of what is waited for, however long it lasts.
                let throttled = fault.kind == FaultKind::Throttled;
                if throttled {
                    self.crowding.refused();
                }
                if throttled || (fault.is_transient() && *faults <= PATIENCE) {
                    Ok(None)
                } else {
                    Err(ReconcileError::Cloud { doing, fault })
                }
            }
        }
    }
}

/// Asks, and asks again after a pause as long as the service is asked too often by everybody together:
/// that is no failure of what is asked for. `what` names it, differently for every environment.
///
/// # Errors
/// Any other fault, or there was no answer for [`THROTTLED_LIMIT`].
pub(super) async fn patiently<T, F>(
    session: &Session,
    what: &str,
    doing: &'static str,
    ask: impl Fn() -> F,
) -> Result<T, ReconcileError>
where
    F: Future<Output = Result<T, CloudFault>>,
{
    let mut watch = Watch::new(what, THROTTLED_LIMIT, session);
    loop {
        match ask().await {
            Err(fault) if fault.kind == FaultKind::Throttled => {
                watch.seen::<T>(Err(fault), doing)?;
                watch.pause().await?;
            }
            answer => {
                if answer.is_ok() {
                    session.crowding.answered();
                }
                return answer.map_err(super::error::doing(doing));
            }
        }
    }
}

/// The pause after something has taken `elapsed`: longer the longer it takes, so that its end is seen
/// late by a small part of the whole at most, and doubled where the account is crowded.
fn pause(pace: Pace, elapsed: Duration, doublings: u32) -> Duration {
    let usual = (elapsed / LATENESS).clamp(pace.shortest, pace.longest);
    let pause = usual.max((elapsed / LATENESS_OF_LONG).min(LONGEST_OF_ALL));
    pause * 2_u32.pow(doublings)
}

/// A factor from 0.85 to 1.15 that differs between runs of different environments and from look to
/// look, so that many that began together do not ask together.
fn jitter(what: &str, looks: u64) -> f64 {
    let mut hasher = DefaultHasher::new();
    (what, looks).hash(&mut hasher);
    let thousandth = u16::try_from(hasher.finish() % 1000).unwrap_or_default();
    0.85 + 0.3 * f64::from(thousandth) / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch<'a>(cancel: &'a Cancel, crowding: &'a Crowding, limit: Duration) -> Watch<'a> {
        Watch {
            what: "the moon".into(),
            cancel,
            pace: Pace::SHARED,
            started: Instant::now(),
            limit,
            looks: 0,
            crowding,
            faults: BTreeMap::new(),
        }
    }

    async fn looks_until(limit: Duration) -> u64 {
        let (_sender, cancel) = Cancel::switch();
        let crowding = Crowding::default();
        let mut watch = watch(&cancel, &crowding, limit);
        let error = loop {
            if let Err(error) = watch.pause().await {
                break error;
            }
        };
        assert!(matches!(error, ReconcileError::TimedOut { .. }), "{error}");
        watch.looks
    }

    #[tokio::test(start_paused = true)]
    async fn the_longer_something_takes_the_less_often_it_is_looked_at() {
        let (minute, hours, days) = (
            looks_until(Duration::from_mins(1)).await,
            looks_until(Duration::from_hours(8)).await,
            looks_until(Duration::from_hours(5 * 24)).await,
        );
        assert!((40..=65).contains(&minute), "{minute}");
        assert!((400..=800).contains(&hours), "{hours}");
        assert!((1_500..=2_600).contains(&days), "{days}");
    }

    #[test]
    fn aws_is_never_asked_more_than_once_a_second_even_with_jitter() {
        let shortest = pause(Pace::SHARED, Duration::ZERO, 0);
        assert_eq!(shortest, Duration::from_secs(1));
        assert_eq!(pause(Pace::SHARED, Duration::ZERO, 3), shortest * 8);
        let hours = pause(Pace::SHARED, Duration::from_hours(8), 0);
        assert_eq!(hours, Duration::from_secs(144));
        for look in 0..1_000 {
            assert!((0.85..=1.15).contains(&jitter("news-prod-service", look)));
        }
        let differs = |one: f64, other: f64| (one - other).abs() > f64::EPSILON;
        assert!(differs(jitter("a", 1), jitter("b", 1)));
        assert!(differs(jitter("a", 1), jitter("a", 2)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_user_ends_a_wait_at_once() {
        let (sender, cancel) = Cancel::switch();
        let crowding = Crowding::default();
        let mut watch = watch(&cancel, &crowding, Duration::from_hours(1));
        sender.send(true).unwrap();
        assert!(matches!(
            watch.pause().await,
            Err(ReconcileError::Interrupted)
        ));
        assert!(cancel.check().is_err());
    }

    #[tokio::test]
    async fn transient_faults_are_borne_but_not_for_ever_and_throttling_always() {
        let (_sender, cancel) = Cancel::switch();
        let crowding = Crowding::default();
        let mut watch = watch(&cancel, &crowding, Duration::from_secs(1));
        let fault = |kind| CloudFault {
            kind,
            operation: "Look",
            code: String::new(),
            message: "no".into(),
        };
        for _ in 0..PATIENCE {
            let seen = watch.seen::<()>(Err(fault(FaultKind::Unavailable)), "look");
            assert!(matches!(seen, Ok(None)));
            // That something else can be seen changes nothing.
            assert!(matches!(watch.seen(Ok(()), "listen"), Ok(Some(()))));
        }
        let mut seen = |kind| watch.seen::<()>(Err(fault(kind)), "look");
        assert!(seen(FaultKind::Unavailable).is_err());
        assert!(seen(FaultKind::Denied).is_err());
        for _ in 0..1_000 {
            assert!(matches!(seen(FaultKind::Throttled), Ok(None)));
        }
        assert!(crowding.doublings() > 1);
    }
}
