//! Writes the sections that are about models: endpoints, their alarms, training and batch jobs.

use super::html::{Plain, each, section, table};
use super::render::Shown;
use super::words::{ago, because, millis, milliseconds, status, took};
use crate::local::services::sagemaker::{EndpointSummary, MINUTES};

/// Jobs of each kind that are shown.
const JOBS: usize = 20;

impl Shown {
    /// The endpoints, and what was measured of them.
    pub(super) fn serving(&self) -> String {
        let rows = each(self.endpoints.iter(), |endpoint| {
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}{}</td><td>{}</td><td>{}</td></tr>",
                Plain(&endpoint.name),
                status(endpoint.status),
                because(endpoint.reason.as_deref()),
                ago(self.now, millis(endpoint.changed)),
                Plain(&endpoint.config),
            )
        });
        if rows.is_empty() {
            return section("Endpoints", "<p>There are none.</p>");
        }
        let head = ["Endpoint", "Status", "Changed", "Configuration"];
        let tables = table("SageMaker endpoints", &head, &rows) + &self.figures();
        section("Endpoints", &tables)
    }

    /// What CloudWatch has of the endpoints.
    fn figures(&self) -> String {
        let rows = each(self.endpoints.iter(), figures);
        let head = [
            "Endpoint",
            "Invocations",
            "Errors",
            "Median",
            "95th percentile",
            "Processor",
            "Memory",
        ];
        let caption = format!("CloudWatch metrics of the last {MINUTES} minutes");
        table(&caption, &head, &rows)
    }

    /// The alarms.
    pub(super) fn alarms(&self) -> String {
        if self.alarms.is_empty() {
            return section("Alarms", "<p>There are none.</p>");
        }
        let rows = each(self.alarms.iter(), |alarm| {
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
                Plain(&alarm.name),
                status(alarm.state),
                ago(self.now, millis(alarm.since)),
                Plain(&alarm.reason),
            )
        });
        let head = ["Alarm", "State", "Since", "Reason"];
        section("Alarms", &table("CloudWatch alarms", &head, &rows))
    }

    /// The training jobs.
    pub(super) fn training(&self) -> String {
        if self.jobs.is_empty() {
            return section("Training jobs", "<p>There are none.</p>");
        }
        let rows = each(self.jobs.iter().take(JOBS), |job| {
            let metrics: Vec<String> = job
                .metrics
                .iter()
                .map(|(name, value)| format!("{} {value:.4}", Plain(name)))
                .collect();
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}{}</td><td>{}</td><td class=\"number\">{}</td>\
                     <td>{}</td></tr>",
                Plain(&job.name),
                status(job.status),
                because((job.detail != job.status).then_some(job.detail.as_str())),
                ago(self.now, millis(job.created)),
                took(job.seconds),
                metrics.join("<br>"),
            )
        });
        let head = ["Job", "Status", "Created", "Took", "Metrics"];
        section(
            "Training jobs",
            &table("Training jobs, newest first", &head, &rows),
        )
    }

    /// The batch transform jobs.
    pub(super) fn batches(&self) -> String {
        if self.batches.is_empty() {
            return section("Batch jobs", "<p>There are none.</p>");
        }
        let rows = each(self.batches.iter().take(JOBS), |job| {
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}{}</td><td>{}</td><td class=\"number\">{}</td>\
                 <td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
                Plain(&job.name),
                status(job.status),
                because(job.reason.as_deref()),
                ago(self.now, millis(job.created)),
                took(job.seconds),
                job.answered,
                job.failed,
            )
        });
        let head = ["Job", "Status", "Created", "Took", "Answered", "Failed"];
        section(
            "Batch jobs",
            &table(
                "Batch transform jobs and their records, newest first",
                &head,
                &rows,
            ),
        )
    }
}

fn figures(endpoint: &EndpointSummary) -> String {
    let figures = &endpoint.figures;
    let percent = |value: f64| format!("{value:.1} %");
    let cells = [
        Some(figures.invocations.to_string()),
        Some(figures.errors.to_string()),
        figures.median.map(milliseconds),
        figures.p95.map(milliseconds),
        figures.processor.map(percent),
        figures.memory.map(percent),
    ];
    let cells = each(cells, |cell| {
        let text = cell.as_deref().unwrap_or("–");
        format!("<td class=\"number\">{text}</td>")
    });
    format!(
        "<tr><th scope=\"row\">{}</th>{cells}</tr>",
        Plain(&endpoint.name)
    )
}
