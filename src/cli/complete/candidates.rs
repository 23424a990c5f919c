//! What can stand at a place of the command line: stacks and environments of the stack files, releases of
//! a local engine that runs and of the files that pin them.
//!
//! Nothing is started, no account is asked, and whatever cannot be read soon is left out in silence.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap_complete::CompletionCandidate;

use crate::cli::context::{Environment, Global, Project, Selection, StackArgument};
use crate::cli::explain;
use crate::cli::output::Format;
use crate::cli::releases::Known;
use crate::stack::{StackFile, Target};

/// The longest that somebody who pressed a key should wait.
const PATIENCE: Duration = Duration::from_millis(1500);

/// The stacks of the project.
pub(super) fn stacks() -> Vec<CompletionCandidate> {
    let names = files().into_iter().filter_map(|file| {
        let folder = file.parent()?.file_name()?;
        Some(folder.to_string_lossy().into_owned())
    });
    names.map(CompletionCandidate::new).collect()
}

/// The environments of the stack that is meant, or of all.
pub(super) fn environments() -> Vec<CompletionCandidate> {
    named_environments()
        .into_iter()
        .map(CompletionCandidate::new)
        .collect()
}

/// The releases of the environment that is meant, or of all.
pub(super) fn releases() -> Vec<CompletionCandidate> {
    let typed = typed();
    let meant = option(&typed, "--env", "-e");
    let all = named_environments();
    let known = all
        .iter()
        .filter(|name| meant.as_ref().is_none_or(|meant| *name == meant));
    let known: BTreeSet<String> = known.flat_map(|name| of_environment(name)).collect();
    known.into_iter().map(CompletionCandidate::new).collect()
}

/// What `deploy diff` compares: environments, and releases as `ENVIRONMENT@RELEASE`.
pub(super) fn sides(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let Some((environment, _)) = current.split_once('@') else {
        return environments();
    };
    let fixed = ["current", "previous"].map(str::to_owned);
    let known = fixed.into_iter().chain(of_environment(environment));
    known
        .map(|release| format!("{environment}@{release}"))
        .filter(|whole| whole.starts_with(&*current))
        .map(CompletionCandidate::new)
        .collect()
}

/// The codes that `deploy explain` knows.
pub(super) fn codes() -> Vec<CompletionCandidate> {
    let names = explain::names().into_iter();
    names.map(CompletionCandidate::new).collect()
}

/// The words of the command line so far.
fn typed() -> Vec<OsString> {
    let mut words = std::env::args_os().skip_while(|word| word != "--");
    words.next();
    words.collect()
}

/// The value of an option among the words.
fn option(words: &[OsString], long: &str, short: &str) -> Option<String> {
    let given = words.iter().enumerate().find_map(|(at, word)| {
        let word = word.to_string_lossy();
        if word == long || word == short {
            let value = words.get(at + 1)?;
            return Some(value.to_string_lossy().into_owned());
        }
        let value = word.strip_prefix(long)?.strip_prefix('=')?;
        Some(value.to_owned())
    });
    given.filter(|value| !value.is_empty())
}

/// What a command without arguments of its own would be told.
fn global() -> Global {
    Global {
        project: option(&typed(), "--project", "-C").map(PathBuf::from),
        output: Format::Human,
        local_port: None,
        cache: None,
        quiet: true,
        verbose: 0,
    }
}

fn project() -> Option<Project> {
    Project::open(&global()).ok()
}

/// The stack files of the project, or the one that is meant.
fn files() -> Vec<PathBuf> {
    let Some(project) = project() else {
        return Vec::new();
    };
    let entries = fs::read_dir(project.root.join("stacks"));
    let folders = entries.into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = folders
        .map(|entry| entry.path().join("stack.yaml"))
        .filter(|file| file.is_file())
        .collect();
    files.sort();
    files
}

fn named_environments() -> BTreeSet<String> {
    let meant = option(&typed(), "--stack", "-s");
    let is_meant = |file: &PathBuf| {
        meant.as_ref().is_none_or(|meant| {
            let folder = file.parent().and_then(Path::file_name);
            folder == Some(OsStr::new(meant)) || file.ends_with(meant)
        })
    };
    let files = files().into_iter().filter(is_meant);
    let read = files.filter_map(|file| StackFile::read(&file).ok());
    let names = read.flat_map(|file| {
        let names = file.environments().map(ToString::to_string);
        names.collect::<Vec<_>>()
    });
    names.collect()
}

/// The stack that was typed before.
fn typed_stack() -> StackArgument {
    StackArgument::given(option(&typed(), "--stack", "-s"))
}

/// The releases of an environment: what is pinned for it, and what a local engine that runs has.
fn of_environment(name: &str) -> Vec<String> {
    let selection = Selection::of(&typed_stack(), name);
    let Ok(environment) = Environment::load(&global(), &selection) else {
        return Vec::new();
    };
    match environment.stack.target {
        Target::Local(_) => in_engine(&environment).unwrap_or_default(),
        Target::Aws(_) => pinned(&environment),
    }
}

/// The releases of an environment that others have pinned to take over.
fn pinned(environment: &Environment) -> Vec<String> {
    let here = environment.stack.environment.as_str();
    let takers = named_environments().into_iter().filter_map(|taker| {
        let selection = Selection::of(&typed_stack(), &taker);
        let taker = Environment::load(&global(), &selection).ok()?;
        let from = taker.pin().ok()??.promotion.from;
        (from.environment == here).then(|| from.release.to_string())
    });
    takers.collect()
}

/// The releases in a local engine that runs; `None` where none runs, or where it is too slow.
fn in_engine(environment: &Environment) -> Option<Vec<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    let read = async {
        let session = environment.session_if_running(&global()).await.ok()??;
        let known = Known::look(&session, environment).await.ok()?;
        let names = known.releases.iter().map(|one| one.release.id.to_string());
        Some(names.collect())
    };
    let read = runtime.block_on(async { tokio::time::timeout(PATIENCE, read).await });
    runtime.shutdown_background();
    read.ok()?
}
