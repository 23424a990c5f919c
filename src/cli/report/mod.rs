//! `deploy report`.

mod infrastructure;

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::context::{Environment, Global, Selection, cache_folder};
use super::failure::{FAILED, Failure, USAGE};
use super::output::{self, Format};
use super::{browser, codes, write};
use crate::plan::Deployment;
use crate::reconcile::{self, Report, ReportError, Wanted};
use crate::stack::ModelSource;

/// Digits of the training key in a page's name.
const IN_NAME: usize = 8;
/// Bytes at the beginning of a file that tell whether it is a page.
const BEGINNING: u64 = 256;

/// Arguments of `deploy report`.
#[derive(Debug, Args)]
#[command(after_help = "\
The report is what the training code wrote as `report.html` and `metrics.json` into
/opt/ml/output/data: that of the model that serves, or of the newest where none does.

The page is saved in the cache, its path is printed, and on a terminal it is opened in the browser.
With --save it is saved where you say, and opened only with --open. Where there is no browser it is
saved all the same, and the command says so.

Examples:
  deploy report                                 open the page of the model that serves
  deploy report --env staging --save page.html  replaces a page, and no other kind of file
  deploy report --save reports/                 as report-STACK-ENVIRONMENT-KEY.html
  deploy report --save - > page.html            on stdout
  deploy report --model 4f2a91bc                another model, by how its training key begins
  deploy report --output json                   the figures, for programs
  deploy report --env prod --infrastructure     what the serving release is made of")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Of the model that this training job trained; `deploy train list` shows the jobs
    #[arg(long, value_name = "NAME", conflicts_with = "model")]
    job: Option<String>,
    /// Of the model whose training key begins so
    #[arg(long, value_name = "KEY")]
    model: Option<String>,
    /// The page of a release's infrastructure, in place of that of its model
    #[arg(long, conflicts_with_all = ["job", "model"])]
    infrastructure: bool,
    /// Of this release, in place of the one that serves; `deploy history` lists them
    #[arg(long, value_name = "RELEASE", requires = "infrastructure")]
    release: Option<String>,
    /// Save the page under this name, or into this folder; `-` is stdout
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
}

impl Arguments {
    fn wanted(&self) -> Wanted {
        match (&self.job, &self.model) {
            (Some(job), _) => Wanted::Job(job.clone()),
            (None, Some(key)) => Wanted::Model(key.clone()),
            (None, None) => Wanted::Current,
        }
    }

    fn to_stdout(&self) -> bool {
        self.save.as_deref() == Some(Path::new("-"))
    }

    /// Opens the page in a browser, if one was asked for or somebody is there to see it.
    fn open(&self, global: &Global, path: Option<&Path>) {
        let json = global.output == Format::Json;
        let opens = self.open || (!json && self.save.is_none() && io::stdout().is_terminal());
        if let Some(path) = path.filter(|_| opens)
            && let Err(why) = browser::open(path)
        {
            output::note(&format!("no browser was opened ({why}); the page is saved"));
        }
    }
}

/// A page, and the name of a file for it.
struct Page<'a> {
    content: &'a [u8],
    file: String,
}

impl Page<'_> {
    /// Writes the page to stdout, or into a file and returns which; programs that want no file get none.
    fn put(&self, global: &Global, arguments: &Arguments) -> Result<Option<PathBuf>, Failure> {
        if arguments.to_stdout() {
            let written = output::bytes(self.content).context("cannot write to stdout");
            return written.map(|()| None).map_err(Failure::failed);
        }
        let path = match &arguments.save {
            None if global.output == Format::Json && !arguments.open => return Ok(None),
            None => cache_folder(global)?.join("reports").join(&self.file),
            Some(path) => {
                let path = std::path::absolute(path).context("cannot use that file");
                in_folder(path.map_err(Failure::failed)?, &self.file)
            }
        };
        spare(&path)?;
        write::replace(&path, self.content)?;
        Ok(Some(path))
    }
}

/// Opens or saves the report of a training run, or the page of a release.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let json = global.output == Format::Json;
    if arguments.to_stdout() && (json || arguments.open) {
        let other = if json { "--output json" } else { "--open" };
        return Err(Failure::usage(format!(
            "`--save -` writes the page to stdout, so it does not go with `{other}`"
        )));
    }
    let environment = Environment::load(global, &arguments.selection)?;
    if arguments.infrastructure {
        return infrastructure::run(global, arguments, &environment).await;
    }
    model(global, arguments, &environment).await
}

/// Opens or saves the report of a training run.
async fn model(
    global: &Global,
    arguments: &Arguments,
    environment: &Environment,
) -> Result<(), Failure> {
    if let (ModelSource::Brought(brought), Wanted::Current) =
        (&environment.stack.model, arguments.wanted())
    {
        return Err(brought_unmeasured(&brought.name()));
    }
    let Some(session) = environment.session_to_look(global).await? else {
        return Err(ReportError::NothingTrained.into());
    };
    let deployment = Deployment::of(&environment.stack);
    let report = reconcile::report(&session, &deployment, &arguments.wanted()).await?;
    let json = global.output == Format::Json;
    // The figures first: where they cannot be read, nothing is written.
    let metrics = if json { Some(report.metrics()?) } else { None };
    let writes = !json || arguments.save.is_some() || arguments.open;
    let path = if writes {
        page(environment, &report)?.put(global, arguments)?
    } else {
        None
    };
    match metrics {
        Some(metrics) => output::result(&json!({
            "stack": environment.stack.name.as_str(),
            "environment": environment.stack.environment.as_str(),
            "key": report.key,
            "job": report.job,
            "serves": report.serves,
            "archive": report.archive,
            "path": path.as_ref().map(|path| path.display().to_string()),
            "metrics": metrics,
        })),
        None if arguments.to_stdout() => {}
        None => show(environment, &report, path.as_deref()),
    }
    arguments.open(global, path.as_deref());
    Ok(())
}

/// Says that a model that is brought has no report.
fn brought_unmeasured(name: &str) -> Failure {
    let message =
        format!("there is no report: {name} is brought, and no training here has measured it");
    Failure::usage(message).hint(
        "`--model KEY` or `--job NAME` shows the report of a model that was trained here before",
    )
}

fn show(environment: &Environment, report: &Report, path: Option<&Path>) {
    let serves = if report.serves { ", which serves" } else { "" };
    output::note(&format!(
        "{}: the report of {}{serves}",
        environment.title(),
        report.job
    ));
    if let Some(path) = path {
        output::text(&path.display().to_string());
    }
}

/// The page of a training run.
fn page<'a>(environment: &Environment, report: &'a Report) -> Result<Page<'a>, ReportError> {
    let key: String = report.key.as_str().chars().take(IN_NAME).collect();
    let (stack, name) = (&environment.stack.name, &environment.stack.environment);
    Ok(Page {
        content: report.page()?,
        file: format!("report-{stack}-{name}-{key}.html"),
    })
}

/// Adds the file's name where the path is a folder, or is written like one.
fn in_folder(path: PathBuf, file: &str) -> PathBuf {
    let is_written_so = path.to_string_lossy().ends_with(std::path::is_separator);
    if is_written_so || path.is_dir() {
        path.join(file)
    } else {
        path
    }
}

/// Refuses to write over what is no page.
pub(super) fn spare(path: &Path) -> Result<(), Failure> {
    let Ok(there) = path.metadata() else {
        // There is nothing, or writing tells what is wrong.
        return Ok(());
    };
    let name = path.display();
    if !there.is_file() {
        let failure = Failure::usage(format!("{name} is no plain file"));
        return Err(failure.hint("`--save -` writes the page to stdout"));
    }
    let is_page = begins_like_page(path)
        .with_context(|| format!("cannot tell what {name} is"))
        .map_err(Failure::failed)?;
    if is_page {
        return Ok(());
    }
    let message = format!("{name} is there, and is no HTML page");
    let failure = Failure::usage(message).kind(&codes::FILE_EXISTS);
    Err(failure.hint("nothing was written: name another file, or remove that one"))
}

fn begins_like_page(path: &Path) -> io::Result<bool> {
    let mut beginning = Vec::new();
    File::open(path)?
        .take(BEGINNING)
        .read_to_end(&mut beginning)?;
    let text = String::from_utf8_lossy(&beginning).to_ascii_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    Ok(["<!doctype html", "<html"]
        .iter()
        .any(|start| text.starts_with(start)))
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        let (code, hint) = match &error {
            ReportError::Reconcile(_) => (FAILED, ""),
            ReportError::NothingTrained => (FAILED, "`deploy up` or `deploy train` trains one"),
            ReportError::ServingUnknown(_) => (
                FAILED,
                "`deploy train list` shows the jobs; `--job` or `--model` names another model",
            ),
            ReportError::NoSuchJob(_) => (
                USAGE,
                "`deploy train list` shows the jobs; one that failed, or whose model was removed, has \
                 no report",
            ),
            ReportError::NoSuchModel(_) => (
                USAGE,
                "`deploy train list --output json` shows the jobs with their keys",
            ),
            ReportError::Ambiguous { .. } => (USAGE, "add more digits of the key"),
            ReportError::Gone { .. } | ReportError::Lacks { .. } => (
                FAILED,
                "a training script leaves `report.html` and `metrics.json` in /opt/ml/output/data; \
                 `deploy train list` shows the metrics that were read from the log",
            ),
            ReportError::NoJson { .. } | ReportError::Archive { .. } => (
                FAILED,
                "it is as the training script left it; `aws s3 cp` fetches the archive",
            ),
        };
        match error {
            ReportError::Reconcile(error) => Self::from(*error),
            error => Self::with_code(code, error)
                .kind(&codes::NO_REPORT)
                .hint(hint),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_written_over_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page");
        spare(&path).unwrap();
        for page in ["<!DOCTYPE html>\n<html>", "\u{feff}\n<html lang=en>"] {
            std::fs::write(&path, page).unwrap();
            spare(&path).unwrap();
        }
        for other in ["", "stack: tiny", "{}", "text about <html>"] {
            std::fs::write(&path, other).unwrap();
            let failure = spare(&path).unwrap_err();
            assert_eq!(failure.code, USAGE, "{other}");
        }
        assert_eq!(spare(folder.path()).unwrap_err().code, USAGE);
        assert_eq!(spare(Path::new("/dev/null")).unwrap_err().code, USAGE);
    }

    #[test]
    fn a_folder_gets_the_page_under_its_own_name() {
        let folder = tempfile::tempdir().unwrap();
        let in_it = |name: &str| in_folder(folder.path().join(name), "report.html");
        assert_eq!(in_it(""), folder.path().join("report.html"));
        assert_eq!(in_it("new/"), folder.path().join("new/report.html"));
        assert_eq!(in_it("page.html"), folder.path().join("page.html"));
    }
}
