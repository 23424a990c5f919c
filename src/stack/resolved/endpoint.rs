//! How the model is served, resolved.

use super::Image;
use crate::stack::units::{Size, Timespan};

/// How the model is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The container image.
    pub image: Image,
    /// What it runs on.
    pub capacity: Capacity,
    /// How long a container may take until it answers.
    pub startup_timeout: Timespan,
    /// The ARN of the KMS key for the disk; `None` for the service's own.
    pub volume_key: Option<String>,
    /// What is kept of requests and answers; `None` for nothing.
    pub capture: Option<Capture>,
}

/// Keeping a part of the requests and answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// So many of a hundred requests.
    pub percent: u32,
    /// Days that they are kept.
    pub retention_days: u32,
    /// The ARN of the KMS key for them; `None` for the bucket's own.
    pub key: Option<String>,
}

/// What an endpoint runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Capacity {
    /// On instances.
    Instances(InstanceCapacity),
    /// On containers that come and go with the calls.
    Serverless(Serverless),
}

impl Capacity {
    /// The instances, unless it is serverless.
    pub const fn instances(&self) -> Option<&InstanceCapacity> {
        match self {
            Self::Instances(instances) => Some(instances),
            Self::Serverless(_) => None,
        }
    }

    /// The serverless settings, unless it runs on instances.
    pub const fn serverless(&self) -> Option<&Serverless> {
        match self {
            Self::Instances(_) => None,
            Self::Serverless(serverless) => Some(serverless),
        }
    }
}

/// Instances of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceCapacity {
    /// The instance types in the order of preference: 1 to 5.
    pub instances: Vec<String>,
    /// The number of instances; with autoscaling, the number at the start.
    pub count: u32,
    /// Following the load with the number; `None` if the number stays.
    pub autoscaling: Option<Autoscaling>,
    /// How a new model takes over.
    pub rollout: Rollout,
}

/// Following the load with the number of instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Autoscaling {
    /// The fewest instances.
    pub min: u32,
    /// The most instances.
    pub max: u32,
    /// Calls per instance and minute that are aimed at.
    pub invocations_per_instance: u32,
    /// The wait after adding instances.
    pub scale_out_after: Timespan,
    /// The wait after removing instances.
    pub scale_in_after: Timespan,
}

/// How a new model takes over from the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollout {
    /// The new fleet takes all traffic at once.
    AllAtOnce,
    /// A part of the new fleet first, then all of it.
    Canary {
        /// The first part.
        size: Share,
        /// How long the alarms are watched before the rest.
        wait: Timespan,
        /// The longest that all of it may take.
        max_duration: Option<Timespan>,
    },
    /// The new fleet in equal steps.
    Linear {
        /// One step.
        step: Share,
        /// How long the alarms are watched before the next step.
        wait: Timespan,
        /// The longest that all of it may take.
        max_duration: Option<Timespan>,
    },
    /// Batch by batch, without a second fleet.
    Rolling {
        /// One batch.
        batch: Share,
        /// How long the alarms are watched before the next batch.
        wait: Timespan,
        /// The longest that all of it may take.
        max_duration: Option<Timespan>,
    },
}

/// A part of a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// So many of a hundred.
    Percent(u32),
    /// So many instances.
    Instances(u32),
}

/// Settings of a serverless endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Serverless {
    /// The memory of a container, in whole GiB.
    pub memory: Size,
    /// The most calls at once.
    pub max_concurrency: u32,
    /// Calls at once that containers are kept ready for.
    pub provisioned_concurrency: Option<u32>,
}
