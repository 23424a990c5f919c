//! Bulk classification, notebook, model registry, alarms and logs, resolved.

use crate::stack::units::{Latency, Size, Timespan};

/// Classifying in bulk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The instance type.
    pub instance: String,
    /// The number of instances.
    pub count: u32,
    /// How records are put into requests.
    pub strategy: BatchStrategy,
    /// The largest request, in whole MiB.
    pub max_payload: Size,
    /// Requests to one instance at once; `None` for as the container says.
    pub max_concurrency: Option<u32>,
}

/// How records are put into requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchStrategy {
    /// One record in each.
    SingleRecord,
    /// As many as fit.
    MultiRecord,
}

/// A notebook instance to explore the data on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notebook {
    /// The instance type.
    pub instance: String,
    /// Its disk, in whole GiB.
    pub volume: Size,
}

/// Where models that served are entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// Name of the model package group.
    pub group: String,
}

/// Alarms on what is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarms {
    /// Server errors within a window that raise an alarm.
    pub errors: u32,
    /// The time that 95 of 100 answers of the model must stay below.
    pub latency: Latency,
    /// The part of an instance's memory in use that raises an alarm, of a hundred.
    pub memory_percent: u32,
    /// The window, in whole minutes.
    pub window: Timespan,
    /// The ARN of the SNS topic that is told.
    pub notify: Option<String>,
}

/// What is kept of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logs {
    /// Days that a line is kept.
    pub retention_days: u32,
}
