//! The one place that waits: with a growing interval, a deadline, and an ear for the user.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::error::ReconcileError;
use crate::cloud::CloudFault;

/// The first pause between two looks. Most of what the local engine does takes less than a second.
const FIRST: Duration = Duration::from_millis(200);
/// The longest pause between two looks at something that has only begun.
const LONGEST: Duration = Duration::from_secs(5);
/// What has taken long already is looked at less often: an end is seen late by at most this part of
/// the time that it took.
const PATIENT: u32 = 60;
/// The longest pause of all. Even a wait of days is ended within minutes.
const LONGEST_OF_ALL: Duration = Duration::from_mins(5);
/// Looks in a row that may fail for transient reasons before the wait is given up. The client has
/// retried each of them already.
const PATIENCE: u32 = 20;

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

/// Repeated looks at something that changes by itself.
pub(super) struct Watch<'a> {
    what: String,
    cancel: &'a Cancel,
    started: Instant,
    limit: Duration,
    pause: Duration,
    /// Faults in a row, by what was looked at: a second thing that can be seen does not make up for
    /// a first that cannot.
    faults: BTreeMap<&'static str, u32>,
}

impl<'a> Watch<'a> {
    /// Begins to watch; `what` names it in the message when `limit` is over.
    pub(super) fn new(what: impl Into<String>, limit: Duration, cancel: &'a Cancel) -> Self {
        Self {
            what: what.into(),
            cancel,
            started: Instant::now(),
            limit,
            pause: FIRST,
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
        let pause = self.pause;
        let longest = LONGEST.max(self.started.elapsed() / PATIENT);
        self.pause = (pause * 5 / 4).min(longest.min(LONGEST_OF_ALL));
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
                Ok(Some(value))
            }
            Err(fault) => {
                let faults = self.faults.entry(doing).or_default();
                *faults += 1;
                if fault.is_transient() && *faults <= PATIENCE {
                    Ok(None)
                } else {
                    Err(ReconcileError::Cloud { doing, fault })
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::FaultKind;

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_at_its_limit() {
        let (_sender, cancel) = Cancel::switch();
        let mut watch = Watch::new("the moon", Duration::from_hours(1), &cancel);
        let mut looks = 0;
        let error = loop {
            looks += 1;
            if let Err(error) = watch.pause().await {
                break error;
            }
        };
        assert!(matches!(error, ReconcileError::TimedOut { .. }), "{error}");
        // Five minutes at 5 s a look, fewer and fewer after that, and a few quick ones at the beginning.
        assert!((200..240).contains(&looks), "{looks}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_user_ends_a_wait_at_once() {
        let (sender, cancel) = Cancel::switch();
        let mut watch = Watch::new("the moon", Duration::from_hours(1), &cancel);
        sender.send(true).unwrap();
        assert!(matches!(
            watch.pause().await,
            Err(ReconcileError::Interrupted)
        ));
        assert!(cancel.check().is_err());
    }

    #[test]
    fn transient_faults_are_borne_but_not_for_ever() {
        let (_sender, cancel) = Cancel::switch();
        let mut watch = Watch::new("the moon", Duration::from_secs(1), &cancel);
        let fault = |kind| CloudFault {
            kind,
            operation: "Look",
            code: String::new(),
            message: "no".into(),
        };
        for _ in 0..PATIENCE {
            let seen = watch.seen::<()>(Err(fault(FaultKind::Throttled)), "look");
            assert!(matches!(seen, Ok(None)));
            // That something else can be seen changes nothing.
            assert!(matches!(watch.seen(Ok(()), "listen"), Ok(Some(()))));
        }
        assert!(
            watch
                .seen::<()>(Err(fault(FaultKind::Throttled)), "look")
                .is_err()
        );
        assert!(
            watch
                .seen::<()>(Err(fault(FaultKind::Denied)), "look")
                .is_err()
        );
    }
}
