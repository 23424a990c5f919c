//! The section `endpoint`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Image, OneOrMore};

/// How the model is served: on instances, or serverless.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Endpoint {
    /// The container image.
    #[schemars(extend("examples" = [{ "pytorch": "2.6.0", "transformers": "5.5.3" }]))]
    pub(in crate::stack) image: Image,
    /// The instance type, or up to five in the order of preference; not with `serverless`.
    #[schemars(extend("default" = null, "examples" = ["ml.m5.large", ["ml.c6i.large", "ml.m5.large"]]))]
    pub(in crate::stack) instance: Option<OneOrMore>,
    /// The number of instances.
    #[schemars(range(min = 1, max = 100), extend("default" = 1, "examples" = [2]))]
    pub(in crate::stack) count: Option<u32>,
    /// Follows the load with the number of instances; without it, the number stays.
    #[schemars(extend("default" = null, "examples" = [{ "min": 1, "max": 4, "invocations_per_instance": 200 }]))]
    pub(in crate::stack) autoscaling: Option<Autoscaling>,
    /// How a new model takes over from the old one.
    #[schemars(extend("default" = "all-at-once", "examples" = [{ "canary": { "size": "25%", "wait": "5m" } }]))]
    pub(in crate::stack) rollout: Option<Rollout>,
    /// Serves without instances; in place of `instance`, `count`, `autoscaling` and `rollout`. A request
    /// has at most 4 MiB. A change from instances, or to them, replaces the endpoint without downtime.
    #[schemars(extend("default" = null, "examples" = [{ "memory": "4 GiB", "max_concurrency": 5 }]))]
    pub(in crate::stack) serverless: Option<Serverless>,
    /// How long a container may take until it answers, `60s` to `1h`.
    #[schemars(extend("default" = "5m", "examples" = ["10m"]))]
    pub(in crate::stack) startup_timeout: Option<String>,
    /// Keeps a part of the requests and answers in the bucket, below `capture/`; not with `serverless`.
    #[schemars(extend("default" = null, "examples" = [{ "sample": "10%", "retention": "30d" }]))]
    pub(in crate::stack) capture: Option<Capture>,
    /// Keys of your own; without them, those of AWS.
    #[schemars(extend("default" = {}, "examples" = [{ "volume_key": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" }]))]
    pub(in crate::stack) encryption: Option<EndpointEncryption>,
}

/// Follows the load with the number of instances.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Autoscaling {
    /// The fewest instances.
    #[schemars(range(min = 1, max = 100), extend("examples" = [1]))]
    pub(in crate::stack) min: u32,
    /// The most instances.
    #[schemars(range(min = 1, max = 100), extend("examples" = [4]))]
    pub(in crate::stack) max: u32,
    /// Calls per instance and minute that it aims at.
    #[schemars(range(min = 1, max = 1_000_000), extend("examples" = [200]))]
    pub(in crate::stack) invocations_per_instance: u32,
    /// How long it waits after adding instances before it adds more, at most `1h`.
    #[schemars(extend("default" = "1m", "examples" = ["2m"]))]
    pub(in crate::stack) scale_out_after: Option<String>,
    /// How long it waits after removing instances before it removes more, at most `1h`.
    #[schemars(extend("default" = "10m", "examples" = ["15m"]))]
    pub(in crate::stack) scale_in_after: Option<String>,
}

/// How a new model takes over from the old one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::stack) enum Rollout {
    /// At once.
    Word(RolloutWord),
    /// Step by step.
    Gradual(Box<Gradual>),
}

/// The roll-outs that need no more than a word.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::stack) enum RolloutWord {
    /// The new fleet takes all traffic as soon as it answers.
    AllAtOnce,
}

/// A roll-out in steps, watched by the alarms: exactly one of the three.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub(in crate::stack) struct Gradual {
    /// A small part first, then all the rest.
    #[schemars(extend("default" = null, "examples" = [{ "size": "25%", "wait": "5m" }]))]
    pub(in crate::stack) canary: Option<Canary>,
    /// In equal steps.
    #[schemars(extend("default" = null, "examples" = [{ "step": "25%", "wait": "5m" }]))]
    pub(in crate::stack) linear: Option<Linear>,
    /// Batch by batch on the same fleet, without a second one.
    #[schemars(extend("default" = null, "examples" = [{ "batch": "25%", "wait": "5m" }]))]
    pub(in crate::stack) rolling: Option<Rolling>,
}

/// A small part first, then all the rest.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Canary {
    /// The first part: a percentage (at most `50%`) or a number of instances.
    #[schemars(extend("examples" = ["25%", 1]))]
    pub(in crate::stack) size: Portion,
    /// How long the alarms are watched before the next step, at most `1h`.
    #[schemars(extend("examples" = ["5m"]))]
    pub(in crate::stack) wait: String,
    /// The longest that all of it may take, `10m` to `8h`; without it, SageMaker's own limit.
    #[schemars(extend("default" = null, "examples" = ["1h"]))]
    pub(in crate::stack) max_duration: Option<String>,
}

/// In equal steps.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Linear {
    /// One step: a percentage (`10%` to `50%`) or a number of instances.
    #[schemars(extend("examples" = ["25%", 1]))]
    pub(in crate::stack) step: Portion,
    /// How long the alarms are watched before the next step, at most `1h`.
    #[schemars(extend("examples" = ["5m"]))]
    pub(in crate::stack) wait: String,
    /// The longest that all of it may take, `10m` to `8h`; without it, SageMaker's own limit.
    #[schemars(extend("default" = null, "examples" = ["1h"]))]
    pub(in crate::stack) max_duration: Option<String>,
}

/// Batch by batch on the same fleet.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Rolling {
    /// One batch: a percentage (`5%` to `50%`) or a number of instances.
    #[schemars(extend("examples" = ["25%", 1]))]
    pub(in crate::stack) batch: Portion,
    /// How long the alarms are watched before the next step, at most `1h`.
    #[schemars(extend("examples" = ["5m"]))]
    pub(in crate::stack) wait: String,
    /// The longest that all of it may take, `10m` to `8h`; without it, SageMaker's own limit.
    #[schemars(extend("default" = null, "examples" = ["1h"]))]
    pub(in crate::stack) max_duration: Option<String>,
}

/// A part of the fleet: a percentage such as `25%`, or a number of instances.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::stack) enum Portion {
    /// A number of instances.
    Instances(#[schemars(range(min = 1, max = 100))] u32),
    /// A percentage.
    Percent(String),
}

/// Serves without instances of one's own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Serverless {
    /// The memory of a container: `1 GiB` to `6 GiB`, whole.
    #[schemars(extend("default" = "4 GiB", "examples" = ["3 GiB"]))]
    pub(in crate::stack) memory: Option<String>,
    /// The most calls at once.
    #[schemars(range(min = 1, max = 200), extend("default" = 5, "examples" = [20]))]
    pub(in crate::stack) max_concurrency: Option<u32>,
    /// Calls at once that containers are kept ready for; without it, the first call waits for one.
    #[schemars(range(min = 1, max = 200), extend("default" = null, "examples" = [1]))]
    pub(in crate::stack) provisioned_concurrency: Option<u32>,
}

/// Keeps a part of the requests and answers.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Capture {
    /// The part of the requests: `1%` to `100%`.
    #[schemars(extend("default" = "100%", "examples" = ["10%"]))]
    pub(in crate::stack) sample: Option<String>,
    /// How long they are kept, in whole days.
    #[schemars(extend("default" = "30d", "examples" = ["7d"]))]
    pub(in crate::stack) retention: Option<String>,
}

/// The keys of the endpoint's disk and of what it keeps.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct EndpointEncryption {
    /// The ARN of the KMS key for the disk; not for instances with disks of their own.
    #[schemars(extend("default" = null, "examples" = ["arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]))]
    pub(in crate::stack) volume_key: Option<String>,
    /// The ARN of the KMS key for the requests and answers that `capture` keeps.
    #[schemars(extend("default" = null, "examples" = ["arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]))]
    pub(in crate::stack) capture_key: Option<String>,
}
