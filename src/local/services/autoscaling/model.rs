//! What the service keeps: targets, and policies on them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::local::default_account;
use crate::local::wire::ApiError;

/// The one namespace that there is something to scale in.
pub(super) const NAMESPACE: &str = "sagemaker";
/// The one dimension of it.
pub(super) const DIMENSION: &str = "sagemaker:variant:DesiredInstanceCount";
/// The one metric that policies track.
pub(super) const METRIC: &str = "SageMakerVariantInvocationsPerInstance";

/// Seconds between two activities where a policy does not say ("Define cooldown periods", Application
/// Auto Scaling user guide).
const COOLDOWN: u64 = 300;

/// Everything that is kept, by `<region>/<resource id>`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) targets: BTreeMap<String, Target>,
}

impl State {
    /// Finds a target.
    ///
    /// # Errors
    /// It is not there.
    pub(super) fn target(&mut self, region: &str, id: &str) -> Result<&mut Target, ApiError> {
        self.targets.get_mut(&key(region, id)).ok_or_else(|| {
            ApiError::client(
                "ObjectNotFoundException",
                format!(
                    "No scalable target registered for service namespace: {NAMESPACE}, resource ID: \
                     {id}, scalable dimension: {DIMENSION}"
                ),
            )
        })
    }
}

/// Names a target in a region.
pub(super) fn key(region: &str, id: &str) -> String {
    format!("{region}/{id}")
}

/// A variant whose number of instances is scaled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Target {
    /// Absent in states of older engines.
    #[serde(default = "default_account")]
    pub(super) account: String,
    pub(super) region: String,
    /// `endpoint/<name>/variant/<name>`.
    pub(super) id: String,
    pub(super) min: u64,
    pub(super) max: u64,
    /// Seconds since the Unix epoch.
    pub(super) created: f64,
    /// Which resource of which stack it is, so that a repeated creation finds its own work.
    pub(super) owner: String,
    /// By name.
    pub(super) policies: BTreeMap<String, Policy>,
    /// When the number was last raised and lowered, in seconds since the Unix epoch.
    pub(super) raised: Option<f64>,
    pub(super) lowered: Option<f64>,
}

impl Target {
    /// Splits an id into the names of endpoint and variant.
    pub(super) fn names(id: &str) -> Option<(&str, &str)> {
        id.strip_prefix("endpoint/")?.split_once("/variant/")
    }

    pub(super) fn arn(&self) -> String {
        let name = self.id.replace('/', "-");
        format!(
            "arn:aws:application-autoscaling:{}:{}:scalable-target/{name}",
            self.region, self.account
        )
    }

    pub(super) fn describe(&self) -> Value {
        json!({
            "ServiceNamespace": NAMESPACE,
            "ResourceId": self.id,
            "ScalableDimension": DIMENSION,
            "MinCapacity": self.min,
            "MaxCapacity": self.max,
            "RoleARN": role(&self.account),
            "CreationTime": self.created,
            "ScalableTargetARN": self.arn(),
        })
    }
}

/// The service-linked role that AWS makes for endpoints.
fn role(account: &str) -> String {
    format!(
        "arn:aws:iam::{account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/\
         AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    )
}

/// A target-tracking policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Policy {
    pub(super) name: String,
    /// Invocations of one instance in a minute that are aimed at.
    pub(super) aim: f64,
    /// Seconds from raising the number to raising it again.
    pub(super) out_cooldown: u64,
    /// Seconds from any change to lowering the number.
    pub(super) in_cooldown: u64,
    pub(super) never_in: bool,
    /// Seconds since the Unix epoch.
    pub(super) created: f64,
    pub(super) owner: String,
}

impl Policy {
    /// Reads the members of a request, which are those of a template too.
    ///
    /// # Errors
    /// It is wrong, or asks for what the engine does not emulate.
    pub(super) fn read(name: &str, input: &Value, now: f64) -> Result<Self, ApiError> {
        match input["PolicyType"].as_str() {
            Some("TargetTrackingScaling") => {}
            other => return Err(unsupported(format!("the policy type {other:?}"))),
        }
        let config = &input["TargetTrackingScalingPolicyConfiguration"];
        let known = [
            "DisableScaleIn",
            "PredefinedMetricSpecification",
            "ScaleInCooldown",
            "ScaleOutCooldown",
            "TargetValue",
        ];
        for member in config.as_object().into_iter().flat_map(|map| map.keys()) {
            if !known.contains(&member.as_str()) {
                return Err(unsupported(format!("{member} of a scaling policy")));
            }
        }
        let metric = config.pointer("/PredefinedMetricSpecification/PredefinedMetricType");
        if metric.and_then(Value::as_str) != Some(METRIC) {
            return Err(unsupported(
                "tracking anything but the invocations per instance",
            ));
        }
        let aim = number(&config["TargetValue"]).filter(|aim| *aim > 0.0);
        Ok(Self {
            name: name.to_owned(),
            aim: aim.ok_or_else(|| invalid("TargetValue must be a positive number."))?,
            out_cooldown: whole(&config["ScaleOutCooldown"]).unwrap_or(COOLDOWN),
            in_cooldown: whole(&config["ScaleInCooldown"]).unwrap_or(COOLDOWN),
            never_in: matches!(&config["DisableScaleIn"], Value::Bool(true))
                || config["DisableScaleIn"] == "true",
            created: now,
            owner: String::new(),
        })
    }

    /// Returns the policy's ARN on a target.
    pub(super) fn arn(&self, target: &Target) -> String {
        format!(
            "arn:aws:autoscaling:{}:{}:scalingPolicy:{NAMESPACE}/{}:policyName/{}",
            target.region, target.account, target.id, self.name
        )
    }

    pub(super) fn describe(&self, target: &Target) -> Value {
        json!({
            "PolicyARN": self.arn(target),
            "PolicyName": self.name,
            "ServiceNamespace": NAMESPACE,
            "ResourceId": target.id,
            "ScalableDimension": DIMENSION,
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": self.config(),
            "Alarms": [],
            "CreationTime": self.created,
        })
    }

    /// Returns the configuration as it was asked for.
    pub(super) fn config(&self) -> Value {
        json!({
            "TargetValue": self.aim,
            "PredefinedMetricSpecification": { "PredefinedMetricType": METRIC },
            "ScaleOutCooldown": self.out_cooldown,
            "ScaleInCooldown": self.in_cooldown,
            "DisableScaleIn": self.never_in,
        })
    }
}

/// Reads a number, which templates may also write as a string.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    }
}

/// Reads a whole number, which templates may also write as a string.
pub(super) fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationException", message)
}

pub(super) fn unsupported(what: impl std::fmt::Display) -> ApiError {
    invalid(format!("the local engine does not emulate {what}"))
}
