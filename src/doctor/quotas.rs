//! The account's quotas for the instances that the stack asks for.

use std::collections::BTreeSet;

use futures::FutureExt;

use super::account::failed;
use super::{Check, Finding};
use crate::cloud::quotas::{InstanceUse, SAGEMAKER, name};
use crate::cloud::{Cloud, FaultKind};
use crate::stack::{Capacity, InstanceCapacity, Rollout, Stack};

/// What the stack asks of a quota.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Demand {
    /// Name of the quota.
    quota: String,
    /// Instances that it needs.
    needed: u32,
    /// Instances that an update of the endpoint needs beside those for a while.
    beside: u32,
    /// Whether another type of a list would do.
    has_others: bool,
}

/// A check for each quota; all of them are one question.
pub fn quotas<'a>(cloud: &'a Cloud, stack: &'a Stack) -> Vec<Check<'a>> {
    let demands = demands(stack);
    let names: BTreeSet<String> = demands.iter().map(|demand| demand.quota.clone()).collect();
    let asked = async move { cloud.quotas.values(SAGEMAKER, &names).await };
    let asked = asked.boxed().shared();
    let check = |demand: Demand| {
        let asked = asked.clone();
        let (id, title) = (format!("quota.{}", demand.quota), demand.quota.clone());
        let looks = async move {
            match asked.await {
                Ok(values) => judged(&demand, values.get(&demand.quota).copied()),
                Err(fault) if fault.kind == FaultKind::Denied => Finding::skipped(
                    "not known: the credentials may not look quotas up (servicequotas:ListServiceQuotas)",
                ),
                Err(fault) => failed(&fault, "run it again"),
            }
        };
        Check::new(id, title, looks)
    };
    demands.into_iter().map(check).collect()
}

fn demands(stack: &Stack) -> Vec<Demand> {
    let mut demands = Vec::new();
    if let Some(training) = stack.training().filter(|_| stack.promotion.is_none()) {
        let purpose = match training.spot {
            Some(_) => InstanceUse::SpotTraining,
            None => InstanceUse::Training,
        };
        demands.extend(each(&training.instances, purpose, training.count, 0));
    }
    if let Capacity::Instances(capacity) = &stack.endpoint.capacity {
        let count = most(capacity);
        // A new fleet is made beside the old one, but for a rolling update ("Blue/Green Deployments" in the
        // SageMaker developer guide).
        let beside = match capacity.rollout {
            Rollout::Rolling { .. } => 0,
            _ => count,
        };
        demands.extend(each(
            &capacity.instances,
            InstanceUse::Endpoint,
            count,
            beside,
        ));
    }
    if let Some(batch) = &stack.batch {
        let one = std::slice::from_ref(&batch.instance);
        demands.extend(each(one, InstanceUse::Transform, batch.count, 0));
    }
    if let Some(notebook) = &stack.notebook {
        let one = std::slice::from_ref(&notebook.instance);
        demands.extend(each(one, InstanceUse::Notebook, 1, 0));
    }
    demands
}

/// The instances that an endpoint has at most.
fn most(capacity: &InstanceCapacity) -> u32 {
    let scaled = capacity.autoscaling.map(|scaling| scaling.max);
    scaled.unwrap_or(capacity.count).max(capacity.count)
}

fn each(
    instances: &[String],
    purpose: InstanceUse,
    needed: u32,
    beside: u32,
) -> impl Iterator<Item = Demand> {
    instances.iter().map(move |instance| Demand {
        quota: name(instance, purpose),
        needed,
        beside,
        has_others: instances.len() > 1,
    })
}

fn judged(demand: &Demand, value: Option<f64>) -> Finding {
    let Some(value) = value else {
        return Finding::skipped("not known: Service Quotas does not name it");
    };
    let (needed, all) = (demand.needed, demand.needed + demand.beside);
    let ask =
        "ask for more of it in the console (Service Quotas, Amazon SageMaker), which may take days";
    if value >= f64::from(all) {
        Finding::ok(format!("{value}, {all} needed"))
    } else if value >= f64::from(needed) {
        let found =
            format!("{value}: enough for {needed}, but an update makes as many beside them");
        Finding::warning(
            found,
            format!("{ask}, or set `endpoint.rollout` to `rolling`"),
        )
    } else if demand.has_others {
        Finding::warning(
            format!("{value}, {needed} needed; other types of the list are tried"),
            ask,
        )
    } else {
        let found = format!("{value}, {needed} needed");
        Finding::failed(
            found,
            format!("{ask}, or name other instance types in the stack file"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use crate::stack::StackFile;

    fn shipped(environment: &str) -> Stack {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = StackFile::read(&root.join("stacks/news-classifier/stack.yaml")).unwrap();
        file.environment(environment).unwrap()
    }

    #[test]
    fn everything_that_runs_on_instances_asks_for_its_quota() {
        let named = |environment| {
            let demands = demands(&shipped(environment)).into_iter();
            let told = demands.map(|demand| (demand.quota, demand.needed, demand.beside));
            told.collect::<Vec<_>>()
        };
        assert_eq!(
            named("staging"),
            [
                ("ml.g4dn.xlarge for training job usage".to_owned(), 1, 0),
                ("ml.m5.large for endpoint usage".to_owned(), 1, 1),
                ("ml.m5.xlarge for transform job usage".to_owned(), 1, 0),
            ]
        );
        // It takes releases over, and never trains.
        assert_eq!(
            named("prod")[0],
            ("ml.m5.xlarge for endpoint usage".to_owned(), 2, 2)
        );
    }

    #[test]
    fn a_quota_is_enough_for_an_update_for_now_or_not() {
        let demand = |has_others| Demand {
            quota: "q".into(),
            needed: 2,
            beside: 2,
            has_others,
        };
        let state = |has_others, value| judged(&demand(has_others), value).state;
        assert_eq!(state(false, Some(4.0)), State::Ok);
        assert_eq!(state(false, Some(3.0)), State::Warning);
        assert_eq!(state(false, Some(1.0)), State::Failed);
        assert_eq!(state(true, Some(1.0)), State::Warning);
        assert_eq!(state(false, None), State::Skipped);
    }
}
