//! What the user wants, as data: a YAML stack file becomes a checked [`Stack`] per environment.
//!
//! Input: the path of a stack file, and the folders and files that it names (their existence only).
//! Output: [`Stack`], in which every default is filled in, every path absolute, every name
//! composed and every image an address; or [`Problems`], all mistakes at once with their places.
//! Must not know: Tera, CloudFormation, AWS calls, the terminal.

#[cfg(test)]
mod agreement;
mod check;
pub mod codes;
mod deprecated;
mod document;
mod facts;
mod file;
mod find;
mod merge;
mod names;
mod problem;
mod resolve;
mod resolved;
mod schema;
mod shape;
pub(crate) mod suggest;
mod units;
pub mod yaml;

pub use deprecated::Deprecation;
pub use facts::{
    Purpose as ImagePurpose, Use, dns_suffix, has_own_disk, known_in, newest_patched, partition,
    registry_host,
};
pub use file::StackFile;
pub use find::{FindError, find, named};
pub use names::{AccountId, EnvironmentName, NameError, Names, Region, StackName};
pub use problem::{Place, Problem, Problems, Source};
pub use resolved::{
    Alarms, Api, Approvals, Auth, Autoscaling, AwsTarget, Batch, BatchStrategy, Brought, Capacity,
    Capture, Comparison, Cors, Data, DataSource, Domain, Encryption, Endpoint, Format, Function,
    Gate, Holdout, Image, InstanceCapacity, Launch, LocalTarget, Logs, ModelSource, Network,
    Notebook, Probe, Promotion, Protection, Python, Recipe, Registry, Repository, Role, Rollout,
    Route, S3Location, Serverless, Share, Spot, Stack, Target, Throttle, Training, Vpc,
};
pub use schema::schema;
pub use units::{Latency, Size, Timespan, UnitError};
