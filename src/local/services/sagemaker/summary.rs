//! What the engine's page tells of training jobs, batch jobs and endpoints.

use std::collections::HashMap;
use std::time::Duration;

use super::state::{Endpoint, JobStatus, Serving};
use super::transform::Records;
use super::{SageMaker, lock};
use crate::local::metrics::{Series, Statistic, Summary};

/// Minutes that an endpoint's figures tell of, with the one that is not over yet.
pub(crate) const MINUTES: i64 = 5;

/// A training job in a few words.
pub(crate) struct JobSummary {
    pub(crate) name: String,
    pub(crate) status: &'static str,
    /// What it does at the moment, or why it failed.
    pub(crate) detail: String,
    /// Seconds since the Unix epoch.
    pub(crate) created: f64,
    /// Seconds that its processes ran; so far when they still do.
    pub(crate) seconds: Option<f64>,
    /// The newest value of each metric.
    pub(crate) metrics: Vec<(String, f64)>,
}

/// A batch transform job in a few words.
pub(crate) struct BatchSummary {
    pub(crate) name: String,
    pub(crate) status: &'static str,
    /// Why it failed.
    pub(crate) reason: Option<String>,
    /// Seconds since the Unix epoch.
    pub(crate) created: f64,
    /// Seconds since its model served; until its end, if it has ended.
    pub(crate) seconds: Option<f64>,
    /// Records that were answered.
    pub(crate) answered: u64,
    /// Records of requests that failed.
    pub(crate) failed: u64,
}

/// An endpoint in a few words.
pub(crate) struct EndpointSummary {
    pub(crate) name: String,
    pub(crate) status: &'static str,
    pub(crate) reason: Option<String>,
    pub(crate) config: String,
    /// Seconds since the Unix epoch.
    pub(crate) changed: f64,
    pub(crate) figures: Figures,
}

/// What was measured of an endpoint in the last [`MINUTES`] minutes.
#[derive(Default)]
pub(crate) struct Figures {
    pub(crate) invocations: f64,
    pub(crate) errors: f64,
    /// The time that half of the answers did not exceed.
    pub(crate) median: Option<Duration>,
    /// The time that 95 of 100 answers did not exceed.
    pub(crate) p95: Option<Duration>,
    /// Percent of one processor, and of the memory, that the busiest server used.
    pub(crate) processor: Option<f64>,
    pub(crate) memory: Option<f64>,
}

impl SageMaker {
    /// Tells of the training jobs, newest first.
    pub(crate) fn job_summaries(&self) -> Vec<JobSummary> {
        let now = self.parts.clock.epoch_seconds();
        let mut jobs: Vec<JobSummary> = self.state.read(|state| {
            let jobs = state.jobs.values();
            jobs.map(|job| {
                let mut metrics: Vec<(String, f64)> = Vec::new();
                for metric in &job.metrics {
                    match metrics.iter_mut().find(|(name, _)| *name == metric.name) {
                        Some((_, value)) => *value = metric.value,
                        None => metrics.push((metric.name.clone(), metric.value)),
                    }
                }
                let running = matches!(job.status, JobStatus::InProgress | JobStatus::Stopping);
                let ended = job.ended.or(running.then_some(now));
                JobSummary {
                    name: job.record.name.clone(),
                    status: job.status.word(),
                    detail: match &job.failure_reason {
                        Some(reason) => reason.clone(),
                        None => job.phase().word().to_owned(),
                    },
                    created: job.record.created,
                    seconds: job
                        .started
                        .zip(ended)
                        .map(|(started, ended)| ended - started),
                    metrics,
                }
            })
            .collect()
        });
        jobs.sort_by(|one, other| other.created.total_cmp(&one.created));
        jobs
    }

    /// Tells of the batch transform jobs, newest first.
    pub(crate) fn batch_summaries(&self) -> Vec<BatchSummary> {
        let now = self.parts.clock.epoch_seconds();
        let running: HashMap<String, Records> = lock(&self.transforms)
            .iter()
            .map(|(arn, control)| (arn.clone(), control.tally.records()))
            .collect();
        let mut jobs: Vec<BatchSummary> = self.state.read(|state| {
            let jobs = state.transforms.iter();
            jobs.map(|(arn, job)| {
                let ended = job.ended.or((!job.status.is_final()).then_some(now));
                let records = running.get(arn).copied().unwrap_or(job.records);
                BatchSummary {
                    name: job.record.name.clone(),
                    status: job.status.word(),
                    reason: job.failure_reason.clone(),
                    created: job.record.created,
                    seconds: job
                        .started
                        .zip(ended)
                        .map(|(started, ended)| ended - started),
                    answered: records.answered,
                    failed: records.failed,
                }
            })
            .collect()
        });
        jobs.sort_by(|one, other| other.created.total_cmp(&one.created));
        jobs
    }

    /// Tells of the endpoints, by name.
    pub(crate) fn endpoint_summaries(&self) -> Vec<EndpointSummary> {
        let endpoints: Vec<Endpoint> =
            self.read(|state| state.endpoints.values().cloned().collect());
        let tell = |endpoint: Endpoint| {
            let serving = endpoint.shown();
            let name = &endpoint.record.name;
            EndpointSummary {
                name: name.clone(),
                status: endpoint.status.word(),
                config: serving.map_or_else(String::new, |serving| serving.config.clone()),
                figures: serving
                    .map_or_else(Figures::default, |serving| self.figures(name, serving)),
                changed: endpoint.record.modified,
                reason: endpoint.failure_reason,
            }
        };
        endpoints.into_iter().map(tell).collect()
    }

    fn figures(&self, endpoint: &str, serving: &Serving) -> Figures {
        let metrics = &self.parts.metrics;
        let from = metrics.minute() - MINUTES + 1;
        let dimensions = [
            ("EndpointName", endpoint),
            ("VariantName", serving.variant.as_str()),
        ];
        let measured = |namespace: &str, name: &str| {
            let series = Series::new(namespace, name, &dimensions);
            metrics.over(&series, from, MINUTES)
        };
        let sum = |name| {
            let summary = measured("AWS/SageMaker", name);
            summary.map_or(0.0, |summary| summary.of(Statistic::Sum))
        };
        let most = |name| {
            let summary = measured("/aws/sagemaker/Endpoints", name)?;
            Some(summary.of(Statistic::Maximum))
        };
        let latency = measured("AWS/SageMaker", "ModelLatency");
        let percentile = |percent| {
            let of = |summary: &Summary| summary.of(Statistic::Percentile(percent));
            // Microseconds.
            latency
                .as_ref()
                .map(|summary| Duration::from_secs_f64(of(summary) / 1e6))
        };
        Figures {
            invocations: sum("Invocations"),
            errors: sum("InvocationModelErrors"),
            median: percentile(50.0),
            p95: percentile(95.0),
            processor: most("CPUUtilization"),
            memory: most("MemoryUtilization"),
        }
    }
}
