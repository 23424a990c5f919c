//! `deploy outputs`.

use clap::Args;
use serde_json::json;

use super::context::{Environment, Global, Selection};
use super::failure::{Failure, USAGE};
use super::live::live;
use super::output::{self, Format};

/// Arguments of `deploy outputs`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy outputs                       all of them
  curl -d @text.json \"$(deploy outputs ClassifyUrl)\"
  deploy outputs --env staging --output json")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Print the value of this one, and nothing else
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Shows the outputs of the stack of what serves.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let live = live(global, &environment).await?;
    let outputs = &live.service.outputs;
    let Some(name) = &arguments.name else {
        if global.output == Format::Json {
            output::result(&json!(outputs));
            return Ok(());
        }
        let width = outputs.keys().map(String::len).max().unwrap_or_default();
        for (name, value) in outputs {
            output::text(&format!("{name:<width$}  {value}"));
        }
        return Ok(());
    };
    let Some(value) = outputs.get(name) else {
        let known: Vec<&str> = outputs.keys().map(String::as_str).collect();
        let text = format!("{} has no output `{name}`", environment.title());
        let failure = Failure::with_code(USAGE, anyhow::Error::msg(text));
        return Err(failure.hint(format!("there are {}", known.join(", "))));
    };
    if global.output == Format::Json {
        output::result(&json!(value));
    } else {
        output::text(value);
    }
    Ok(())
}
