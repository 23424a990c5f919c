//! `deploy completions`, and what a shell is told when it asks while somebody types.
//!
//! The script that is printed asks this program for every completion, so that environments, stacks and
//! releases are those of the project at hand.

mod candidates;

use std::path::Path;

use anyhow::Context;
use clap::{Arg, Args, Command, CommandFactory, ValueEnum};
use clap_complete::env::Shells;
use clap_complete::{ArgValueCandidates, ArgValueCompleter, CompleteEnv};

use super::failure::Failure;
use super::output;

/// The variable by which a shell asks.
const ASKED: &str = "DEPLOY_COMPLETE";
/// What the program is called.
const NAME: &str = "deploy";

/// Arguments of `deploy completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Names of environments, stacks and releases are completed too. Releases are read from a local engine that
runs, and from the files that pin them; no account is asked.

Examples:
  deploy completions bash > ~/.local/share/bash-completion/completions/deploy
  deploy completions zsh > ~/.zfunc/_deploy        with `fpath+=~/.zfunc` before `compinit`
  deploy completions fish > ~/.config/fish/completions/deploy.fish
  deploy completions powershell >> $PROFILE")]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// A shell that completions are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    /// Bash 4 or newer, and 3.2 with less.
    Bash,
    /// Zsh.
    Zsh,
    /// Fish.
    Fish,
    /// `PowerShell`.
    #[value(name = "powershell")]
    Power,
    /// Elvish.
    Elvish,
}

impl Shell {
    fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Power => "powershell",
            Self::Elvish => "elvish",
        }
    }
}

/// Prints the script of a shell.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let shells = Shells::builtins();
    let mut script = Vec::new();
    if let Some(shell) = shells.completer(arguments.shell.name()) {
        shell
            .write_registration(ASKED, NAME, NAME, NAME, &mut script)
            .context("cannot write the script")
            .map_err(Failure::failed)?;
    }
    output::bytes(&script)
        .context("cannot print the script")
        .map_err(Failure::failed)
}

/// Answers a shell that asks for completions; `false` when none does and the program is to run as usual.
///
/// Nothing but completions is printed: what goes wrong shows as no completions.
pub(super) fn answer() -> bool {
    let here = std::env::current_dir().ok();
    let arguments: Vec<_> = std::env::args_os().collect();
    let environment = CompleteEnv::with_factory(completed).var(ASKED);
    environment
        .try_complete(arguments, here.as_deref().map(Path::new))
        .unwrap_or(true)
}

/// The commands, each argument with what can stand there.
fn completed() -> Command {
    with_candidates(super::Arguments::command())
}

fn with_candidates(command: Command) -> Command {
    command
        .mut_args(with_candidate)
        .mut_subcommands(with_candidates)
}

/// Goes by what the help calls the value, so that a new command is completed like the others.
fn with_candidate(argument: Arg) -> Arg {
    let name = argument.get_value_names().and_then(<[_]>::first);
    match name.map(clap::builder::Str::as_str) {
        Some("ENVIRONMENT" | "FROM" | "TO") => {
            argument.add(ArgValueCandidates::new(candidates::environments))
        }
        Some("STACK") => argument.add(ArgValueCandidates::new(candidates::stacks)),
        Some("RELEASE") => argument.add(ArgValueCandidates::new(candidates::releases)),
        Some("A") => argument.add(ArgValueCompleter::new(candidates::sides)),
        Some("CODE") => argument.add(ArgValueCandidates::new(candidates::codes)),
        _ => argument,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command, the hidden ones aside.
    fn commands(command: &Command) -> Vec<&Command> {
        let below = command.get_subcommands().flat_map(commands);
        std::iter::once(command).chain(below).collect()
    }

    #[test]
    fn what_names_an_environment_a_stack_or_a_release_is_completed() {
        let mut seen = 0;
        for command in commands(&completed()) {
            for argument in command.get_arguments() {
                let id = argument.get_id().as_str();
                let meant = ["env", "environment", "stack", "release", "from"];
                if !meant.contains(&id) || command.get_name() == "init" {
                    continue;
                }
                let is_completed = argument.get::<ArgValueCandidates>().is_some();
                assert!(is_completed, "{} {id}", command.get_name());
                seen += 1;
            }
        }
        assert!(seen > 30, "{seen}");
    }
}
