//! `deploy logs`.

use anstyle::{AnsiColor, Style};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::codes;
use super::context::{Environment, Global, Selection};
use super::failure::{Failure, INTERRUPTED};
use super::output::{self, Format};
use crate::cloud::logs::TRAINING_LOG_GROUP;
use crate::plan::Deployment;
use crate::reconcile::{self, Found, Listening, LogSource, Looking, ReconcileError};
use crate::stack::Timespan;

/// Arguments of `deploy logs`.
#[derive(Debug, Args)]
#[command(after_help = "\
Lines of all sources come in the order of their times, which are UTC. Without --follow the command
ends with what there is; with it Ctrl-C ends it, and changes nothing.

Examples:
  deploy logs                                  the last hour, from everywhere
  deploy logs endpoint function --follow
  deploy logs --env prod --since 2d --grep ERROR
  deploy logs api --output json | jq .text     one JSON object a line")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Whose lines; by default all
    #[arg(value_enum, value_name = "COMPONENT")]
    components: Vec<Component>,
    /// Go on as lines are written
    #[arg(long, short)]
    follow: bool,
    /// From how long ago, e.g. `10m` or `2d`
    #[arg(long, value_name = "TIME", default_value = "1h")]
    since: Timespan,
    /// Only lines that hold this text, as it is written
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
}

/// Who writes logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Component {
    /// Training jobs
    Training,
    /// The endpoint
    Endpoint,
    /// The function
    #[value(alias = "lambda")]
    Function,
    /// The HTTP API, a line a call
    Api,
}

impl Component {
    fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Endpoint => "endpoint",
            Self::Function => "function",
            Self::Api => "api",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Training => AnsiColor::Magenta,
            Self::Endpoint => AnsiColor::Green,
            Self::Function => AnsiColor::Cyan,
            Self::Api => AnsiColor::Yellow,
        }
        .on_default()
    }

    fn sources(self, deployment: &Deployment) -> Vec<(Self, LogSource)> {
        let names = &deployment.names;
        let (groups, jobs_of) = match self {
            // One group for all jobs of the account.
            Self::Training => (
                vec![TRAINING_LOG_GROUP.to_owned()],
                Some(deployment.scope()),
            ),
            // The endpoint that is deployed may be of the other kind than the stack file's.
            Self::Endpoint => (names.endpoint_log_groups().to_vec(), None),
            Self::Function => (vec![names.function_log_group.clone()], None),
            Self::Api => (vec![names.api_log_group.clone()], None),
        };
        let source = |group| {
            let jobs_of = jobs_of.clone();
            (self, LogSource { group, jobs_of })
        };
        groups.into_iter().map(source).collect()
    }
}

/// Shows what was written to the logs, and changes nothing.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let Some(session) = environment.session_to_look(global).await? else {
        let text = format!("{} was never up", environment.title());
        let failure = Failure::failed(anyhow::Error::msg(text)).kind(&codes::NOT_UP);
        return Err(failure.hint("`deploy up` brings it up"));
    };
    let components = match arguments.components.as_slice() {
        [] => Component::value_variants(),
        chosen => chosen,
    };
    let deployment = Deployment::of(&environment.stack);
    let (components, sources): (Vec<Component>, Vec<LogSource>) = components
        .iter()
        .flat_map(|each| each.sources(&deployment))
        .unzip();
    let now = environment.station.witness.now().as_millisecond();
    let span = i64::try_from(arguments.since.seconds().saturating_mul(1000)).unwrap_or(i64::MAX);
    let looking = Looking {
        sources: &sources,
        since: now.saturating_sub(span).max(0),
        text: arguments.grep.as_deref(),
        listening: if arguments.follow {
            Listening::Follow
        } else {
            Listening::Once
        },
    };
    let tell = |found: Found| print(global.output, components[found.source], &found);
    match reconcile::look_into_logs(&session, &looking, tell).await {
        Err(ReconcileError::Interrupted) => Err(Failure {
            code: INTERRUPTED,
            ..Failure::differences()
        }),
        other => Ok(other?),
    }
}

fn print(format: Format, component: Component, found: &Found) {
    let time = jiff::Timestamp::from_millisecond(found.event.time).unwrap_or_default();
    let time = time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
    if format == Format::Json {
        let line = json!({
            "time": time.to_string(),
            "component": component.name(),
            "stream": found.event.stream,
            "text": found.event.text,
        });
        output::text(&line.to_string());
        return;
    }
    let style = component.style();
    for line in found.event.text.lines() {
        let line = output::log_line(line);
        output::text(&format!(
            "{time} {style}{:<8}{style:#} {line}",
            component.name()
        ));
    }
}
