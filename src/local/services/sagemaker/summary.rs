//! What the engine's page tells of training jobs and endpoints.

use super::SageMaker;
use super::state::JobStatus;

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

/// An endpoint in a few words.
pub(crate) struct EndpointSummary {
    pub(crate) name: String,
    pub(crate) status: &'static str,
    pub(crate) reason: Option<String>,
    pub(crate) config: String,
    /// Seconds since the Unix epoch.
    pub(crate) changed: f64,
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

    /// Tells of the endpoints, by name.
    pub(crate) fn endpoint_summaries(&self) -> Vec<EndpointSummary> {
        self.state.read(|state| {
            let endpoints = state.endpoints.values();
            endpoints
                .map(|endpoint| EndpointSummary {
                    name: endpoint.record.name.clone(),
                    status: endpoint.status.word(),
                    reason: endpoint.failure_reason.clone(),
                    config: endpoint
                        .shown()
                        .map(|serving| serving.config.clone())
                        .unwrap_or_default(),
                    changed: endpoint.record.modified,
                })
                .collect()
        })
    }
}
