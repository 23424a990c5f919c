//! Words in, words out.
//!
//! Purpose: the command line. The only module that prints, prompts, reads the environment or decides
//! an exit code. Input: arguments. Output: results on stdout, progress and failures on stderr. Must
//! not know: how anything is done; each command calls the library and shows what it returns.

mod batch;
mod bootstrap;
mod browser;
mod check;
mod codes;
mod complete;
mod confirm;
mod consent;
mod context;
mod cost;
mod deprecated;
mod diff;
mod doctor;
mod down;
mod draft;
mod drift;
mod explain;
mod failure;
mod gc;
mod graph;
mod history;
mod init;
mod interrupt;
mod invoke;
mod live;
mod load;
mod local;
mod logs;
mod man;
mod open;
mod openapi;
mod origin;
mod output;
mod outputs;
mod paragraphs;
mod permissions;
mod plan;
mod promote;
mod reason;
mod releases;
mod remedy;
mod render;
mod report;
mod rollback;
mod schema;
mod station;
mod status;
mod templates;
mod trace;
mod train;
mod unlock;
mod unsupported;
mod up;
mod validate;
mod warnings;
mod write;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use context::Global;
use failure::Failure;

/// Columns of the help on a wide terminal.
const WIDEST: usize = 100;

/// Deploys a text-classification service to AWS, or to an embedded local engine, from one YAML file.
#[derive(Debug, Parser)]
#[command(version, about, after_help = AFTER_HELP, max_term_width = WIDEST, arg_required_else_help = true)]
struct Arguments {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  deploy up                               train and serve on this machine
  deploy invoke \"Fed holds rates\"         classify a text
  deploy down                             remove it
  deploy validate                         check the stack file of every environment
  deploy up --env staging                 the same on AWS, after showing the plan

Exit codes:
  0 done, or nothing to change      1 failed, or findings     2 differences found
  3 declined                        4 another run works       5 a gate was not passed
  6 rolled back                     7 something is left after `down`
  64 wrong usage or file            130 interrupted";

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring an environment up: train, serve, and see that it answers
    Up(up::Arguments),
    /// Remove an environment and everything in it
    Down(down::Arguments),
    /// Show what `up` would do, and why
    Plan(plan::Arguments),
    /// Train a model and stop there; list, follow and stop training jobs
    Train(train::Arguments),
    /// Classify in bulk: run, list, stop and fetch batch jobs
    Batch(batch::Arguments),
    /// Open or save the report of a training run, with its figures and charts
    Report(report::Arguments),
    /// Remove models, data and code that nothing refers to any more
    Gc(gc::Arguments),
    /// Remove the lock of a run that is gone
    Unlock(unlock::Arguments),
    /// Write the CloudFormation templates of the environments for review
    Render(render::Arguments),
    /// Show what differs from a git revision, or between environments or releases, and what it means
    Diff(diff::Arguments),
    /// Draw an environment's resources, or a plan, as Mermaid, DOT or SVG
    Graph(graph::Arguments),
    /// List, show or eject the templates
    Templates(templates::Arguments),
    /// Start a new project
    Init(init::Arguments),
    /// Check the stack file and the templates of every environment
    Validate(validate::Arguments),
    /// Print the JSON Schema of stack files, for editors
    Schema(schema::Arguments),
    /// Tell what the code of an error or a finding means, and how to mend it
    Explain(explain::Arguments),
    /// Look the templates over for what is unsafe, exposed or fragile
    Check(check::Arguments),
    /// Make the roles that jobs on GitHub deploy with
    Bootstrap(bootstrap::Arguments),
    /// Print the least-privilege IAM policy for whoever works on an environment
    Permissions(permissions::Arguments),
    /// Show what is deployed
    Status(status::Arguments),
    /// Look whether an environment could be brought up, and how to mend what is wrong
    Doctor(doctor::Arguments),
    /// Show what an environment costs
    Cost(cost::Arguments),
    /// Let an environment take over what serves in another
    Promote(promote::Arguments),
    /// Print what is signed to approve a promotion
    Approve(promote::approve::Arguments),
    /// Deploy an earlier release again
    Rollback(rollback::Arguments),
    /// List the releases of an environment
    History(history::Arguments),
    /// Show one release: what it is made of, how it came about, on what evidence
    Show(history::ShowArguments),
    /// Show what others changed since it was deployed
    Drift(drift::Arguments),
    /// Classify texts
    Invoke(invoke::Arguments),
    /// Print the OpenAPI document of the HTTP API
    Openapi(openapi::Arguments),
    /// Put load on the service, and measure what comes of it
    Load(load::Arguments),
    /// Show what training, endpoint, function and API wrote to their logs
    Logs(logs::Arguments),
    /// Show the addresses and names of what was deployed
    Outputs(outputs::Arguments),
    /// Open the page of what was deployed
    Open(open::Arguments),
    /// Start, stop and look at the local engine
    Local(local::Arguments),
    /// Print the completions of a shell
    Completions(complete::Arguments),
    /// Print or write the manual pages
    Man(man::Arguments),
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    if complete::answer() {
        return ExitCode::SUCCESS;
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(context::variable);
    output::signs::begin(locale.as_deref());
    output::width::begin(context::variable("COLUMNS").as_deref());
    let (given, renamed) = deprecated::renamed(std::env::args_os().collect());
    let parsed = paragraphs::flowing(Arguments::command()).try_get_matches_from(given);
    let arguments = match parsed.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let format = arguments.global.output;
    output::begin(format, arguments.global.loudness());
    trace::begin(arguments.global.verbose);
    deprecated::warn(&renamed);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::failed(anyhow::Error::new(error).context("cannot start"));
            return failure::show(&failure, format);
        }
    };
    let result = runtime.block_on(interrupt::guard(run(arguments)));
    // Not waited for: what a broken-off command left on the blocking pool must not hold it up.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure::show(&failure, format),
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let global = &arguments.global;
    match arguments.command {
        Command::Up(arguments) => Box::pin(up::run(global, &arguments)).await,
        Command::Down(arguments) => Box::pin(down::run(global, &arguments)).await,
        Command::Plan(arguments) => Box::pin(plan::run(global, &arguments)).await,
        Command::Train(arguments) => Box::pin(train::run(global, &arguments)).await,
        Command::Batch(arguments) => Box::pin(batch::run(global, &arguments)).await,
        Command::Report(arguments) => report::run(global, &arguments).await,
        Command::Gc(arguments) => Box::pin(gc::run(global, &arguments)).await,
        Command::Unlock(arguments) => unlock::run(global, &arguments).await,
        Command::Render(arguments) => render::run(global, &arguments),
        Command::Diff(arguments) => Box::pin(diff::run(global, &arguments)).await,
        Command::Templates(arguments) => templates::run(global, &arguments),
        Command::Init(arguments) => init::run(global, &arguments),
        Command::Validate(arguments) => validate::run(global, &arguments),
        Command::Schema(arguments) => {
            schema::run(&arguments);
            Ok(())
        }
        Command::Explain(arguments) => explain::run(global, &arguments),
        Command::Check(arguments) => check::run(global, &arguments),
        Command::Bootstrap(arguments) => Box::pin(bootstrap::run(global, &arguments)).await,
        Command::Permissions(arguments) => permissions::run(global, &arguments),
        Command::Status(arguments) => Box::pin(status::run(global, &arguments)).await,
        Command::Doctor(arguments) => Box::pin(doctor::run(global, &arguments)).await,
        Command::Cost(arguments) => Box::pin(cost::run(global, &arguments)).await,
        Command::Promote(arguments) => Box::pin(promote::run(global, &arguments)).await,
        Command::Approve(arguments) => Box::pin(promote::approve::run(global, &arguments)).await,
        Command::Rollback(arguments) => Box::pin(rollback::run(global, &arguments)).await,
        Command::History(arguments) => history::run(global, &arguments).await,
        Command::Show(arguments) => history::show(global, &arguments).await,
        Command::Drift(arguments) => drift::run(global, &arguments).await,
        Command::Invoke(arguments) => Box::pin(invoke::run(global, &arguments)).await,
        Command::Graph(arguments) => graph::run(global, &arguments).await,
        Command::Openapi(arguments) => openapi::run(global, &arguments).await,
        Command::Load(arguments) => Box::pin(load::run(global, &arguments)).await,
        Command::Logs(arguments) => logs::run(global, &arguments).await,
        Command::Outputs(arguments) => outputs::run(global, &arguments).await,
        Command::Open(arguments) => open::run(global, &arguments).await,
        Command::Completions(arguments) => complete::run(&arguments),
        Command::Man(arguments) => man::run(global, &arguments),
        Command::Local(arguments) => local::run(global, arguments).await,
    }
}

/// Shows clap's help or its error; a wrong usage has an exit code of its own.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // When even the help cannot be printed there is nobody to tell.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    output::usage_error(&codes::WRONG_USAGE, error);
    failure::exit_code(failure::USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_sound() {
        Arguments::command().debug_assert();
    }

    /// The commands of the program as people type them, with their help; hidden ones aside.
    fn commands(command: &clap::Command, path: &str) -> Vec<(String, String)> {
        let help = command.get_after_help().map(ToString::to_string);
        let mut all = vec![(path.to_owned(), help.unwrap_or_default())];
        for below in command.get_subcommands() {
            if !below.is_hide_set() && below.get_name() != "help" {
                all.extend(commands(below, &format!("{path} {}", below.get_name())));
            }
        }
        all
    }

    /// The words of a line as a shell reads them, up to a pipe, a redirection or a comment after it.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let (mut quote, mut spaces) = (None, 0);
        for c in line.trim().chars() {
            let redirects = "|<>&".contains(c) && words.last().unwrap().is_empty();
            if quote.is_none() && (redirects || c == ' ' && spaces == 1) {
                break;
            }
            match quote {
                Some(open) if c == open => quote = None,
                None if c == '\'' || c == '"' => quote = Some(c),
                None if c == ' ' => {
                    spaces = 1;
                    words.push(String::new());
                    continue;
                }
                _ => words.last_mut().unwrap().push(c),
            }
            spaces = 0;
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_command_has_examples_that_it_takes() {
        for (command, help) in commands(&Arguments::command(), "deploy") {
            let (_, examples) = help
                .split_once("Examples:\n")
                .unwrap_or_else(|| panic!("`{command}` has no examples"));
            let examples = examples.split("\n\n").next().unwrap_or_default();
            // Paragraphs flow; what is indented stands as it is written.
            for line in help.lines().filter(|line| line.starts_with(' ')) {
                let wide = line.chars().count();
                assert!(wide <= WIDEST, "{command}: clap would break this: {line}");
            }
            let lines = examples.lines().flat_map(|line| line.split(" | "));
            let own: Vec<&str> = lines
                .map(str::trim)
                .filter(|line| *line == "deploy" || line.starts_with("deploy "))
                .collect();
            assert!(
                own.iter().any(|line| line.starts_with(&command)),
                "{command}: {examples}"
            );
            for line in own {
                let parsed = Arguments::try_parse_from(words(line));
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            }
        }
    }
}
