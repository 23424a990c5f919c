//! How the model is served.

use serde_json::{Value, json};

use super::image;
use crate::stack::{Capacity, Endpoint, InstanceCapacity, Rollout, Serverless, Share, Timespan};

/// The values of `endpoint`: either `serverless` is null or everything about instances is.
pub(super) fn values(endpoint: &Endpoint) -> Value {
    let mut values = match &endpoint.capacity {
        Capacity::Instances(capacity) => on_instances(capacity),
        Capacity::Serverless(capacity) => without_instances(*capacity),
    };
    values["image"] = image(&endpoint.image);
    values["startup_seconds"] = endpoint.startup_timeout.seconds().into();
    values["volume_key"] = json!(endpoint.volume_key);
    values["capture"] = json!(endpoint.capture.as_ref().map(|capture| json!({
        "percent": capture.percent,
        "retention_days": capture.retention_days,
        "key": capture.key,
    })));
    values
}

fn on_instances(capacity: &InstanceCapacity) -> Value {
    let scaling = capacity.autoscaling.as_ref();
    let count = scaling.map_or(capacity.count, |scaling| {
        // What is outside of the limits would be scaled at once.
        capacity.count.clamp(scaling.min, scaling.max)
    });
    json!({
        "serverless": null,
        "instances": capacity.instances,
        "count": count,
        "autoscaling": scaling.map(|scaling| json!({
            "min": scaling.min,
            "max": scaling.max,
            "invocations_per_instance": scaling.invocations_per_instance,
            "scale_out_seconds": scaling.scale_out_after.seconds(),
            "scale_in_seconds": scaling.scale_in_after.seconds(),
        })),
        "rollout": rollout(&capacity.rollout),
    })
}

fn without_instances(capacity: Serverless) -> Value {
    json!({
        "serverless": {
            "memory_mib": capacity.memory.mib(),
            "max_concurrency": capacity.max_concurrency,
            "provisioned_concurrency": capacity.provisioned_concurrency,
        },
        "instances": null,
        "count": null,
        "autoscaling": null,
        "rollout": null,
    })
}

/// How a new model takes over; null for all at once, which is what an endpoint does by itself.
fn rollout(rollout: &Rollout) -> Value {
    let step = |kind: &str, share: Share, wait: Timespan, longest: Option<Timespan>| {
        let (size_type, size) = match share {
            Share::Percent(percent) => ("CAPACITY_PERCENT", percent),
            Share::Instances(count) => ("INSTANCE_COUNT", count),
        };
        json!({
            "kind": kind,
            "size_type": size_type,
            "size": size,
            "wait_seconds": wait.seconds(),
            "max_seconds": longest.map(Timespan::seconds),
        })
    };
    match *rollout {
        Rollout::AllAtOnce => Value::Null,
        Rollout::Canary {
            size,
            wait,
            max_duration,
        } => step("canary", size, wait, max_duration),
        Rollout::Linear {
            step: size,
            wait,
            max_duration,
        } => step("linear", size, wait, max_duration),
        Rollout::Rolling {
            batch,
            wait,
            max_duration,
        } => step("rolling", batch, wait, max_duration),
    }
}
