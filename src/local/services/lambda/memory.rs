//! How much memory a process uses, as the system tells it.

use std::time::Duration;

use tokio::time::{Instant, interval_at};

use crate::local::runner::usage;

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Tells whether the system says what another process uses.
pub(super) const fn is_limited() -> bool {
    cfg!(target_os = "linux")
}

/// The most memory that a process ever had resident, MiB; `None` when it is gone, or not told.
pub(super) fn most_used(process: u32) -> Option<u64> {
    usage::most_resident(process).map(|kib| kib.div_ceil(1024))
}

/// Returns when a process has used more than so many MiB, and else never.
pub(super) async fn exceeded(process: u32, limit: u32) {
    if !is_limited() {
        return std::future::pending().await;
    }
    let mut looks = interval_at(Instant::now() + PAUSE, PAUSE);
    loop {
        looks.tick().await;
        if most_used(process).is_some_and(|used| used > u64::from(limit)) {
            return;
        }
    }
}
