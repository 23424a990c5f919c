//! What happens in place of child processes, and how long everything takes.
//!
//! Purpose: lets tests run the whole engine in process under paused time, so that an update of eight
//! hours takes milliseconds and a failure comes exactly where it is wanted. Input: a [`Script`]. Output:
//! jobs, deployments, functions and resources that take the time and the end that the script gives
//! them; no process, no socket. Must not know: requests, signatures, how state is kept.
//!
//! A script with no rules lets everything succeed at once.

mod function;
mod resource;
mod stage;

use std::time::Duration;

pub(super) use function::reference_handler;
pub(super) use resource::staged;
pub(super) use stage::Stage;

/// Every rule of a play.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// For training jobs. Held against the `CreateTrainingJob` request as JSON.
    pub jobs: Vec<Rule<Job>>,
    /// For transform jobs. Held against the `CreateTransformJob` request as JSON.
    pub transforms: Vec<Rule<Transform>>,
    /// For what brings an endpoint configuration into service. Held against
    /// `<create|update> <endpoint> <config> <model data> <KEY=VALUE>…`, with the model's environment.
    pub deployments: Vec<Rule<Deployment>>,
    /// For resources of CloudFormation stacks. Held against
    /// `<create|update> <type> <logical id> <properties as JSON>` or `delete <type> <physical id>`.
    pub resources: Vec<Rule<Act>>,
    /// Name and value of quotas, whichever service is asked about.
    pub quotas: Vec<(String, f64)>,
}

/// What happens to everything that a list of words describes. Of several rules that do, the first
/// counts that is not used up.
#[derive(Debug, Clone)]
pub struct Rule<T> {
    words: Vec<String>,
    times: Option<u32>,
    then: T,
}

impl<T> Rule<T> {
    /// Makes a rule for whatever contains all of the words.
    pub fn new(words: &[&str], then: T) -> Self {
        Self {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            times: None,
            then,
        }
    }

    /// Lets the rule apply so many times and then no more, while this engine is open.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }
}

/// A training job.
#[derive(Debug, Clone, Default)]
pub struct Job {
    /// How long it waits for an instance, each time it needs one.
    pub pending: Duration,
    /// How long it then trains, in all.
    pub takes: Duration,
    /// How often its spare capacity is taken away. Equal parts of the work are done between; what was
    /// done is kept where the request has checkpoints, and lost where it has none.
    pub interruptions: u32,
    /// How often SageMaker itself then fails, as soon as the training begins.
    pub internal_errors: u32,
    /// How it ends.
    pub ends: JobEnd,
}

/// How a training job ends.
#[derive(Debug, Clone)]
pub enum JobEnd {
    /// With a model archive, after printing these lines, from which the request's own metric
    /// definitions read their values.
    Completed(Vec<String>),
    /// As if the algorithm had written this into its failure file and ended with code 1.
    Failed(String),
    /// Without an instance, after having waited for one.
    NoCapacity,
}

impl Default for JobEnd {
    fn default() -> Self {
        Self::Completed(Vec::new())
    }
}

/// A transform job.
#[derive(Debug, Clone, Default)]
pub struct Transform {
    /// How long it takes until its end.
    pub takes: Duration,
    /// The reason for which it then fails, if it does.
    pub fails: Option<String>,
}

/// What brings an endpoint configuration into service.
#[derive(Debug, Clone, Default)]
pub struct Deployment {
    /// How long it takes until its end.
    pub takes: Duration,
    /// How it ends.
    pub ends: DeploymentEnd,
}

/// How it ends that an endpoint configuration was to come into service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeploymentEnd {
    /// It serves.
    #[default]
    InService,
    /// It serves, but every answer of its model has this status.
    Failing(u16),
    /// Its container did not pass the ping health check.
    Unhealthy,
    /// The endpoint is in service, serves what it served before and gives no reason. So did SageMaker
    /// in terraform-provider-aws issues #39099, #46663 and #48997. A new endpoint fails instead.
    RolledBackSilently,
}

/// What becomes of one operation on a resource of a stack.
#[derive(Debug, Clone, Default)]
pub struct Act {
    /// How long it takes before the service itself is asked.
    pub takes: Duration,
    /// The reason for which the service is then not asked.
    pub fails: Option<String>,
}
