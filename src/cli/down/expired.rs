//! `deploy down --expired`: removes every environment that is over, and nothing else. Made for a schedule.

use serde_json::{Map, Value, json};

use super::{Arguments, remove, retire};
use crate::cli::context::{Environment, Global, Project, Selection};
use crate::cli::failure::Failure;
use crate::cli::output::{self, Format};
use crate::reconcile::{Down, Due, ReconcileError};
use crate::stack::{EnvironmentName, Protection};
use jiff::Timestamp;

/// What became of an environment.
enum End {
    /// It lives until somebody removes it: it has no `ttl`, or is protected.
    Unlimited,
    /// Nothing of it is there.
    NotThere,
    /// It is not over; until when, where that can be told.
    Lives(Option<Timestamp>),
    /// It was over.
    Removed(Box<Down>),
    /// It may be over, but could not be removed.
    Failed(Failure),
}

/// Removes the environments of a stack that are over, or the one that is named if it is.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let file = Project::open(global)?.stack_file(arguments.stack.name())?;
    let names: Vec<String> = match &arguments.env {
        Some(name) => vec![name.clone()],
        None => file
            .environments()
            .map(EnvironmentName::to_string)
            .collect(),
    };
    let mut ends = Vec::new();
    for name in names {
        let selection = Selection::of(&arguments.stack, &name);
        let environment = Environment::load(global, &selection)?;
        let end = match end(global, &environment, arguments).await {
            Ok(end) => end,
            Err(failure) => End::Failed(failure),
        };
        let asked = arguments.env.is_some();
        if !matches!(end, End::Unlimited) || asked {
            ends.push((environment, end));
        }
    }
    show(global, ends)
}

/// Looks at an environment, and removes it if it is over.
async fn end(
    global: &Global,
    environment: &Environment,
    arguments: &Arguments,
) -> Result<End, Failure> {
    let stack = &environment.stack;
    let Some(ttl) = stack
        .ttl
        .filter(|_| stack.protection == Protection::Unprotected)
    else {
        return Ok(End::Unlimited);
    };
    let Some(session) = environment.session_to_look(global).await? else {
        return Ok(End::NotThere);
    };
    match remove(environment, session, arguments, Due::Expired(ttl)).await {
        Ok(down) if down.plan.changes_nothing() => Ok(End::NotThere),
        Ok(down) => {
            retire(environment, arguments).await?;
            Ok(End::Removed(Box::new(down)))
        }
        Err(ReconcileError::NotExpired { until }) => Ok(End::Lives(until)),
        Err(error) => Err(error.into()),
    }
}

/// Shows what became of each; fails as the first that could not be removed does.
fn show(global: &Global, ends: Vec<(Environment, End)>) -> Result<(), Failure> {
    let list: Vec<Value> = ends
        .iter()
        .map(|(environment, end)| {
            let mut value = end.data();
            value["environment"] = json!(environment.stack.environment.as_str());
            value
        })
        .collect();
    let result = Map::from_iter([("environments".to_owned(), Value::Array(list))]);
    if ends.is_empty() {
        output::note("no environment has a `ttl`");
    }
    let mut first = None;
    for (environment, end) in ends {
        output::note(&format!("{}: {}", environment.title(), end.words()));
        if let End::Failed(failure) = end {
            first.get_or_insert(failure);
        }
    }
    if let Some(mut failure) = first {
        failure.found = Some(Box::new(result));
        return Err(failure);
    }
    if global.output == Format::Json {
        output::result(&Value::Object(result));
    }
    Ok(())
}

impl End {
    fn data(&self) -> Value {
        match self {
            Self::Unlimited => json!({ "state": "unlimited" }),
            Self::NotThere => json!({ "state": "not_there" }),
            Self::Lives(until) => json!({ "state": "lives", "until": until }),
            Self::Removed(down) => json!({
                "state": "removed",
                "items": down.plan.removes,
                "let_go": down.let_go,
            }),
            Self::Failed(failure) => json!({ "state": "failed", "why": failure.text() }),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Unlimited => {
                "stays: it is protected, or has no `ttl` in the stack file".to_owned()
            }
            Self::NotThere => "not there".to_owned(),
            Self::Lives(Some(until)) => format!("lives until {}", output::moment(*until)),
            Self::Lives(None) => {
                "stays: CloudFormation does not tell when it was changed".to_owned()
            }
            Self::Removed(_) => "was over, and is removed".to_owned(),
            Self::Failed(_) => "not removed".to_owned(),
        }
    }
}
