//! `deploy diff`.

mod between;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::cli::codes;
use crate::cli::context::{Global, Project, StackArgument};
use crate::cli::cost::{self, PriceArguments};
use crate::cli::failure::{self, Failure};
use crate::cli::origin::Origins;
use crate::cli::output::{self, Format};
use crate::diff::{
    self, Base, BaseError, ContentChange, EnvironmentDiff, GitError, Paths, Report, Side,
};
use crate::render::{self, Library};
use crate::stack::{Brought, DataSource, EnvironmentName, ModelSource, Stack, StackFile};

/// Arguments of `deploy diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  deploy diff                                    the working tree against HEAD
  deploy diff --base origin/main --env prod      one environment against another revision
  deploy diff --base ../old/rendered             against a folder of rendered files
  deploy diff --base origin/main --format markdown > comment.md
  deploy diff staging prod                       what prod has otherwise than staging, but for names
  deploy diff prod@3 prod@current                two releases: templates, model, labels, function
  deploy diff prod@current tree                  what deploying the working tree would change
  deploy diff prod@current staging@12            releases of two environments

Exit codes: 0 no differences, 2 differences found. No credentials and no network are needed, but for
releases, which are in the bucket of their environment.")]
pub(in crate::cli) struct Arguments {
    /// Two sides: environments of the stack file, releases as `ENVIRONMENT@RELEASE` (name, number, the
    /// beginning of what follows the number, or `current`), or `tree`, the working tree beside a release
    #[arg(value_names = ["A", "B"], num_args = 2, conflicts_with_all = ["base", "env", "schema"])]
    sides: Vec<String>,
    #[command(flatten)]
    stack: StackArgument,
    /// Only this environment; may be repeated
    #[arg(long, short, value_name = "ENVIRONMENT")]
    env: Vec<String>,
    /// What to compare with: a git revision, or a folder or file of rendered templates. What is on
    /// disk comes first; `refs/heads/NAME` names a branch that is called like a folder
    #[arg(
        long,
        short,
        default_value = "HEAD",
        value_name = "REVISION|FOLDER|FILE"
    )]
    base: String,
    #[command(flatten)]
    prices: PriceArguments,
    /// How the differences are printed; by default as `--output` says
    #[arg(long, value_enum)]
    format: Option<DiffFormat>,
    /// Print the JSON Schema of `--format json` and nothing else
    #[arg(long)]
    schema: bool,
}

/// How differences are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    /// For people, in a terminal.
    Human,
    /// For programs: one JSON document; `--schema` describes it.
    Json,
    /// For a comment in a pull request.
    Markdown,
}

/// Shows what differs.
pub(in crate::cli) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.schema {
        output::text(diff::SCHEMA.trim_end());
        return Ok(());
    }
    let format = format(global, arguments)?;
    let report = match arguments.sides.as_slice() {
        [before, after] => Box::pin(between::report(global, arguments, [before, after])).await?,
        _ => against_base(global, arguments)?,
    };
    match format {
        DiffFormat::Human => output::text(diff::human(&report).trim_end()),
        DiffFormat::Markdown => output::text(diff::markdown(&report).trim_end()),
        DiffFormat::Json => {
            let value = serde_json::to_value(&report).context("cannot write the report");
            output::result(&value.map_err(Failure::failed)?);
        }
    }
    if report.changed {
        Err(Failure::differences())
    } else {
        Ok(())
    }
}

/// What the working tree has otherwise than a revision or rendered files.
fn against_base(global: &Global, arguments: &Arguments) -> Result<Report, Failure> {
    let project = Project::open(global)?;
    let file = project.stack_file(arguments.stack.name())?;
    let path = std::path::absolute(&file.source().path)
        .context("cannot tell where the stack file is")
        .map_err(Failure::failed)?;
    let folder = path.parent().unwrap_or_else(|| Path::new("/"));
    let mut base = diff::read_base(&arguments.base, folder, only(&file, &arguments.env))
        .map_err(|error| unreadable(error, arguments))?;
    let stacks = stacks(&file, &arguments.env, &base)?;
    let name = match stacks.first() {
        Some(stack) => stack.name.to_string(),
        None => folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
    };
    let library = project.library()?;
    let mut prices = BTreeMap::new();
    for stack in &stacks {
        let known = cost::at_hand(global, stack, &arguments.prices)?;
        prices.extend(known.map(|known| (stack.environment.to_string(), known)));
    }
    let side = rendered(&project, &library, &stacks, &base)?;
    let environments = environments(&path, &stacks, &mut base, &side, &arguments.env)?;
    let environments = environments.into_iter().map(|mut found| {
        let name = &found.environment;
        let (before, after) = (base.side.get(name), side.get(name));
        if let Some(prices) = prices.get(name) {
            cost::of_diff(&mut found, before, after, prices);
        }
        found
    });
    let environments = environments.collect();
    let origins = Origins::new(&project, &file, &stacks, &library);
    let shown = path.strip_prefix(&project.root).unwrap_or(&path);
    let report = Report::new(&name, &base.name, environments, base.notes);
    Ok(report.with_origins(|environment, document, pointer| {
        let origin = origins.find(environment, document, pointer)?;
        Some(in_report(shown, &origin, environment, document))
    }))
}

/// Writes an origin as a report has it: files with lines.
fn in_report(
    source: &Path,
    origin: &render::Origin,
    environment: &str,
    document: &str,
) -> diff::Origin {
    let rendered = source.with_file_name(format!("rendered/{environment}/{document}.yaml"));
    let line = |file: String, line| Some(diff::Line { file, line });
    diff::Origin {
        rendered: line(rendered.display().to_string(), origin.rendered_line),
        template: line(origin.template.file.clone(), origin.template.line),
        stack: (origin.stack.as_ref())
            .and_then(|place| line(source.display().to_string(), place.line)),
    }
}

fn format(global: &Global, arguments: &Arguments) -> Result<DiffFormat, Failure> {
    match (arguments.format, global.output) {
        (None, Format::Human) => Ok(DiffFormat::Human),
        (None | Some(DiffFormat::Json), Format::Json) => Ok(DiffFormat::Json),
        (Some(_), Format::Json) => Err(Failure::usage(
            "`--output json` and another `--format` contradict each other",
        )
        .hint("leave one of the two out")),
        (Some(format), Format::Human) => Ok(format),
    }
}

/// The only environment that is compared, if it is only one.
fn only<'a>(file: &'a StackFile, wanted: &'a [String]) -> Option<&'a str> {
    match wanted {
        [one] => Some(one),
        [] => {
            let mut names = file.environments();
            let first = names.next();
            first
                .filter(|_| names.next().is_none())
                .map(EnvironmentName::as_str)
        }
        _ => None,
    }
}

/// The environments of the working tree that are compared. One that is only in the base is gone;
/// one that is on neither side is a mistake, and the stack file says so best.
fn stacks(file: &StackFile, wanted: &[String], base: &Base) -> Result<Vec<Stack>, Failure> {
    let here: BTreeSet<String> = file.environments().map(ToString::to_string).collect();
    if wanted.is_empty() {
        let mut stacks = Vec::new();
        for name in here.iter().filter(|name| base.scope.has(name)) {
            stacks.push(file.environment(name)?);
        }
        return Ok(stacks);
    }
    let mut stacks = Vec::new();
    for name in wanted {
        if here.contains(name) || !base.side.contains_key(name) {
            stacks.push(file.environment(name)?);
        }
    }
    Ok(stacks)
}

/// Renders the working tree in memory.
fn rendered(
    project: &Project,
    library: &Library,
    stacks: &[Stack],
    base: &Base,
) -> Result<Side, Failure> {
    let mut side = Side::new();
    for stack in stacks {
        let rendered = project.render(stack, library)?;
        let mut documents = diff::documents_of(&rendered).map_err(Failure::failed)?;
        base.scope.narrow(&mut documents);
        side.insert(stack.environment.to_string(), documents);
    }
    Ok(side)
}

/// Compares every environment.
fn environments(
    path: &Path,
    stacks: &[Stack],
    base: &mut Base,
    side: &Side,
    wanted: &[String],
) -> Result<Vec<EnvironmentDiff>, Failure> {
    let mut content = contents(path, stacks, base)?;
    let chosen = |name: &&String| wanted.is_empty() || wanted.contains(name);
    let names: BTreeSet<String> = side
        .keys()
        .chain(base.side.keys())
        .filter(chosen)
        .cloned()
        .collect();
    let mut out = Vec::new();
    for name in names {
        let content = content.remove(&name).unwrap_or_default();
        let (before, after) = (base.side.get(&name), side.get(&name));
        out.push(diff::compare_environment(&name, before, after, content));
    }
    Ok(out)
}

/// Compares data and code, where the base is a revision that has the environment too.
fn contents(
    path: &Path,
    stacks: &[Stack],
    base: &mut Base,
) -> Result<BTreeMap<String, Vec<ContentChange>>, Failure> {
    let Some(repository) = &mut base.repository else {
        return Ok(BTreeMap::new());
    };
    let there = |stack: &&Stack| base.side.contains_key(stack.environment.as_str());
    let paths: Vec<Paths> = stacks
        .iter()
        .filter(there)
        .map(|stack| Paths {
            environment: stack.environment.to_string(),
            model: match &stack.model {
                ModelSource::Brought(Brought::File { path, .. }) => Some(path.clone()),
                ModelSource::Brought(Brought::S3 { .. }) | ModelSource::Trained(_) => None,
            },
            data: match stack.data().map(|data| &data.source) {
                Some(DataSource::File(path) | DataSource::Folder(path)) => Some(path.clone()),
                Some(DataSource::S3(_)) | None => None,
            },
            training: stack.training().map(|training| training.code.clone()),
            function: stack.function.code.clone(),
        })
        .collect();
    let changes = diff::content(repository, path, &paths).map_err(Failure::failed)?;
    let names = paths.into_iter().map(|paths| paths.environment);
    Ok(names.zip(changes).collect())
}

/// Says what to do about a base that cannot be read.
fn unreadable(error: BaseError, arguments: &Arguments) -> Failure {
    let hint = match &error {
        BaseError::Git(GitError::Unknown { shallow: true, .. }) => {
            "`git fetch --unshallow` gets the rest of the history (in GitHub Actions: \
             `fetch-depth: 0` of actions/checkout)"
        }
        BaseError::Git(GitError::Unknown { .. }) => {
            "nothing is fetched: `git fetch` first, or name a folder or file that exists"
        }
        BaseError::Git(GitError::Missing | GitError::NoRepository(_)) => {
            "`--base FOLDER` compares with rendered files, without git"
        }
        BaseError::Document(_) => "it was not written by `deploy render`, or was edited since",
        BaseError::WhichEnvironment(_) => "for example `--env prod`",
        _ => "see `deploy diff --help`",
    };
    let usage = matches!(
        error,
        BaseError::WhichEnvironment(_) | BaseError::Git(GitError::NoRevision(_))
    );
    let error =
        anyhow::Error::new(error).context(format!("cannot compare with `{}`", arguments.base));
    let failure = if usage {
        Failure::with_code(failure::USAGE, error)
    } else {
        Failure::failed(error)
    };
    failure.kind(&codes::CANNOT_COMPARE).hint(hint)
}
