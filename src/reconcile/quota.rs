//! Looks at the account's quotas before a training job asks for an instance that it may not have.
//!
//! SageMaker refuses such a job itself, but only once everything before it is done, and new accounts may
//! have none of many GPU types.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Session;
use super::error::ReconcileError;
use super::progress::Event;
use crate::cloud::FaultKind;
use crate::cloud::quotas::{InstanceUse, SAGEMAKER, name};
use crate::plan::{Action, Desired, Plan, StepKind};

/// What a training job asks of the account.
#[derive(Debug, PartialEq)]
struct Demand {
    /// Names of the quotas, one for each instance type that would do.
    quotas: BTreeSet<String>,
    /// Instances that it needs of one type.
    instances: f64,
}

/// Refuses a plan that trains on instances of which the account may have too few, where that can be told.
///
/// # Errors
/// [`ReconcileError::QuotaTooLow`] when every instance type that would do has too low a quota.
pub(super) async fn check(
    session: &Session,
    desired: &Desired,
    plan: &Plan,
) -> Result<(), ReconcileError> {
    let starts = |kind, action| kind == StepKind::Training && action == Action::Create;
    if !plan.steps.iter().any(|step| starts(step.kind, step.action)) {
        return Ok(());
    }
    let request = desired.training().map(|training| &training.request);
    let Some(demand) = request.and_then(demand) else {
        return Ok(());
    };
    let values = match session.cloud.quotas.values(SAGEMAKER, &demand.quotas).await {
        Ok(values) => values,
        // Whoever may train need not be allowed to look quotas up.
        Err(fault) if fault.kind == FaultKind::Denied => return Ok(()),
        Err(fault) => {
            let text = format!("the quota of training instances is not known, so on: {fault}");
            session.observer.event(Event::Notice { text });
            return Ok(());
        }
    };
    let low: Vec<(String, f64)> = values
        .into_iter()
        .filter(|(_, value)| *value < demand.instances)
        .collect();
    if low.len() == demand.quotas.len() {
        return Err(ReconcileError::QuotaTooLow {
            quotas: low,
            needed: demand.instances,
        });
    }
    for (name, value) in low {
        let needed = demand.instances;
        let text =
            format!("the quota `{name}` is {value}, so {needed} cannot be had; others are tried");
        session.observer.event(Event::Notice { text });
    }
    Ok(())
}

/// Reads the demand from a `CreateTrainingJob` request; `None` when it names no instance type.
fn demand(request: &Value) -> Option<Demand> {
    let resources = request.get("ResourceConfig")?;
    let spot = request.get("EnableManagedSpotTraining") == Some(&Value::Bool(true));
    let purpose = if spot {
        InstanceUse::SpotTraining
    } else {
        InstanceUse::Training
    };
    let preferred = resources
        .get("InstancePreferences")
        .and_then(Value::as_array);
    let types = preferred
        .into_iter()
        .flatten()
        .chain([resources])
        .filter_map(|entry| entry.get("InstanceType")?.as_str());
    let quotas: BTreeSet<String> = types.map(|instance| name(instance, purpose)).collect();
    let instances = resources.get("InstanceCount").and_then(Value::as_f64);
    (!quotas.is_empty()).then(|| Demand {
        quotas,
        instances: instances.unwrap_or(1.0),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_type_that_would_do_counts_for_its_purpose() {
        let one = json!({"ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 2}});
        let expected = Demand {
            quotas: ["ml.p3.2xlarge for training job usage".to_owned()].into(),
            instances: 2.0,
        };
        assert_eq!(demand(&one), Some(expected));
        let several = json!({
            "EnableManagedSpotTraining": true,
            "ResourceConfig": {
                "InstancePreferences": [
                    {"InstanceType": "ml.g5.xlarge"}, {"InstanceType": "ml.g4dn.xlarge"},
                ],
                "InstanceCount": 1,
            },
        });
        let quotas = demand(&several).unwrap().quotas;
        assert_eq!(
            quotas.into_iter().collect::<Vec<_>>(),
            [
                "ml.g4dn.xlarge for spot training job usage",
                "ml.g5.xlarge for spot training job usage",
            ]
        );
        assert_eq!(demand(&json!({"ResourceConfig": {}})), None);
    }
}
