//! The stack of one environment, resolved: every default filled in, every path absolute, every
//! name composed, every image an address. What is in here has been checked.

mod api;
mod data;
mod endpoint;
mod extras;
mod identity;
mod model;
mod promotion;
mod training;

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;

use super::names::{AccountId, EnvironmentName, Names, Region, StackName};
use super::units::{Size, Timespan};

pub use api::{Api, Auth, Cors, Domain, Route, Throttle};
pub use data::{Data, DataSource, Format, S3Location};
pub use endpoint::{
    Autoscaling, Capacity, Capture, Endpoint, InstanceCapacity, Rollout, Serverless, Share,
};
pub use extras::{Alarms, Batch, BatchStrategy, Logs, Notebook, Registry};
pub use model::{Brought, ModelSource, Recipe};
pub use promotion::{Approvals, Holdout, Probe, Promotion};
pub use training::{Comparison, Encryption, Gate, Launch, Network, Spot, Training, Vpc};

/// One environment of a stack, ready to be rendered and reconciled.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    /// The absolute path of the stack file.
    pub file: PathBuf,
    /// SHA-256 (hexadecimal) of what the file says about this environment; comments and the
    /// other environments do not count.
    pub content_digest: String,
    /// The stack's name.
    pub name: StackName,
    /// The environment's name.
    pub environment: EnvironmentName,
    /// Where the environment lives.
    pub target: Target,
    /// The account it lives in; all zeros locally.
    pub account: AccountId,
    /// The region it lives in.
    pub region: Region,
    /// Whether what holds data is safe from a mere `--yes`.
    pub protection: Protection,
    /// How long it lives after its last change; `None` until somebody removes it.
    pub ttl: Option<Timespan>,
    /// How releases of another environment are taken over; `None` for one that trains itself.
    pub promotion: Option<Promotion>,
    /// Names of all that it is made of.
    pub names: Names,
    /// Where the model comes from.
    pub model: ModelSource,
    /// How the model is served.
    pub endpoint: Endpoint,
    /// The function between the API and the endpoint.
    pub function: Function,
    /// The HTTP API.
    pub api: Api,
    /// Classifying in bulk; `None` if there is none.
    pub batch: Option<Batch>,
    /// A notebook instance; `None` if there is none.
    pub notebook: Option<Notebook>,
    /// Where models that served are entered; `None` if they are not.
    pub registry: Option<Registry>,
    /// Alarms on what is served; `None` if there are none.
    pub alarms: Option<Alarms>,
    /// What is kept of the logs.
    pub logs: Logs,
    /// The user's tags and the tool's own (`deploy:*`), in the order of their keys.
    pub tags: BTreeMap<String, String>,
    /// The absolute path of a file of prices; `None` if the stack file names none.
    pub prices: Option<PathBuf>,
    /// The ARN of the policy that bounds what its roles may ever do; `None` if nothing bounds them.
    pub permissions_boundary: Option<String>,
    /// The id of a policy to the reason why it need not hold here.
    pub waivers: BTreeMap<String, String>,
}

/// Where an environment lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// On the embedded engine of this machine.
    Local(LocalTarget),
    /// In an AWS account.
    Aws(AwsTarget),
}

/// An environment on the embedded engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalTarget {
    /// The loopback port that the engine listens on.
    pub port: u16,
    /// The Python that runs training, serving and the function.
    pub python: Python,
}

/// The Python of the embedded engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Python {
    /// An environment made for a dependency group of a Python project.
    Project {
        /// The absolute path of the folder of `pyproject.toml`.
        folder: PathBuf,
        /// The dependency group to install.
        group: String,
    },
    /// An interpreter that has what the code needs already (absolute path).
    Interpreter(PathBuf),
}

/// An environment in an AWS account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsTarget {
    /// The account that the credentials must belong to.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The profile to take credentials from; `None` for the SDK's own choice.
    pub profile: Option<String>,
    /// The role that is assumed with those credentials; `None` to use them as they are.
    pub role: Option<Role>,
    /// The ARN of the role that CloudFormation acts as; `None` for the rights of whoever deploys.
    pub service_role: Option<String>,
}

/// A role of an AWS account that is assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its ARN; it belongs to the environment's account.
    pub arn: String,
    /// The external id that its trust policy asks for.
    pub external_id: Option<String>,
    /// What the session is called; `None` to name it after the user.
    pub session_name: Option<String>,
}

/// How carefully an environment is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// A yes is enough.
    Unprotected,
    /// The environment's name must be typed out before data is deleted or replaced.
    Protected,
}

/// A container image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The whole address, tag or digest included.
    pub uri: String,
    /// The repository that it is pulled from; `None` on the local engine.
    pub repository: Option<Repository>,
    /// The last day on which AWS patches it; `None` where that is not known, and on the local engine.
    pub patched_until: Option<Date>,
}

impl Image {
    /// What the names of images begin with that stand, on the local engine, for those that AWS publishes.
    pub(in crate::stack) const LOCAL: &str = "local/";

    /// Whether an image of the local engine is somebody's own, of which nothing but its name is known.
    pub fn is_foreign(&self) -> bool {
        self.repository.is_none() && !self.uri.starts_with(Self::LOCAL)
    }
}

/// A repository of container images, as an access policy names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The account that owns the registry.
    pub account: AccountId,
    /// The region of the registry.
    pub region: Region,
    /// The repository's name.
    pub name: String,
}

/// The function between the API and the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The absolute path of the folder with its code.
    pub code: PathBuf,
    /// `module.function` that Lambda calls.
    pub handler: String,
    /// The Lambda runtime.
    pub runtime: String,
    /// Its memory.
    pub memory: Size,
    /// The longest that one call may take.
    pub timeout: Timespan,
    /// Calls at once that are reserved for it; `None` for the account's common pool.
    pub concurrency: Option<u32>,
}
