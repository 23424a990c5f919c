//! What a plan was made from, as facts that can be compared later.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::observed::Observed;
use super::parameters::FINGERPRINT;
use super::record::ModelRecord;
use crate::cloud::stacks::StackState;

/// Observed facts by name. They hold names, statuses and digests only, nothing secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis(BTreeMap<String, String>);

impl Basis {
    /// Takes from an observation what plans depend on.
    pub fn of(observed: &Observed) -> Self {
        let mut facts = BTreeMap::from([("account".to_owned(), observed.account.clone())]);
        for (name, state) in [
            ("foundation", &observed.foundation),
            ("service", &observed.service),
        ] {
            stack(&mut facts, name, state.as_ref());
        }
        let inside = &observed.inside;
        for key in &inside.uploaded {
            facts.insert(format!("object {key}"), "there".to_owned());
        }
        for job in inside.attempts.iter().chain(&inside.jobs) {
            facts.insert(
                format!("training job {}", job.name),
                format!("{:?}", job.phase),
            );
        }
        // Those of the past stay for ever, and change nothing.
        for job in inside
            .transforms
            .iter()
            .filter(|job| !job.phase.is_settled())
        {
            facts.insert(
                format!("batch job {}", job.name),
                format!("{:?}", job.phase),
            );
        }
        let trained = |record: &ModelRecord| record.trained.as_ref()?.model.clone();
        if let Some(model) = inside.record.as_ref().and_then(trained) {
            facts.insert("model of the training key".to_owned(), model);
        }
        for item in &inside.items {
            facts.insert(item.to_string(), "there".to_owned());
        }
        Self(facts)
    }

    /// Says what has changed since, a line for each fact; empty when nothing has.
    pub fn moved(&self, now: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.0.keys().chain(now.0.keys()).collect();
        let differing = names.into_iter().filter_map(|name| {
            let (before, after) = (self.0.get(name), now.0.get(name));
            let word =
                |value: Option<&String>| value.map_or_else(|| "not there".to_owned(), Clone::clone);
            (before != after).then(|| format!("{name}: was {}, is {}", word(before), word(after)))
        });
        differing.collect()
    }
}

fn stack(facts: &mut BTreeMap<String, String>, name: &str, state: Option<&StackState>) {
    let Some(state) = state else { return };
    let content = state.parameters.get(FINGERPRINT).cloned();
    let pairs = [
        ("stack", state.id.clone()),
        ("status", state.status.to_string()),
        ("last operation", state.revision.clone()),
        ("content", content.unwrap_or_default()),
    ];
    for (what, value) in pairs {
        if !value.is_empty() {
            facts.insert(format!("{name} {what}"), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basis(pairs: &[(&str, &str)]) -> Basis {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Basis(pairs.iter().map(pair).collect())
    }

    #[test]
    fn what_moved_is_named_from_both_sides() {
        let before = basis(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let after = basis(&[("a", "1"), ("b", "5"), ("d", "4")]);
        assert_eq!(
            before.moved(&after),
            [
                "b: was 2, is 5",
                "c: was 3, is not there",
                "d: was not there, is 4"
            ]
        );
        assert!(before.moved(&before).is_empty());
    }
}
