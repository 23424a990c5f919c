//! `deploy train list`.

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::context::{Environment, Global, Selection};
use super::super::failure::Failure;
use super::super::output::{self, Column, Format};
use crate::cloud::training::TrainingState;
use crate::plan::{self, Deployment, main_metric};
use crate::reconcile;

/// Arguments of `deploy train list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy train list
  deploy train list --env staging --output json")]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    selection: Selection,
}

/// Lists the training jobs of an environment, the newest first.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let (mut jobs, mut serving) = (Vec::new(), None);
    if let Some(session) = environment.session_to_look(global).await? {
        let deployment = Deployment::of(&environment.stack);
        let observed = reconcile::observe(&session, &deployment).await?;
        jobs = reconcile::training_jobs(&session, &deployment).await?;
        jobs.reverse();
        let parameters = observed.service.map(|state| state.parameters);
        serving = parameters
            .and_then(|parameters| parameters.get(plan::parameters::MODEL_DATA_KEY).cloned());
    }
    let now = environment.station.witness.now();
    let rows: Vec<Row> = jobs
        .iter()
        .map(|job| Row::of(job, serving.as_deref(), now))
        .collect();
    if global.output == Format::Json {
        output::result(&json!({
            "stack": environment.stack.name.as_str(),
            "environment": environment.stack.environment.as_str(),
            "jobs": jobs.iter().zip(&rows).map(|(job, row)| row.json(job)).collect::<Vec<_>>(),
        }));
        return Ok(());
    }
    if rows.is_empty() {
        output::note(&format!("{}: no training job yet", environment.title()));
        return Ok(());
    }
    let cells: Vec<_> = rows.into_iter().map(|row| row.cells).collect();
    for line in output::table(COLUMNS, &cells) {
        output::text(&line);
    }
    Ok(())
}

/// What is shown of a job.
struct Row {
    cells: [String; 8],
    serves: bool,
    seconds: Option<u64>,
}

/// The columns.
const COLUMNS: [Column; 8] = [
    Column::whole(""),
    Column::whole("job"),
    Column::short("status", 8),
    Column::whole("started"),
    Column::whole("took"),
    Column::short("instance", 8),
    Column::whole("saved"),
    Column::whole("metric"),
];

impl Row {
    fn of(job: &TrainingState, serving: Option<&str>, now: Timestamp) -> Self {
        let folder = format!("training/{}/", job.name);
        let serves = serving.is_some_and(|model| model.starts_with(&folder));
        let facts = &job.facts;
        let seconds = facts.seconds(now);
        let metric = main_metric(&job.metrics);
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        Self {
            cells: [
                if serves { "serves" } else { "" }.to_owned(),
                job.name.clone(),
                output::training_status(&job.detail),
                or_none(facts.created.map(|at| output::age(at, now))),
                or_none(seconds.map(|seconds| output::elapsed(Duration::from_secs(seconds)))),
                output::instances(facts),
                or_none(facts.saving().map(|percent| format!("{percent} %"))),
                or_none(metric.map(|(name, value)| format!("{name} {}", output::number(value)))),
            ],
            serves,
            seconds,
        }
    }

    fn json(&self, job: &TrainingState) -> Value {
        let mut value = json!(job);
        value["key"] = json!(key_of(&job.name));
        value["serves"] = json!(self.serves);
        value["seconds"] = json!(self.seconds);
        value["saving"] = json!(job.facts.saving());
        value
    }
}

/// As much of the training key as a job's name carries.
fn key_of(job: &str) -> &str {
    let name = match job.rsplit_once("-r") {
        Some((name, attempt)) if attempt.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => job,
    };
    name.rsplit_once('-').map_or(name, |(_, key)| key)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::cloud::training::{JobFacts, TrainingPhase};

    #[test]
    fn a_job_is_a_row_and_the_one_that_serves_is_marked() {
        let time = |text: &str| Some(text.parse().unwrap());
        let job = |name: &str, detail: &str, ended: Option<Timestamp>| TrainingState {
            name: name.into(),
            phase: TrainingPhase::Completed,
            detail: detail.into(),
            message: String::new(),
            failure_reason: None,
            model: None,
            metrics: BTreeMap::from([("eval_macro_f1".to_owned(), 0.9312)]),
            facts: JobFacts {
                created: time("2026-11-26T10:00:00Z"),
                ended,
                instances: vec!["ml.g4dn.xlarge".into()],
                count: 1,
                spot: true,
                interruptions: 0,
                training_seconds: Some(100),
                billable_seconds: Some(30),
            },
        };
        let jobs = [
            job("news-2", "Training", None),
            job("news-1", "Completed", time("2026-11-26T10:10:00Z")),
        ];
        let now = "2026-11-26T12:00:00Z".parse().unwrap();
        let serving = Some("training/news-1/output/model.tar.gz");
        let rows: Vec<Row> = jobs.iter().map(|job| Row::of(job, serving, now)).collect();
        let cells: Vec<_> = rows.iter().map(|row| row.cells.clone()).collect();
        assert_eq!(
            output::table(COLUMNS, &cells),
            [
                "        job     status     started      took         instance        saved  metric",
                "        news-2  training   2 hours ago  2 h 00 min   ml.g4dn.xlarge  70 %   macro-F1 0.9312",
                "serves  news-1  completed  2 hours ago  10 min 00 s  ml.g4dn.xlarge  70 %   macro-F1 0.9312",
            ]
        );
        assert_eq!(key_of("news-prod-4f2a91bc0d3e5f67"), "4f2a91bc0d3e5f67");
        assert_eq!(key_of("news-prod-4f2a91bc0d3e5f67-r12"), "4f2a91bc0d3e5f67");
        let shown = rows[1].json(&jobs[1]);
        assert_eq!(
            (&shown["serves"], &shown["seconds"], &shown["saving"]),
            (&json!(true), &json!(600), &json!(70))
        );
    }
}
