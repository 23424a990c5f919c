//! `deploy history` and `deploy show`.

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::context::{Environment, Global, Selection, StackArgument};
use super::failure::Failure;
use super::output::{self, Column, Format};
use super::releases::Known;
use crate::cloud::registry::Version;
use crate::plan::{Deployment, main_metric};
use crate::reconcile::{self, Session};
use crate::release::{Evidence, Provenance, Recorded, Release};

/// Digits of a training key that are shown.
const KEY: usize = 8;

/// Arguments of `deploy history`.
#[derive(Debug, Args)]
#[command(after_help = "\
A release is written down when a deployment was seen to serve. The one that serves now is marked.

Examples:
  deploy history
  deploy history prod
  deploy history prod --output json")]
pub(super) struct Arguments {
    /// The environment
    #[arg(default_value = "local", value_name = "ENVIRONMENT")]
    environment: String,
    #[command(flatten)]
    stack: StackArgument,
}

/// Arguments of `deploy show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy show 7 --env prod               by its number
  deploy show 3f2a91bc --env prod        by the beginning of its content's name
  deploy show 7-3f2a91bc04de --output json")]
pub(super) struct ShowArguments {
    /// The release: its name, its number, or the beginning of what follows the number
    #[arg(value_name = "RELEASE")]
    release: String,
    #[command(flatten)]
    selection: Selection,
}

/// Lists the releases of an environment.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let selection = Selection::of(&arguments.stack, &arguments.environment);
    let environment = Environment::load(global, &selection)?;
    let session = environment.session_to_look(global).await?;
    let known = look(session.as_ref(), &environment).await?;
    if global.output == Format::Json {
        output::result(&json!({
            "stack": environment.stack.name.as_str(),
            "environment": environment.stack.environment.as_str(),
            "current": known.current,
            "releases": known.releases.iter().map(|one| data(one, &known)).collect::<Vec<_>>(),
        }));
        return Ok(());
    }
    if known.releases.is_empty() {
        output::note(&format!("{}: no release yet", environment.title()));
        return Ok(());
    }
    let now = environment.station.witness.now();
    let rows: Vec<_> = known
        .releases
        .iter()
        .map(|recorded| row(&recorded.release, &known, now))
        .collect();
    for line in output::table(COLUMNS, &rows) {
        output::text(&line);
    }
    Ok(())
}

/// Shows one release.
pub(super) async fn show(global: &Global, arguments: &ShowArguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let session = environment.session_to_look(global).await?;
    let known = look(session.as_ref(), &environment).await?;
    let recorded = known.meant(&arguments.release)?;
    let version = version(session.as_ref(), &environment, &recorded.release).await;
    if global.output == Format::Json {
        let mut value = data(recorded, &known);
        if let Some(Version { arn, approval, .. }) = &version {
            value["registry"] = json!({ "arn": arn, "approval": approval });
        }
        output::result(&value);
        return Ok(());
    }
    let registered = version.map(|version| {
        let Version { arn, approval, .. } = version;
        ("registry", format!("{arn} ({approval})"))
    });
    for line in output::fields(lines(recorded, &known).into_iter().chain(registered)) {
        output::text(&line);
    }
    Ok(())
}

async fn look(session: Option<&Session>, environment: &Environment) -> Result<Known, Failure> {
    match session {
        Some(session) => Ok(Known::look(session, environment).await?),
        None => Ok(Known::default()),
    }
}

/// What the model registry has of a release's model. A registry that cannot be read hides no release.
async fn version(
    session: Option<&Session>,
    environment: &Environment,
    release: &Release,
) -> Option<Version> {
    let deployment = Deployment::of(&environment.stack);
    match reconcile::version(session?, &deployment, release).await {
        Ok(version) => version,
        Err(error) => {
            let error = Failure::from(error).text();
            output::warning(&format!(
                "what the model registry says is not known: {error}"
            ));
            None
        }
    }
}

/// The columns.
const COLUMNS: [Column; 8] = [
    Column::whole(""),
    Column::whole("release"),
    Column::whole("when"),
    Column::short("by", 4),
    Column::short("model", 4),
    Column::whole("metric"),
    Column::short("changed", 5),
    Column::short("how", 5),
];

fn row(release: &Release, known: &Known, now: Timestamp) -> [String; 8] {
    let metric = main_metric(&release.model.metrics);
    let metric = metric.map(|(name, value)| format!("{name} {}", output::number(value)));
    let changed = release.changes_since(known.before(release));
    [
        if known.serves(release) { "serves" } else { "" }.to_owned(),
        release.id.to_string(),
        output::age(release.at, now),
        release.by.clone(),
        short(release),
        metric.unwrap_or_else(|| "-".to_owned()),
        changed.join(", "),
        release.provenance.to_string(),
    ]
}

fn short(release: &Release) -> String {
    let key = release.model.training_key.as_str();
    key.chars().take(KEY).collect()
}

fn data(recorded: &Recorded, known: &Known) -> Value {
    let release = &recorded.release;
    let mut value = json!(release);
    value["record"] = json!(recorded.record);
    value["serves"] = json!(known.serves(release));
    value["changed"] = json!(release.changes_since(known.before(release)));
    value
}

/// What there is to say about a release, line by line.
pub(super) fn lines(recorded: &Recorded, known: &Known) -> Vec<(&'static str, String)> {
    let release = &recorded.release;
    let model = &release.model;
    let artifact = &model.artifact;
    let figures = |figures: &std::collections::BTreeMap<String, f64>| {
        let figure = |(name, value): (&String, &f64)| format!("{name} {}", output::number(*value));
        figures.iter().map(figure).collect::<Vec<_>>().join(", ")
    };
    let mut lines = vec![
        ("release", release.id.to_string()),
        (
            "serves",
            if known.serves(release) { "yes" } else { "no" }.to_owned(),
        ),
        ("at", format!("{:.0}", release.at)),
        ("by", release.by.clone()),
        ("how", release.provenance.to_string()),
        (
            "changed",
            release.changes_since(known.before(release)).join(", "),
        ),
        ("model", model.training_key.to_string()),
        ("metrics", figures(&model.metrics)),
        ("classes", figures(&model.classes)),
        (
            "artifact",
            format!("{} ({} bytes)", artifact.key, artifact.size),
        ),
        ("  sha256", artifact.sha256.to_string()),
        ("function", release.function.key.clone()),
        ("foundation", release.stacks.foundation.object()),
        ("service", release.stacks.service.object()),
        ("config", release.endpoint_config.clone()),
        ("tool", format!("deploy {}", release.tool)),
        ("record", recorded.record.to_string()),
    ];
    if let Provenance::Promoted(promotion) = &release.provenance {
        lines.extend(
            promotion
                .evidence
                .iter()
                .map(|one| ("evidence", proof(one))),
        );
        let approvals = promotion.approvals.iter();
        lines.extend(approvals.map(|approval| ("approved by", approval.to_string())));
        let unproven = promotion.unproven.iter();
        lines.extend(unproven.map(|unproven| ("unproven", unproven.reason.clone())));
    }
    lines.retain(|(_, value)| !value.is_empty());
    lines
}

fn proof(evidence: &Evidence) -> String {
    let sign = if evidence.passed { "ok" } else { "FAILED" };
    format!("{sign}  {evidence}")
}
