//! `deploy render`.

mod files;

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::context::{Global, Project};
use super::failure::{DIFFERENCES, Failure};
use super::output::{self, Format};
use super::write;
use crate::render::Library;
use crate::stack::{Stack, StackFile};
use files::{File, State};

/// Arguments of `deploy render`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy render                      every environment, into stacks/<stack>/rendered/<env>/
  deploy render --env prod --stdout  one environment, on the terminal
  deploy render --check              in CI: exit code 2 when the files are out of date")]
pub(super) struct Arguments {
    /// The stack: its name or its file; by default the only one under stacks/
    #[arg(long, short, env = "DEPLOY_STACK", value_name = "STACK")]
    stack: Option<String>,
    /// Only this environment; may be repeated
    #[arg(long, short, value_name = "ENVIRONMENT")]
    env: Vec<String>,
    /// Every environment; so it is when none is named, too
    #[arg(long, conflicts_with = "env")]
    all: bool,
    /// Print instead of writing files
    #[arg(long, conflicts_with = "check")]
    stdout: bool,
    /// Compare with the files instead of writing them, and show what differs
    #[arg(long)]
    check: bool,
}

/// Renders the templates.
pub(super) fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let project = Project::open(global)?;
    let library = project.library()?;
    // Neither needs the other, and each takes about as long.
    let stacks = std::thread::scope(|scope| {
        scope.spawn(|| library.preload());
        let file = project.stack_file(arguments.stack.as_deref())?;
        selected(&file, &arguments.env)
    })?;
    let beside = stacks.first().and_then(|stack| stack.file.parent());
    let folder = beside.unwrap_or(Path::new(".")).join("rendered");
    let mut wanted = rendered(&project, &library, &stacks, &folder)?;
    if arguments.stdout {
        print(global, &folder, &wanted);
        return Ok(());
    }
    // Of an environment that was not asked for nothing is known, so nothing of it is left over.
    let all = arguments.env.is_empty();
    let environments = stacks.iter().map(|stack| stack.environment.as_str());
    wanted.extend(files::left_over(&folder, environments, all, &wanted)?);
    if arguments.check {
        return check(global, &wanted);
    }
    for file in &wanted {
        match file.state()? {
            State::Current => {}
            State::Missing | State::Stale => write::replace(&file.path, file.text.as_bytes())?,
            State::LeftOver => files::remove(&file.path)?,
        }
    }
    report(global, &wanted);
    Ok(())
}

/// The environments that were asked for, each once.
fn selected(file: &StackFile, names: &[String]) -> Result<Vec<Stack>, Failure> {
    if names.is_empty() {
        return Ok(file.all()?);
    }
    let mut stacks: Vec<Stack> = Vec::new();
    for name in names {
        let stack = file.environment(name)?;
        if !stacks
            .iter()
            .any(|known| known.environment == stack.environment)
        {
            stacks.push(stack);
        }
    }
    Ok(stacks)
}

/// Renders everything before anything is written, on all processors.
fn rendered(
    project: &Project,
    library: &Library,
    stacks: &[Stack],
    folder: &Path,
) -> Result<Vec<File>, Failure> {
    let one = |stack: &Stack| -> Result<Vec<File>, Failure> {
        let rendered = project.render(stack, library)?;
        let folder = folder.join(stack.environment.as_str());
        let files = rendered.files().into_iter();
        Ok(files
            .map(|(name, text)| File::wanted(folder.join(name), text.to_owned()))
            .collect())
    };
    let several = |stacks: &[Stack]| stacks.iter().map(one).collect::<Result<Vec<_>, _>>();
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = stacks.len().div_ceil(processors).max(1);
    let mut wanted = Vec::new();
    std::thread::scope(|scope| {
        let workers: Vec<_> = stacks
            .chunks(share)
            .map(|stacks| scope.spawn(|| several(stacks)))
            .collect();
        for worker in workers {
            let files = worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            wanted.extend(files.into_iter().flatten());
        }
        Ok(wanted)
    })
}

/// Prints the documents, each with the name of the file that it would be in.
fn print(global: &Global, folder: &Path, wanted: &[File]) {
    let name = |file: &File| {
        let inside = file.path.strip_prefix(folder).unwrap_or(&file.path);
        Path::new("rendered").join(inside).display().to_string()
    };
    if global.output == Format::Json {
        let documents: Vec<_> = wanted
            .iter()
            .map(|file| json!({ "file": name(file), "text": file.text }))
            .collect();
        return output::result(&json!({ "documents": documents }));
    }
    for file in wanted {
        output::text(&format!("---\n# {}\n{}", name(file), file.text.trim_end()));
    }
}

fn check(global: &Global, wanted: &[File]) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    for file in wanted {
        let state = file.state()?;
        if state != State::Current {
            wrong.push((file, state));
        }
    }
    let path = |file: &File| file.path.display().to_string();
    let of = |state: State| -> Vec<String> {
        let these = wrong.iter().filter(|(_, found)| *found == state);
        these.map(|(file, _)| path(file)).collect()
    };
    let found = json!({
        "stale": of(State::Stale),
        "missing": of(State::Missing),
        "left_over": of(State::LeftOver),
    });
    let json = global.output == Format::Json;
    if !json {
        for (file, _) in &wrong {
            output::text(file.difference()?.trim_end());
        }
    } else if wrong.is_empty() {
        output::result(&found);
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = wrong
        .iter()
        .map(|(file, state)| format!("{} {}", path(file), state.words()))
        .collect();
    let mut failure = Failure::with_code(DIFFERENCES, anyhow::Error::msg(list.join("; ")))
        .hint("`deploy render` brings the files up to date; commit them with the change");
    if let Value::Object(found) = found {
        failure.found = Some(Box::new(found));
    }
    Err(failure)
}

fn report(global: &Global, files: &[File]) {
    let paths = |state: &dyn Fn(State) -> bool| -> Vec<String> {
        let these = files.iter().filter(|file| state(file.was()));
        these.map(|file| file.path.display().to_string()).collect()
    };
    let kept = paths(&|state| state != State::LeftOver);
    let written = paths(&|state| matches!(state, State::Stale | State::Missing));
    let removed = paths(&|state| state == State::LeftOver);
    if global.output == Format::Json {
        output::result(&json!({ "files": kept, "written": written, "removed": removed }));
        return;
    }
    for path in &kept {
        output::text(path);
    }
    let gone = match removed.as_slice() {
        [] => String::new(),
        list => format!(", removed {}", list.join(", ")),
    };
    let current = kept.len() - written.len();
    output::note(&format!(
        "{} written, {current} were current{gone}",
        written.len()
    ));
}
