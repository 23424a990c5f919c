//! Runs checks at the same time, and tells what they found in their order.

use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{FuturesOrdered, StreamExt};

use super::Finding;

/// How long one check may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// One check.
pub struct Check<'a> {
    /// What it is called, for programs; the same for every run.
    pub id: String,
    /// What it is called, for people.
    pub title: String,
    looks: BoxFuture<'a, Finding>,
}

impl<'a> Check<'a> {
    /// Makes a check; nothing is looked at yet.
    pub fn new(
        id: impl Into<String>,
        title: impl Into<String>,
        looks: impl Future<Output = Finding> + Send + 'a,
    ) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            looks: Box::pin(looks),
        }
    }

    /// Makes a check whose finding is known already.
    pub fn known(id: impl Into<String>, title: impl Into<String>, finding: Finding) -> Self {
        Self::new(id, title, std::future::ready(finding))
    }
}

/// Runs all checks at the same time. Each finding is told as soon as those before it are.
pub async fn run(checks: Vec<Check<'_>>, mut told: impl FnMut(&str, &str, &Finding)) {
    let mut running: FuturesOrdered<_> = checks
        .into_iter()
        .map(|check| async {
            let Check { id, title, looks } = check;
            let found = tokio::time::timeout(PATIENCE, looks).await;
            let late = |_| {
                let why = format!("no answer in {} s", PATIENCE.as_secs());
                Finding::failed(why, "look at the network and run it again")
            };
            (id, title, found.unwrap_or_else(late))
        })
        .collect();
    while let Some((id, title, finding)) = running.next().await {
        told(&id, &title, &finding);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::doctor::State;

    #[tokio::test(start_paused = true)]
    async fn checks_run_together_end_in_time_and_are_told_in_order() {
        let after = |seconds| async move {
            sleep(Duration::from_secs(seconds)).await;
            Finding::ok(format!("after {seconds} s"))
        };
        let checks = vec![
            Check::new("slow", "slow", after(9)),
            Check::known("known", "known", Finding::skipped("offline")),
            Check::new("never", "never", after(3_600)),
            Check::new("fast", "fast", after(1)),
        ];
        let began = Instant::now();
        let mut told = Vec::new();
        run(checks, |id, _, finding| {
            told.push((id.to_owned(), finding.state, began.elapsed().as_secs()));
        })
        .await;
        assert_eq!(
            told,
            [
                ("slow".to_owned(), State::Ok, 9),
                ("known".to_owned(), State::Skipped, 9),
                ("never".to_owned(), State::Failed, 20),
                ("fast".to_owned(), State::Ok, 20),
            ]
        );
    }
}
