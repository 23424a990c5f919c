//! The sections `batch`, `notebook`, `registry`, `alarms`, `logs` and `checks`.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// Classifying in bulk.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Batch {
    /// The instance type.
    #[schemars(extend("examples" = ["ml.m5.xlarge"]))]
    pub(in crate::stack) instance: String,
    /// The number of instances; a file is never split over several.
    #[schemars(range(min = 1, max = 100), extend("default" = 1, "examples" = [2]))]
    pub(in crate::stack) count: Option<u32>,
    /// Whether a request carries one record or as many as fit.
    #[schemars(extend("default" = "single-record", "examples" = ["multi-record"]))]
    pub(in crate::stack) strategy: Option<Strategy>,
    /// The largest request, `1 MiB` to `100 MiB`.
    #[schemars(extend("default" = "6 MiB", "examples" = ["1 MiB"]))]
    pub(in crate::stack) max_payload: Option<String>,
    /// Requests to one instance at once; times `max_payload` at most 100 MiB. Without it, as the
    /// container says.
    #[schemars(range(min = 1, max = 100), extend("default" = null, "examples" = [4]))]
    pub(in crate::stack) max_concurrency: Option<u32>,
}

/// How records are put into requests.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub(in crate::stack) enum Strategy {
    /// One record in each.
    SingleRecord,
    /// As many as fit.
    MultiRecord,
}

/// A notebook instance to explore the data on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Notebook {
    /// The instance type.
    #[schemars(extend("default" = "ml.t3.medium", "examples" = ["ml.t3.large"]))]
    pub(in crate::stack) instance: Option<String>,
    /// Its disk, `5 GiB` to `16 TiB`.
    #[schemars(extend("default" = "20 GiB", "examples" = ["50 GiB"]))]
    pub(in crate::stack) volume: Option<String>,
}

/// Models that served, entered into the SageMaker Model Registry.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Registry {
    /// The model package group, of the account and region. Environments that promote from one another may
    /// share one.
    #[schemars(extend("examples" = ["headlines-classifier"]))]
    pub(in crate::stack) group: String,
}

/// Alarms on what is served.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Alarms {
    /// Server errors within a window that raise an alarm.
    #[schemars(range(min = 1, max = 1_000_000), extend("default" = 5, "examples" = [10]))]
    pub(in crate::stack) errors: Option<u32>,
    /// The time that 95 of 100 answers of the model must stay below, such as `800ms`, at most `60s`.
    #[schemars(extend("default" = "2s", "examples" = ["800ms"]))]
    pub(in crate::stack) latency: Option<String>,
    /// The part of an instance's memory in use that raises an alarm, `1%` to `100%`.
    #[schemars(extend("default" = "90%", "examples" = ["80%"]))]
    pub(in crate::stack) memory: Option<String>,
    /// The window: whole minutes, `1m` to `1h`.
    #[schemars(extend("default" = "5m", "examples" = ["1m"]))]
    pub(in crate::stack) window: Option<String>,
    /// The ARN of the SNS topic that is told; without it, nobody is.
    #[schemars(extend("default" = null, "examples" = ["arn:aws:sns:eu-west-1:111122223333:on-call"]))]
    pub(in crate::stack) notify: Option<String>,
}

/// What is kept of the logs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Logs {
    /// How long a line is kept.
    #[schemars(extend("default" = "30d", "examples" = ["90d"]))]
    pub(in crate::stack) retention: Option<String>,
}

/// What `deploy check` is told.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Checks {
    /// The id of a policy to the reason why it need not hold here.
    #[schemars(extend("default" = {}, "examples" = [{ "API-PUBLIC": "a public demonstration" }]))]
    pub(in crate::stack) waive: Option<IndexMap<String, String>>,
}
