//! Visits the nodes of a graph, each as soon as what it needs was visited.

use std::collections::BTreeSet;
use std::future::Future;

use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::DriveError;
use crate::local::services::cloudformation::template::graph::Graph;

/// Most nodes that are being visited at the same time.
const AT_ONCE: usize = 16;

/// What a failed visit means for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnFailed {
    /// No visit is begun any more; those in flight end.
    Stop,
    /// Only those that need the failed one are not begun.
    Skip,
}

/// How a visit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visit {
    Done,
    Failed,
}

/// Visits all nodes that are not `done`; returns the names of those that failed, in the order of failing.
///
/// # Errors
/// The first error of a visit; visits in flight are dropped.
pub(super) async fn walk<F: Future<Output = Result<Visit, DriveError>>>(
    graph: &Graph,
    mut done: BTreeSet<String>,
    on_failed: OnFailed,
    may_begin: impl Fn(&str) -> bool,
    visit: impl Fn(String) -> F,
) -> Result<Vec<String>, DriveError> {
    let mut begun = done.clone();
    let mut failed = Vec::new();
    let mut running = FuturesUnordered::new();
    loop {
        let stopped = on_failed == OnFailed::Stop && !failed.is_empty();
        for (name, needs) in graph {
            if stopped || running.len() >= AT_ONCE {
                break;
            }
            if needs.is_subset(&done)
                && !begun.contains(name)
                && may_begin(name)
                && begun.insert(name.clone())
            {
                let visit = visit(name.clone());
                let name = name.clone();
                running.push(async move { visit.await.map(|end| (name, end)) });
            }
        }
        // Each round ends one visit, so there are at most as many rounds as nodes.
        match running.next().await.transpose()? {
            Some((name, Visit::Done)) => {
                done.insert(name);
            }
            Some((name, Visit::Failed)) => failed.push(name),
            None => return Ok(failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn graph() -> Graph {
        let needs = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        [
            ("a", needs(&[])),
            ("b", needs(&["a"])),
            ("c", needs(&["b"])),
            ("d", needs(&[])),
        ]
        .map(|(name, needs)| (name.to_owned(), needs))
        .into()
    }

    async fn visited(
        on_failed: OnFailed,
        failing: &str,
        limit: usize,
    ) -> (Vec<String>, Vec<String>) {
        let order = RefCell::new(Vec::new());
        let failed = walk(
            &graph(),
            BTreeSet::new(),
            on_failed,
            |_| order.borrow().len() < limit,
            |name| {
                let order = &order;
                async move {
                    order.borrow_mut().push(name.clone());
                    Ok(if name == failing {
                        Visit::Failed
                    } else {
                        Visit::Done
                    })
                }
            },
        )
        .await
        .unwrap();
        (order.into_inner(), failed)
    }

    #[tokio::test]
    async fn needs_come_first_and_failures_hold_back_what_needs_them() {
        let (order, failed) = visited(OnFailed::Stop, "", 9).await;
        assert_eq!((order.len(), failed.len()), (4, 0));
        let place = |name: &str| order.iter().position(|visited| visited == name);
        assert!(place("a") < place("b") && place("b") < place("c"));
        let (order, failed) = visited(OnFailed::Skip, "b", 9).await;
        assert_eq!((order.len(), failed), (3, vec!["b".to_owned()]));
        let (order, failed) = visited(OnFailed::Stop, "a", 9).await;
        assert!(!order.contains(&"b".to_owned()));
        assert_eq!(failed, ["a"]);
    }

    #[tokio::test]
    async fn nothing_is_begun_once_it_may_not() {
        let (order, _) = visited(OnFailed::Stop, "", 1).await;
        assert!(order.len() <= 2, "{order:?}");
        assert!(!order.contains(&"c".to_owned()));
    }
}
