//! The shape of a stack file as it is written, before anything is resolved.
//!
//! The JSON Schema that every file is checked against is made from these structs, so a field's
//! docstring is also what an author reads in an editor.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// One environment of a stack file, merged over the stack.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// The stack's name: lower-case letters, digits and single hyphens.
    pub(super) stack: String,
    /// Where the environment lives: `local`, or an AWS account and region.
    pub(super) target: Target,
    /// How the embedded local engine is run; for environments with `target: local` only.
    pub(super) local: Option<Local>,
    /// Whether the environment's name must be typed out before data is deleted or replaced.
    #[serde(default)]
    pub(super) protected: bool,
    /// The data set to train on.
    pub(super) data: Data,
    /// How the model is trained.
    pub(super) training: Training,
    /// How the model is served.
    pub(super) endpoint: Endpoint,
    /// The function between the API and the endpoint.
    pub(super) function: Function,
    /// The public HTTP API.
    #[serde(default)]
    pub(super) api: Api,
    /// What is kept of the logs.
    #[serde(default)]
    pub(super) logs: Logs,
    /// Tags for everything that can be tagged; tags with `deploy:` are the tool's own.
    #[serde(default)]
    pub(super) tags: IndexMap<String, Scalar>,
}

/// Where an environment lives.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Target {
    /// The embedded engine: no account is needed.
    Word(TargetWord),
    /// An AWS account.
    Account(AwsAccount),
}

/// The targets that need no more than a word.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum TargetWord {
    /// The embedded engine of this machine.
    Local,
}

/// An AWS account and how to get at it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AwsAccount {
    /// The account's id: twelve digits in quotes. Other credentials are refused.
    pub(super) account: String,
    /// The region, such as `eu-west-1`.
    pub(super) region: String,
    /// The profile to take credentials from; without it, the SDK's own choice.
    pub(super) profile: Option<String>,
}

/// How the embedded local engine is run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Local {
    /// The loopback port that the engine listens on (default 4599).
    #[schemars(range(min = 1024))]
    pub(super) port: Option<u16>,
    /// The region that the engine plays (default `us-east-1`).
    pub(super) region: Option<String>,
    /// The Python that runs training, serving and the function.
    pub(super) python: Python,
}

/// The Python of the local engine: a project with a dependency group, or an interpreter.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Python {
    /// The folder with `pyproject.toml`, relative to the stack file.
    pub(super) project: Option<String>,
    /// The dependency group of that project to install (default `local`).
    pub(super) group: Option<String>,
    /// An interpreter that has what the code needs already.
    pub(super) interpreter: Option<String>,
}

/// The data set to train on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Data {
    /// The file, relative to the stack file.
    pub(super) file: String,
}

/// How the model is trained.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Training {
    /// The folder of the training code, relative to the stack file.
    pub(super) code: String,
    /// The script in that folder that is run.
    pub(super) entry_point: String,
    /// The container image.
    pub(super) image: Image,
    /// The instance type, such as `ml.g4dn.xlarge`.
    pub(super) instance: String,
    /// The disk of the instance (default `50 GiB`).
    pub(super) volume: Option<String>,
    /// The longest that the job may run (default `2h`).
    pub(super) max_run: Option<String>,
    /// Settings of the script, handed over as strings.
    #[serde(default)]
    pub(super) hyperparameters: IndexMap<String, Scalar>,
    /// Metric name to a regular expression whose first group is the value in a log line.
    #[serde(default)]
    pub(super) metrics: IndexMap<String, String>,
}

/// A container image: by the versions of its frameworks, or by its address.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Image {
    /// The version of `PyTorch`, such as `"2.8.0"`.
    pub(super) pytorch: Option<String>,
    /// The version of transformers, such as `"4.56.2"`.
    pub(super) transformers: Option<String>,
    /// The whole address, in place of versions.
    pub(super) uri: Option<String>,
}

/// How the model is served.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Endpoint {
    /// The container image.
    pub(super) image: Image,
    /// The instance type, such as `ml.m5.large`.
    pub(super) instance: String,
    /// The number of instances (default 1).
    #[schemars(range(min = 1, max = 100))]
    pub(super) count: Option<u32>,
    /// How long a container may take until it answers (default `5m`).
    pub(super) startup_timeout: Option<String>,
}

/// The function between the API and the endpoint.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Function {
    /// The folder of its code, relative to the stack file.
    pub(super) code: String,
    /// What is called, as `module.function`.
    pub(super) handler: String,
    /// The Lambda runtime (default `python3.12`).
    pub(super) runtime: Option<String>,
    /// Its memory (default `256 MiB`).
    pub(super) memory: Option<String>,
    /// The longest that one call may take, at most `29s` (default `25s`).
    pub(super) timeout: Option<String>,
}

/// The public HTTP API.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Api {
    /// Method and path (default `POST /classify`).
    pub(super) route: Option<String>,
    /// How often callers may call.
    pub(super) throttle: Option<Throttle>,
}

/// How often callers may call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Throttle {
    /// Calls a second, sustained (default 50).
    #[schemars(range(min = 0.1, max = 10_000))]
    pub(super) rate: Option<f64>,
    /// Calls at once (default 100).
    #[schemars(range(min = 1, max = 5_000))]
    pub(super) burst: Option<u32>,
}

/// What is kept of the logs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Logs {
    /// How long a line is kept (default `30d`).
    pub(super) retention: Option<String>,
}

/// A text, number or truth value that is handed on as a string.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
    /// A text.
    Text(String),
}

impl Scalar {
    /// The string that is handed on; a number is written in one way however the file wrote it.
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}
