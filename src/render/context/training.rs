//! How the model is trained.

use serde_json::{Value, json};

use super::image;
use crate::stack::{Launch, Timespan, Training};

/// The values of `training`.
pub(super) fn values(training: &Training) -> Value {
    let network = &training.network;
    json!({
        "entry_point": training.entry_point,
        "launch": match training.launch {
            Launch::Script => "script",
            Launch::Toolkit => "toolkit",
        },
        "image": image(&training.image),
        "instances": training.instances,
        "count": training.count,
        "spot": training.spot.as_ref().map(|spot| json!({
            "max_wait_seconds": spot.max_wait.seconds(),
        })),
        "volume_gib": training.volume.mib() / 1024,
        "max_run_seconds": training.max_run.seconds(),
        "max_pending_seconds": training.max_pending.map(Timespan::seconds),
        "keep_alive_seconds": training.keep_alive.map(Timespan::seconds),
        "retries": training.retries,
        "checkpoints": training.keeps_checkpoints(),
        "environment": pairs(&training.environment),
        "hyperparameters": pairs(&training.hyperparameters),
        "metrics": pairs(&training.metrics),
        "vpc": network.vpc.as_ref().map(|vpc| json!({
            "subnets": vpc.subnets,
            "security_groups": vpc.security_groups,
        })),
        "isolation": network.isolation,
        "encrypt_traffic": network.encrypt_traffic,
        "volume_key": training.encryption.volume_key,
        "output_key": training.encryption.output_key,
    })
}

fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a String, &'a String)>) -> Value {
    pairs
        .into_iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect()
}
