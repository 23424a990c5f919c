//! Does something again and again while it lives, on a thread of its own: what is shown of a wait has to
//! move although nothing happens.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Ends its thread when it goes.
pub(super) struct Ticker {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Begins. Without a thread to be had there are no ticks, and what happens is shown all the same.
    pub(super) fn start(every: Duration, tick: impl Fn() + Send + 'static) -> Self {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("progress".into())
            .spawn(move || {
                let (flag, changed) = &*stopped;
                let mut ended = flag.lock().unwrap_or_else(PoisonError::into_inner);
                while !*ended {
                    let waited = changed.wait_timeout(ended, every);
                    ended = waited.unwrap_or_else(PoisonError::into_inner).0;
                    if !*ended {
                        drop(ended);
                        tick();
                        ended = flag.lock().unwrap_or_else(PoisonError::into_inner);
                    }
                }
            })
            .ok();
        Self { stop, thread }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        let (flag, changed) = &*self.stop;
        *flag.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A tick that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{RecvTimeoutError, channel};

    #[test]
    fn it_ticks_until_it_goes() {
        let (sender, receiver) = channel();
        let ticker = Ticker::start(Duration::from_millis(1), move || {
            let _ = sender.send(());
        });
        receiver.recv().unwrap();
        receiver.recv().unwrap();
        drop(ticker);
        // The thread, and with it the sender, is gone.
        let mut rest = std::iter::repeat_with(|| receiver.recv_timeout(Duration::from_mins(1)));
        let end = rest.find(Result::is_err).unwrap();
        assert_eq!(end, Err(RecvTimeoutError::Disconnected));
    }
}
