//! The shape of a stack file as it is written, before anything is resolved.
//!
//! The JSON Schema that every file is checked against is made from these structs, so a field's
//! docstring is also what an author reads in an editor. Every field is optional to the reader,
//! so that one bad section does not hide the mistakes of the others; the schema says which are
//! required.

mod api;
mod data;
mod endpoint;
mod extras;
mod model;
mod promotion;
mod training;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

pub(super) use api::{Api, Auth, AuthWord, Cors, Domain, RouteEntry, Throttle};
pub(super) use data::{Classes, Data, Format, Separator};
pub(super) use endpoint::{Autoscaling, Capture, Endpoint, Gradual, Portion, Rollout, Serverless};
pub(super) use extras::{Alarms, Batch, Checks, Logs, Notebook, Registry, Strategy};
pub(super) use model::Model;
pub(super) use promotion::{Approvals, Holdout, Probe, Promotion};
pub(super) use training::{Encryption, Launch, Network, Training};

/// One environment of a stack file, merged over the stack.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// The stack's name: lower-case letters, digits and single hyphens. It begins the name of
    /// everything that is made.
    #[schemars(required, extend("examples" = ["headlines"]))]
    pub(super) stack: Option<String>,
    /// Where the environment lives: `local`, or an AWS account and region.
    #[schemars(required, extend("examples" = ["local", { "account": "111122223333", "region": "eu-west-1" }]))]
    pub(super) target: Option<Target>,
    /// How the embedded local engine is run; for environments with `target: local` only.
    #[schemars(extend("default" = null, "examples" = [{ "port": 4599, "python": { "interpreter": "/usr/bin/python3" } }]))]
    pub(super) local: Option<Local>,
    /// Whether the environment's name must be typed out before data is deleted or replaced.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub(super) protected: Option<bool>,
    /// How long the environment lives after it was changed last, `1h` to `365d`: `deploy down --expired`
    /// removes it then. Without it, it lives until somebody removes it. Never of a protected environment.
    #[schemars(extend("default" = null, "examples" = ["8h"]))]
    pub(super) ttl: Option<String>,
    /// The environment whose releases this one takes over, in place of training itself.
    #[schemars(extend("default" = null, "examples" = ["staging"]))]
    pub(super) promotes_from: Option<String>,
    /// What has to hold before a release is taken over; for environments with `promotes_from` only.
    #[schemars(extend("default" = null, "examples" = [{ "bake": "1h", "max_age": "14d" }]))]
    pub(super) promotion: Option<Promotion>,
    /// A model that is there already, in place of `data` and `training`: nothing is trained.
    #[schemars(extend("default" = null, "examples" = [{ "artifact": "model.tar.gz" }]))]
    pub(super) model: Option<Model>,
    /// The data set to train on; not with `model`.
    #[schemars(extend("default" = null, "examples" = [{ "file": "data/headlines.csv" }]))]
    pub(super) data: Option<Data>,
    /// How the model is trained; not with `model`.
    #[schemars(extend("default" = null, "examples" = [{ "code": "code", "entry_point": "train.py", "image": { "pytorch": "2.8.0", "transformers": "4.56.2" }, "instance": "ml.g4dn.xlarge" }]))]
    pub(super) training: Option<Training>,
    /// How the model is served.
    #[schemars(required, extend("examples" = [{ "image": { "pytorch": "2.6.0", "transformers": "5.5.3" }, "instance": "ml.m5.large" }]))]
    pub(super) endpoint: Option<Endpoint>,
    /// The function between the API and the endpoint.
    #[schemars(required, extend("examples" = [{ "code": "function", "handler": "lambda_function.handler" }]))]
    pub(super) function: Option<Function>,
    /// The public HTTP API.
    #[schemars(extend("default" = {}, "examples" = [{ "routes": ["POST /classify"], "auth": "none" }]))]
    pub(super) api: Option<Api>,
    /// Classifying in bulk with a batch transform job; without the section there is none.
    #[schemars(extend("default" = null, "examples" = [{ "instance": "ml.m5.xlarge" }]))]
    pub(super) batch: Option<Batch>,
    /// A notebook instance to explore the data on; without the section there is none.
    #[schemars(extend("default" = null, "examples" = [{ "instance": "ml.t3.medium", "volume": "20 GiB" }]))]
    pub(super) notebook: Option<Notebook>,
    /// The SageMaker Model Registry: every model that served is a version there, with its metrics, to be
    /// approved by people; a promotion approves it. Without the section there is none.
    #[schemars(extend("default" = null, "examples" = [{ "group": "headlines-classifier" }]))]
    pub(super) registry: Option<Registry>,
    /// Alarms on what is served; without the section there are none.
    #[schemars(extend("default" = null, "examples" = [{ "errors": 5, "latency": "2s", "window": "5m" }]))]
    pub(super) alarms: Option<Alarms>,
    /// What is kept of the logs.
    #[schemars(extend("default" = {}, "examples" = [{ "retention": "90d" }]))]
    pub(super) logs: Option<Logs>,
    /// Tags for everything that can be tagged; tags with `deploy:` are the tool's own.
    #[schemars(extend("default" = {}, "examples" = [{ "project": "news", "team": "a" }]))]
    pub(super) tags: Option<IndexMap<String, Scalar>>,
    /// A file of prices, relative to the stack file; `deploy cost --help` says what is in it. Without it,
    /// they come from the AWS Price List, for whoever may ask it.
    #[schemars(extend("default" = null, "examples" = ["prices.yaml"]))]
    pub(super) prices: Option<String>,
    /// The ARN of the policy that bounds what the roles of the environment may ever do; without it, nothing
    /// bounds them.
    #[schemars(extend("default" = null, "examples" = ["arn:aws:iam::111122223333:policy/boundary"]))]
    pub(super) permissions_boundary: Option<String>,
    /// What `deploy check` is told.
    #[schemars(extend("default" = {}, "examples" = [{ "waive": { "API-PUBLIC": "a public demonstration" } }]))]
    pub(super) checks: Option<Checks>,
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
    #[schemars(extend("examples" = ["111122223333"]))]
    pub(super) account: String,
    /// The region, such as `eu-west-1`.
    #[schemars(extend("examples" = ["eu-west-1"]))]
    pub(super) region: String,
    /// The profile to take credentials from; without it, the SDK's own choice.
    #[schemars(extend("default" = null, "examples" = ["staging-deployer"]))]
    pub(super) profile: Option<String>,
    /// A role of the account that is assumed with those credentials; without it, they are used as they are.
    #[schemars(extend("default" = null, "examples" = [{ "arn": "arn:aws:iam::111122223333:role/deployer" }]))]
    pub(super) role: Option<Role>,
    /// The ARN of a role of the account that CloudFormation acts as, so that whoever deploys need not have its
    /// rights; without it, CloudFormation acts with the rights of whoever deploys.
    #[schemars(extend("default" = null, "examples" = ["arn:aws:iam::111122223333:role/deploy-news-cloudformation"]))]
    pub(super) service_role: Option<String>,
}

/// A role that is assumed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    /// The role's ARN.
    #[schemars(extend("examples" = ["arn:aws:iam::111122223333:role/deployer"]))]
    pub(super) arn: String,
    /// The external id that the role's trust policy asks for, in quotes.
    #[schemars(extend("default" = null, "examples" = ["news-7f3a"]))]
    pub(super) external_id: Option<String>,
    /// What the session is called in the account's records; without it, `deploy-` and the user's name.
    #[schemars(extend("default" = null, "examples" = ["deploy-ci"]))]
    pub(super) session_name: Option<String>,
}

/// How the embedded local engine is run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Local {
    /// The loopback port that the engine listens on.
    #[schemars(range(min = 1024, max = 65_535), extend("default" = 4599, "examples" = [4600]))]
    pub(super) port: Option<u16>,
    /// The account that the engine plays: twelve digits in quotes. Environments of other accounts and
    /// regions live in the same engine and see nothing of each other.
    #[schemars(extend("default" = "000000000000", "examples" = ["222233334444"]))]
    pub(super) account: Option<String>,
    /// The region that the engine plays.
    #[schemars(extend("default" = "us-east-1", "examples" = ["eu-west-1"]))]
    pub(super) region: Option<String>,
    /// The Python that runs training, serving and the function. No container is run on this machine: it
    /// stands for every image, so it needs the packages that the image has.
    #[schemars(extend("examples" = [{ "project": "../../training-code", "group": "local" }]))]
    pub(super) python: Python,
}

/// The Python of the local engine: a project with a dependency group, or an interpreter.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Python {
    /// The folder with `pyproject.toml`, relative to the stack file.
    #[schemars(extend("default" = null, "examples" = ["../../training-code"]))]
    pub(super) project: Option<String>,
    /// The dependency group of that project to install.
    #[schemars(extend("default" = "local", "examples" = ["local"]))]
    pub(super) group: Option<String>,
    /// An interpreter that has what the code needs already.
    #[schemars(extend("default" = null, "examples" = ["/usr/bin/python3"]))]
    pub(super) interpreter: Option<String>,
}

/// A container image: by the versions of its frameworks, or by its address.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Image {
    /// The version of `PyTorch`, in quotes.
    #[schemars(extend("default" = null, "examples" = ["2.8.0"]))]
    pub(super) pytorch: Option<String>,
    /// The version of transformers, in quotes.
    #[schemars(extend("default" = null, "examples" = ["4.56.2"]))]
    pub(super) transformers: Option<String>,
    /// The digest that the image of these versions has to have; without it, it is the one that its tag
    /// names at the time, patched now and then.
    #[schemars(extend("default" = null, "examples" = ["sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]))]
    pub(super) digest: Option<String>,
    /// The whole address, in place of versions: an image of your own in Amazon ECR. It has to have what
    /// `launch` asks for, or to answer `/ping` and `/invocations` on port 8080.
    #[schemars(extend("default" = null, "examples" = ["111122223333.dkr.ecr.eu-west-1.amazonaws.com/classifier:1.0"]))]
    pub(super) uri: Option<String>,
}

/// The function between the API and the endpoint.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Function {
    /// The folder of its code, relative to the stack file.
    #[schemars(extend("examples" = ["../../training-code/function"]))]
    pub(super) code: String,
    /// What is called, as `module.function`.
    #[schemars(extend("examples" = ["lambda_function.handler"]))]
    pub(super) handler: String,
    /// The Lambda runtime.
    #[schemars(extend("default" = "python3.12", "examples" = ["python3.13"]))]
    pub(super) runtime: Option<String>,
    /// Its memory, `128 MiB` to `10 GiB`.
    #[schemars(extend("default" = "256 MiB", "examples" = ["512 MiB"]))]
    pub(super) memory: Option<String>,
    /// The longest that one call may take, at most `29s`.
    #[schemars(extend("default" = "25s", "examples" = ["20s"]))]
    pub(super) timeout: Option<String>,
    /// Calls at once that are reserved for it, and the most it gets; without it, the account's
    /// common pool.
    #[schemars(range(min = 1, max = 100_000), extend("default" = null, "examples" = [10]))]
    pub(super) concurrency: Option<u32>,
}

/// One text, or several in the order of preference.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum OneOrMore {
    /// One.
    One(String),
    /// One to five, tried in this order.
    More(#[schemars(length(min = 1, max = 5))] Vec<String>),
}

impl OneOrMore {
    /// All of them, in order.
    pub(super) fn list(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::More(list) => list,
        }
    }
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
