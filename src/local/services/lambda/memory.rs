//! How much memory a process uses, as the system tells it.

use std::time::Duration;

use tokio::time::{Instant, interval_at};

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Tells whether the system says what another process uses.
pub(super) const fn is_limited() -> bool {
    cfg!(target_os = "linux")
}

/// The most memory that a process ever had resident, MiB; `None` when it is gone, or not told.
pub(super) fn most_used(process: u32) -> Option<u64> {
    if !is_limited() {
        return None;
    }
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib.div_ceil(1024))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_its_own_use() {
        let used = most_used(std::process::id());
        assert_eq!(used.is_some(), is_limited());
        assert!(
            used.is_none_or(|mib| (1..100_000).contains(&mib)),
            "{used:?}"
        );
        assert_eq!(most_used(u32::MAX), None);
    }
}
