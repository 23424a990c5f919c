//! The section `promotion` of an environment that takes releases over.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// What has to hold before a release of another environment is taken over.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Promotion {
    /// Conditions on the model's metrics, written as those of `training.gates`; without them, these.
    /// `regression` compares with the model that serves here now.
    #[schemars(extend("default" = null, "examples" = [{ "eval_macro_f1": ">= 0.88", "regression": "<= 0.01 against serving" }]))]
    pub(in crate::stack) gates: Option<IndexMap<String, String>>,
    /// How long the release must have served in the other environment.
    #[schemars(extend("default" = "0s", "examples" = ["1h"]))]
    pub(in crate::stack) bake: Option<String>,
    /// How old the release may be; without it, any age will do.
    #[schemars(extend("default" = null, "examples" = ["14d"]))]
    pub(in crate::stack) max_age: Option<String>,
    /// Texts whose labels are known, to be put to the other environment's endpoint.
    #[schemars(extend("default" = null, "examples" = [{ "file": "data/holdout.csv", "accuracy": ">= 0.85" }]))]
    pub(in crate::stack) holdout: Option<Holdout>,
    /// Load to be put on the other environment's API.
    #[schemars(extend("default" = null, "examples" = [{ "connections": 4, "duration": "20s", "p95": "500ms" }]))]
    pub(in crate::stack) load: Option<Probe>,
    /// Who has to approve; without it, the one who promotes is enough.
    #[schemars(extend("default" = null, "examples" = [{ "needed": 1, "signers": "approvers" }]))]
    pub(in crate::stack) approvals: Option<Approvals>,
}

/// Texts whose labels are known.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Holdout {
    /// The file, relative to the stack file, of the same format as `data`.
    #[schemars(extend("examples" = ["data/holdout.csv"]))]
    pub(in crate::stack) file: String,
    /// The label that the model gives for each label of the file, where these differ.
    #[schemars(extend("default" = {}, "examples" = [{ "b": "Business", "m": "Health" }]))]
    pub(in crate::stack) labels: Option<IndexMap<String, String>>,
    /// How many texts are put, from the beginning of the file.
    #[schemars(range(min = 1, max = 100_000), extend("default" = 1000, "examples" = [200]))]
    pub(in crate::stack) limit: Option<u32>,
    /// What the part of right answers must be.
    #[schemars(extend("default" = null, "examples" = [">= 0.85"]))]
    pub(in crate::stack) accuracy: Option<String>,
    /// What the mean of the classes' F1 must be.
    #[schemars(extend("default" = null, "examples" = [">= 0.8"]))]
    pub(in crate::stack) macro_f1: Option<String>,
}

/// Load, and what must come of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Probe {
    /// Connections at once, each with one request after the other.
    #[schemars(range(min = 1, max = 256), extend("default" = 4, "examples" = [8]))]
    pub(in crate::stack) connections: Option<u32>,
    /// How long, `1s` to `10m`.
    #[schemars(extend("default" = "20s", "examples" = ["1m"]))]
    pub(in crate::stack) duration: Option<String>,
    /// The time that half of the answers must stay below.
    #[schemars(extend("default" = null, "examples" = ["100ms"]))]
    pub(in crate::stack) p50: Option<String>,
    /// The time that 95 of 100 answers must stay below.
    #[schemars(extend("default" = null, "examples" = ["500ms"]))]
    pub(in crate::stack) p95: Option<String>,
    /// The time that 99 of 100 answers must stay below.
    #[schemars(extend("default" = null, "examples" = ["1s"]))]
    pub(in crate::stack) p99: Option<String>,
    /// Errors that there may be, of a hundred requests; what the API's own throttle turns away is none.
    #[schemars(range(min = 0, max = 100), extend("default" = 0, "examples" = [1]))]
    pub(in crate::stack) errors: Option<u32>,
}

/// Who has to approve.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Approvals {
    /// How many people.
    #[schemars(range(min = 1, max = 10), extend("default" = 1, "examples" = [2]))]
    pub(in crate::stack) needed: Option<u32>,
    /// The file of who may, relative to the stack file, in the format of OpenSSH's `allowed_signers`.
    #[schemars(extend("default" = null, "examples" = ["approvers"]))]
    pub(in crate::stack) signers: Option<String>,
    /// Whether the word of the CI system counts, which has asked for approval itself.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub(in crate::stack) ci: Option<bool>,
}
