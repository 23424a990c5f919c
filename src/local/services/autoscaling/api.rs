//! The operations on targets and policies, by name.

use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

use super::AutoScaling;
use super::model::{DIMENSION, NAMESPACE, Policy, Target, invalid, key, unsupported, whole};
use crate::local::wire::json::{answer, input, operation};
use crate::local::wire::{ApiError, ApiRequest};

/// Answers a request in awsJson, the only protocol of the service.
pub(super) fn handle(service: &AutoScaling, request: &ApiRequest) -> Response<Body> {
    let region = &request.region;
    let result = input::<Value>(&request.body).and_then(|input| {
        let operation = operation(&request.headers).unwrap_or_default();
        match operation {
            "RegisterScalableTarget" => {
                let target = service.register(region, &input, "")?;
                Ok(json!({ "ScalableTargetARN": target.arn() }))
            }
            "DescribeScalableTargets" => Ok(service.describe_targets(region, &input)),
            "DeregisterScalableTarget" => {
                service.deregister(region, id(&input)?)?;
                Ok(json!({}))
            }
            "PutScalingPolicy" => {
                let policy = Policy::read(text(&input, "PolicyName")?, &input, service.now())?;
                let arn = service.put_policy(region, id(&input)?, policy)?;
                Ok(json!({ "PolicyARN": arn, "Alarms": [] }))
            }
            "DescribeScalingPolicies" => Ok(service.describe_policies(region, &input)),
            "DeleteScalingPolicy" => {
                service.delete_policy(region, id(&input)?, text(&input, "PolicyName")?)?;
                Ok(json!({}))
            }
            other => Err(ApiError::not_emulated("Application Auto Scaling", other)),
        }
    });
    answer(result)
}

impl AutoScaling {
    pub(super) fn now(&self) -> f64 {
        self.parts.clock.epoch_seconds()
    }

    /// Registers a target, or gives a registered one new bounds.
    pub(super) fn register(
        &self,
        region: &str,
        input: &Value,
        owner: &str,
    ) -> Result<Target, ApiError> {
        let id = id(input)?;
        if input.get("SuspendedState").is_some() || input.get("ScheduledActions").is_some() {
            return Err(unsupported("suspended and scheduled scaling"));
        }
        let (endpoint, variant) = Target::names(id)
            .ok_or_else(|| invalid(format!("Unsupported service resource ID: {id}")))?;
        let variants = &self.parts.variants;
        if variants.count(region, endpoint, variant).is_none() {
            return Err(invalid(format!(
                "No variant found for service namespace: {NAMESPACE}, resource ID: {id}"
            )));
        }
        let now = self.now();
        let registered = self.state.write(|state| {
            let known = state.targets.get(&key(region, id));
            let bound = |member: &str, known: Option<u64>| {
                let given = whole(&input[member]).or(known);
                given.ok_or_else(|| invalid(format!("{member} must be given for a new target.")))
            };
            let (min, max) = (
                bound("MinCapacity", known.map(|known| known.min))?,
                bound("MaxCapacity", known.map(|known| known.max))?,
            );
            if min > max {
                return Err(invalid(
                    "Maximum capacity cannot be less than minimum capacity",
                ));
            }
            let target = match known {
                Some(known) => Target {
                    min,
                    max,
                    ..known.clone()
                },
                None => Target {
                    account: self.parts.account.clone(),
                    region: region.to_owned(),
                    id: id.to_owned(),
                    min,
                    max,
                    created: now,
                    owner: owner.to_owned(),
                    policies: std::collections::BTreeMap::new(),
                    raised: None,
                    lowered: None,
                },
            };
            state.targets.insert(key(region, id), target.clone());
            Ok::<_, ApiError>(target)
        })?;
        self.wake.notify_one();
        Ok(registered)
    }

    /// Forgets a target with its policies.
    pub(super) fn deregister(&self, region: &str, id: &str) -> Result<(), ApiError> {
        self.state.write(|state| {
            state.target(region, id)?;
            state.targets.remove(&key(region, id));
            Ok(())
        })
    }

    /// Puts a policy on a target, in the place of one of its name; returns its ARN.
    pub(super) fn put_policy(
        &self,
        region: &str,
        id: &str,
        policy: Policy,
    ) -> Result<String, ApiError> {
        self.state.write(|state| {
            let target = state.target(region, id)?;
            let arn = policy.arn(target);
            target.policies.insert(policy.name.clone(), policy);
            Ok(arn)
        })
    }

    pub(super) fn delete_policy(&self, region: &str, id: &str, name: &str) -> Result<(), ApiError> {
        self.state.write(|state| {
            let removed = state.target(region, id)?.policies.remove(name);
            removed.map(|_| ()).ok_or_else(|| {
                ApiError::client(
                    "ObjectNotFoundException",
                    format!("No scaling policy found with name: {name}"),
                )
            })
        })
    }

    fn describe_targets(&self, region: &str, input: &Value) -> Value {
        let ids = &input["ResourceIds"];
        let found = self.found(region, |target| {
            let asked = ids
                .as_array()
                .is_none_or(|ids| ids.is_empty() || ids.iter().any(|id| *id == target.id.as_str()));
            if asked {
                vec![target.describe()]
            } else {
                Vec::new()
            }
        });
        json!({ "ScalableTargets": found })
    }

    fn describe_policies(&self, region: &str, input: &Value) -> Value {
        let wanted = input["ResourceId"].as_str();
        let names = &input["PolicyNames"];
        let asked_for = |name: &str| {
            names
                .as_array()
                .is_none_or(|names| names.is_empty() || names.iter().any(|one| *one == name))
        };
        let found = self.found(region, |target| {
            let policies = target.policies.values();
            let here = wanted.is_none_or(|id| id == target.id);
            policies
                .filter(|policy| here && asked_for(&policy.name))
                .map(|policy| policy.describe(target))
                .collect()
        });
        json!({ "ScalingPolicies": found })
    }

    fn found(&self, region: &str, describe: impl Fn(&Target) -> Vec<Value>) -> Vec<Value> {
        self.state.read(|state| {
            let targets = state.targets.values();
            let here = targets.filter(|target| target.region == region);
            here.flat_map(describe).collect()
        })
    }
}

fn text<'a>(input: &'a Value, member: &str) -> Result<&'a str, ApiError> {
    let text = input[member].as_str();
    text.ok_or_else(|| invalid(format!("{member} must be given.")))
}

/// Reads what is to be scaled, the only thing of its kind that there is.
pub(super) fn id(input: &Value) -> Result<&str, ApiError> {
    let namespace = text(input, "ServiceNamespace")?;
    let dimension = text(input, "ScalableDimension")?;
    if namespace != NAMESPACE || dimension != DIMENSION {
        return Err(unsupported(format!("scaling {namespace} {dimension}")));
    }
    text(input, "ResourceId")
}
