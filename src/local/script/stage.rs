//! A script being played: which rule applies, and which are used up.

use std::sync::{Mutex, PoisonError};

use super::{Act, Deployment, Job, Rule, Script, Transform};

/// The script of an open engine.
#[derive(Debug)]
pub(in crate::local) struct Stage {
    jobs: Cues<Job>,
    transforms: Cues<Transform>,
    deployments: Cues<Deployment>,
    resources: Cues<Act>,
}

impl Stage {
    /// Begins to play a script.
    pub(in crate::local) fn new(script: Script) -> Self {
        Self {
            jobs: Cues::new(script.jobs),
            transforms: Cues::new(script.transforms),
            deployments: Cues::new(script.deployments),
            resources: Cues::new(script.resources),
        }
    }

    /// What happens to a training job.
    pub(in crate::local) fn job(&self, described: &str) -> Job {
        self.jobs.next(described)
    }

    /// What happens to a transform job.
    pub(in crate::local) fn transform(&self, described: &str) -> Transform {
        self.transforms.next(described)
    }

    /// What happens to a deployment.
    pub(in crate::local) fn deployment(&self, described: &str) -> Deployment {
        self.deployments.next(described)
    }

    /// What happens to a resource.
    pub(super) fn resource(&self, described: &str) -> Act {
        self.resources.next(described)
    }
}

/// Rules, and how often each has applied.
#[derive(Debug)]
struct Cues<T> {
    rules: Mutex<Vec<(Rule<T>, u32)>>,
}

impl<T: Clone + Default> Cues<T> {
    fn new(rules: Vec<Rule<T>>) -> Self {
        let rules = rules.into_iter().map(|rule| (rule, 0)).collect();
        Self {
            rules: Mutex::new(rules),
        }
    }

    fn next(&self, described: &str) -> T {
        // Counting cannot panic half-way, so a poisoned lock is still whole.
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let found = rules.iter_mut().find(|(rule, used)| {
            rule.times.is_none_or(|times| *used < times)
                && rule.words.iter().all(|word| described.contains(word))
        });
        match found {
            Some((rule, used)) => {
                *used += 1;
                rule.then.clone()
            }
            None => T::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn act(reason: &str) -> Act {
        Act {
            fails: Some(reason.to_owned()),
            ..Act::default()
        }
    }

    #[test]
    fn the_first_rule_counts_that_fits_and_is_not_used_up() {
        let stage = Stage::new(Script {
            resources: vec![
                Rule::new(&["create ", "Bucket"], act("once")).times(1),
                Rule::new(&["Bucket"], act("always")),
            ],
            ..Script::default()
        });
        let reasons = [
            "create Bucket",
            "create Bucket",
            "delete Bucket",
            "create Role",
        ]
        .map(|described| stage.resource(described).fails);
        let expected = [Some("once"), Some("always"), Some("always"), None];
        assert_eq!(reasons, expected.map(|reason| reason.map(str::to_owned)));
    }
}
