//! `AWS::ApplicationAutoScaling::ScalableTarget` and `AWS::ApplicationAutoScaling::ScalingPolicy`.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::AutoScaling;
use super::api::id;
use super::model::{DIMENSION, NAMESPACE, Policy, key, number};
use crate::local::resource::{
    Live, Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType, TIME_LIMIT,
};
use crate::local::wire::ApiError;

/// The one property of a policy that can change.
const MEMBER: &str = "TargetTrackingScalingPolicyConfiguration";

/// Provider of targets. The physical id is `<resource id>|<dimension>|<namespace>`.
pub(super) struct Targets(pub(super) Arc<AutoScaling>);

/// Provider of policies. The physical id is the ARN.
pub(super) struct Policies(pub(super) Arc<AutoScaling>);

const TARGET: ResourceType = ResourceType {
    name: "AWS::ApplicationAutoScaling::ScalableTarget",
    properties: &[
        "MaxCapacity",
        "MinCapacity",
        "ResourceId",
        "RoleARN",
        "ScalableDimension",
        "ServiceNamespace",
        "Tags",
    ],
    required: &[
        "MaxCapacity",
        "MinCapacity",
        "ResourceId",
        "ScalableDimension",
        "ServiceNamespace",
    ],
    create_only: &["ResourceId", "ScalableDimension", "ServiceNamespace"],
    time_limit: TIME_LIMIT,
};

#[async_trait]
impl ResourceProvider for Targets {
    fn definition(&self) -> ResourceType {
        TARGET
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let (region, owner) = (&request.region, owner(request));
        let id = id(&request.properties).map_err(fault)?;
        let known = self.0.state.read(|state| {
            let target = state.targets.get(&key(region, id));
            target.map(|target| target.owner.clone())
        });
        if known.is_some_and(|known| known != owner) {
            return Err(ResourceError::new(format!(
                "{} already exists",
                physical(id)
            )));
        }
        let registered = self.0.register(region, &request.properties, &owner);
        registered.map_err(fault)?;
        Ok(target(id))
    }

    async fn update(
        &self,
        _physical_id: &str,
        _previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        self.create(request).await
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        let (id, _) = physical_id.split_once('|').unwrap_or((physical_id, ""));
        let removed = self.0.state.write(|state| {
            state.targets.retain(|_, target| target.id != id);
            Ok::<_, ApiError>(())
        });
        removed.map_err(fault)
    }

    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        let (id, _) = physical_id.split_once('|').unwrap_or((physical_id, ""));
        Ok(self.0.state.read(
            |state| match state.targets.values().find(|target| target.id == id) {
                Some(target) => Live::over(
                    expected,
                    [
                        ("MinCapacity", json!(target.min)),
                        ("MaxCapacity", json!(target.max)),
                    ],
                ),
                None => Live::Missing,
            },
        ))
    }
}

const POLICY: ResourceType = ResourceType {
    name: "AWS::ApplicationAutoScaling::ScalingPolicy",
    properties: &[
        "PolicyName",
        "PolicyType",
        "ResourceId",
        "ScalableDimension",
        "ScalingTargetId",
        "ServiceNamespace",
        "TargetTrackingScalingPolicyConfiguration",
    ],
    required: &["PolicyName", "PolicyType"],
    create_only: &[
        "PolicyName",
        "ResourceId",
        "ScalableDimension",
        "ScalingTargetId",
        "ServiceNamespace",
    ],
    time_limit: TIME_LIMIT,
};

#[async_trait]
impl ResourceProvider for Policies {
    fn definition(&self) -> ResourceType {
        POLICY
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let id = match request.string("ScalingTargetId") {
            Some(target) => target.split_once('|').map_or(target, |(id, _)| id),
            None => id(&request.properties).map_err(fault)?,
        };
        let name = request.string("PolicyName").unwrap_or_default();
        let policy = Policy::read(name, &request.properties, self.0.now());
        let mut policy = policy.map_err(fault)?;
        policy.owner = owner(request);
        let put = self.0.put_policy(&request.region, id, policy);
        Ok(Resource {
            physical_id: put.map_err(fault)?,
            attributes: BTreeMap::new(),
        })
    }

    async fn update(
        &self,
        _physical_id: &str,
        _previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        self.create(request).await
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        let removed = self.0.state.write(|state| {
            for target in state.targets.values_mut() {
                let like = target.clone();
                let other = |policy: &Policy| policy.arn(&like) != physical_id;
                target.policies.retain(|_, policy| other(policy));
            }
            Ok::<_, ApiError>(())
        });
        removed.map_err(fault)
    }

    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        let found = self.0.state.read(|state| {
            let targets = state.targets.values();
            let mut policies = targets.flat_map(|target| {
                let policies = target.policies.values();
                policies.map(move |policy| (policy.arn(target), policy.config()))
            });
            policies.find(|(arn, _)| arn == physical_id)
        });
        let Some((_, config)) = found else {
            return Ok(Live::Missing);
        };
        // Only what the template sets: the rest are the service's own values.
        let mut read = expected[MEMBER].clone();
        for (member, value) in read.as_object_mut().into_iter().flatten() {
            let same = number(value) == number(&config[&**member]);
            if !same {
                *value = config[&**member].clone();
            }
        }
        Ok(Live::over(expected, [(MEMBER, read)]))
    }
}

fn physical(id: &str) -> String {
    format!("{id}|{DIMENSION}|{NAMESPACE}")
}

fn target(id: &str) -> Resource {
    Resource {
        physical_id: physical(id),
        attributes: BTreeMap::from([("Id".to_owned(), physical(id).into())]),
    }
}

fn owner(request: &ResourceRequest) -> String {
    format!("{}/{}", request.stack_id, request.logical_id)
}

fn fault(error: ApiError) -> ResourceError {
    ResourceError::new(error.message)
}
