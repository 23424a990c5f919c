//! The composition root: finds the project, reads the environment, connects the cloud.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use super::confirm::Yes;
use super::deprecated;
use super::failure::Failure;
use super::interrupt;
use super::local;
use super::output::{self, Format, Loudness, Pace};
use super::station::station;
use crate::reconcile::{Crowding, Session, Station};
use crate::render::{self, Library, Rendered};
use crate::stack::{self, Stack, StackFile, Target, Timespan};

/// Arguments that every command takes.
#[derive(Debug, Args)]
pub(super) struct Global {
    /// The project's folder; by default this one, or the nearest above it that has stacks/
    #[arg(long, short = 'C', global = true, value_name = "FOLDER")]
    pub(super) project: Option<PathBuf>,
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub(super) output: Format,
    /// Print results, warnings and errors only
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
    /// Say what is asked of the cloud; `-vv` also how. Keys, tokens and signatures are left out
    #[arg(long, short, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub(super) verbose: u8,
    /// Port of the local engine, in place of the stack file's
    #[arg(long, global = true, env = "DEPLOY_LOCAL_PORT", value_name = "PORT")]
    pub(super) local_port: Option<u16>,
    /// Where Python environments and saved reports are kept between runs
    #[arg(long, global = true, env = "DEPLOY_CACHE", value_name = "FOLDER")]
    pub(super) cache: Option<PathBuf>,
}

impl Global {
    /// What is printed beside results.
    pub(super) fn loudness(&self) -> Loudness {
        if self.quiet {
            Loudness::Quiet
        } else {
            Loudness::Normal
        }
    }
}

/// The argument that chooses a stack.
#[derive(Debug, Clone, Args)]
pub(super) struct StackArgument {
    /// The stack: its name or its file; by default the only one under stacks/
    #[arg(long, short, env = "DEPLOY_STACK", value_name = "STACK")]
    stack: Option<String>,
}

impl StackArgument {
    /// As if this had been given.
    pub(super) fn given(stack: Option<String>) -> Self {
        Self { stack }
    }

    /// The stack's name or file, if one was given.
    pub(super) fn name(&self) -> Option<&str> {
        self.stack.as_deref()
    }
}

/// Arguments that choose an environment.
#[derive(Debug, Args)]
pub(super) struct Selection {
    #[command(flatten)]
    stack: StackArgument,
    /// The environment
    #[arg(long, short, default_value = "local", value_name = "ENVIRONMENT")]
    env: String,
}

impl Selection {
    /// Chooses another environment of the same stack.
    pub(super) fn other(&self, environment: &str) -> Self {
        Self::of(&self.stack, environment)
    }

    /// Chooses an environment by its name.
    pub(super) fn of(stack: &StackArgument, environment: &str) -> Self {
        Self {
            stack: stack.clone(),
            env: environment.to_owned(),
        }
    }
}

/// Arguments of commands that change an environment, under its lock.
#[derive(Debug, Args)]
pub(super) struct ChangeArguments {
    /// How long to wait for another run that works on the environment, e.g. `10m`
    #[arg(long, value_name = "TIME", default_value = "0s")]
    lock_timeout: Timespan,
    /// Go on without asking
    #[arg(long, short)]
    yes: bool,
}

impl ChangeArguments {
    /// Whether the user said yes beforehand.
    pub(super) fn yes(&self) -> Yes {
        self.yes.into()
    }

    /// How long another run is waited for.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(self.lock_timeout.seconds())
    }
}

/// A folder with stacks.
#[derive(Debug)]
pub(super) struct Project {
    /// The folder, absolute.
    pub(super) root: PathBuf,
}

impl Project {
    /// Finds the project.
    pub(super) fn open(global: &Global) -> Result<Self, Failure> {
        let here = std::env::current_dir().context("cannot tell the current folder");
        let start = match &global.project {
            Some(folder) => std::path::absolute(folder).context("cannot use that folder"),
            None => here,
        };
        let start = start.map_err(Failure::failed)?;
        if global.project.is_some() && !start.is_dir() {
            return Err(Failure::usage(format!(
                "{} is not a folder",
                start.display()
            )));
        }
        let above = start
            .ancestors()
            .find(|folder| folder.join("stacks").is_dir());
        let root = match (&global.project, above) {
            (None, Some(folder)) => folder.to_owned(),
            _ => start,
        };
        Ok(Self { root })
    }

    /// Reads a stack file, named by its stack's name or its path.
    pub(super) fn stack_file(&self, stack: Option<&str>) -> Result<StackFile, Failure> {
        let path = match stack {
            None => stack::find(&self.root).map_err(|error| {
                Failure::with_code(super::failure::USAGE, error).hint(
                    "`--stack NAME`, or DEPLOY_STACK, says which; `-C FOLDER` names another project",
                )
            })?,
            Some(name) => stack::named(&self.root, name),
        };
        let file = StackFile::read(&path)?;
        deprecated::warn(file.deprecations());
        Ok(file)
    }

    /// The templates: the built-in ones, each overridden by the project's own of the same name.
    pub(super) fn library(&self) -> Result<Library, Failure> {
        let own = self.root.join("templates");
        if own.is_dir() {
            Ok(Library::with_overrides(&own)?)
        } else {
            Ok(Library::builtin())
        }
    }

    /// Renders one environment.
    pub(super) fn render(&self, stack: &Stack, library: &Library) -> Result<Rendered, Failure> {
        render::render(stack, library).map_err(|error| {
            let placed = error.mistake().is_some_and(|mistake| mistake.line > 0);
            let failure = Failure::from(error);
            if placed {
                return failure;
            }
            failure.hint(format!(
                "the templates are the built-in ones and those in {}",
                self.root.join("templates").display()
            ))
        })
    }
}

/// One environment of one stack, and where it is found.
pub(super) struct Environment {
    /// The project.
    pub(super) project: Project,
    /// The environment as the stack file describes it.
    pub(super) stack: Stack,
    /// Who works here.
    pub(super) station: Station,
    /// Port of the local engine in place of the stack file's.
    pub(super) local_port: Option<u16>,
}

/// Gives the local engine of a stack another port.
pub(super) fn use_port(stack: &mut Stack, port: Option<u16>) {
    if let (Target::Local(target), Some(port)) = (&mut stack.target, port) {
        target.port = port;
    }
}

impl Environment {
    /// Reads and checks the environment; nothing is contacted yet.
    pub(super) fn load(global: &Global, selection: &Selection) -> Result<Self, Failure> {
        let project = Project::open(global)?;
        let file = project.stack_file(selection.stack.name())?;
        let mut stack = file.environment(&selection.env)?;
        use_port(&mut stack, global.local_port);
        let station = station()
            .context("cannot tell this run from others")
            .map_err(Failure::failed)?;
        Ok(Self {
            project,
            stack,
            station,
            local_port: global.local_port,
        })
    }

    /// What people call it, e.g. `news-classifier/local`.
    pub(super) fn title(&self) -> String {
        format!("{}/{}", self.stack.name, self.stack.environment)
    }

    /// Connects to the environment's cloud, starting the local engine when that is the target.
    pub(super) async fn start_session(&self, global: &Global) -> Result<Session, Failure> {
        let endpoint = match &self.stack.target {
            Target::Local(target) => {
                let account = &self.stack.account;
                Some(local::ensure(global, &self.project, target, account).await?)
            }
            Target::Aws(_) => None,
        };
        Ok(self.connect(global, endpoint).await)
    }

    /// Connects like [`Self::start_session`], but never starts anything.
    pub(super) async fn session_if_running(
        &self,
        global: &Global,
    ) -> Result<Option<Session>, Failure> {
        match &self.stack.target {
            Target::Local(_) => match local::running(&self.project, &self.stack.account).await? {
                Some(endpoint) => Ok(Some(self.connect(global, Some(endpoint)).await)),
                None => Ok(None),
            },
            Target::Aws(_) => Ok(Some(self.connect(global, None).await)),
        }
    }

    /// Connects to look at the environment: a local engine that has ended is started again with what is
    /// in it, but none is started for an environment that was never brought up.
    pub(super) async fn session_to_look(
        &self,
        global: &Global,
    ) -> Result<Option<Session>, Failure> {
        let known = match &self.stack.target {
            Target::Local(_) => local::has_state(&self.project),
            Target::Aws(_) => true,
        };
        if known {
            self.start_session(global).await.map(Some)
        } else {
            Ok(None)
        }
    }

    /// How long things usually take there.
    pub(super) fn pace(&self) -> Pace {
        match &self.stack.target {
            Target::Local(_) => Pace::Local,
            Target::Aws(_) => Pace::Aws,
        }
    }

    fn assumed(&self, role: &stack::Role) -> crate::aws::Role {
        let named = role.session_name.clone();
        crate::aws::Role {
            arn: role.arn.clone(),
            external_id: role.external_id.clone(),
            session_name: named
                .unwrap_or_else(|| crate::aws::session_name(&self.station.worker.user)),
        }
    }

    async fn connect(&self, global: &Global, endpoint: Option<crate::aws::Endpoint>) -> Session {
        let (profile, role, service_role) = match &self.stack.target {
            Target::Aws(target) => (
                target.profile.clone(),
                target.role.as_ref(),
                target.service_role.clone(),
            ),
            Target::Local(_) => (None, None, None),
        };
        let connection = crate::aws::Connection {
            region: self.stack.region.to_string(),
            profile,
            role: role.map(|role| self.assumed(role)),
            service_role,
            endpoint,
        };
        // A terminal without a name is taken for one that cannot do much.
        let dumb = variable("TERM").is_none_or(|name| name == "dumb");
        Session {
            cloud: crate::aws::connect(&connection).await,
            source: None,
            observer: Arc::from(output::observer(global.output, self.pace(), dumb)),
            cancel: interrupt::cancel(),
            station: self.station.clone(),
            patience: Duration::ZERO,
            crowding: Crowding::default(),
        }
    }
}

/// The folder that outlives projects, for what is slow to make again.
pub(super) fn cache_folder(global: &Global) -> Result<PathBuf, Failure> {
    if let Some(folder) = &global.cache {
        return std::path::absolute(folder)
            .context("cannot use that cache")
            .map_err(Failure::failed);
    }
    let base = variable("XDG_CACHE_HOME")
        .filter(|path| Path::new(path).is_absolute())
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".cache")));
    base.map(|base| base.join("deploy")).ok_or_else(|| {
        Failure::failed(anyhow::anyhow!(
            "there is no home folder to keep a cache in"
        ))
        .hint("`--cache FOLDER` or DEPLOY_CACHE names one")
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the environment"
)]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
