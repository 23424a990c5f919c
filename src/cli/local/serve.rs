//! `deploy local serve`: the engine's own process.

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::super::failure::Failure;
use super::folder::{Folder, Record};
use crate::bundle::Digest;
use crate::local::{self, Engine, Options, PythonSpec};
use crate::stack::{LocalTarget, Python};

/// Arguments of the engine's process.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The engine's folder
    #[arg(long)]
    folder: PathBuf,
    /// Where Python environments are kept
    #[arg(long)]
    cache_folder: PathBuf,
    /// Loopback port; 0 for any that is free
    #[arg(long)]
    port: u16,
    /// An interpreter that has what the code needs
    #[arg(long, conflicts_with_all = ["python_project", "python_group"])]
    python: Option<PathBuf>,
    /// Folder of a pyproject.toml
    #[arg(long, requires = "python_group")]
    python_project: Option<PathBuf>,
    /// Its dependency group
    #[arg(long)]
    python_group: Option<String>,
}

impl Arguments {
    /// Makes the arguments that serve a target.
    pub(super) fn new(folder: &Folder, target: &LocalTarget, cache_folder: PathBuf) -> Self {
        let (python, python_project, python_group) = match &target.python {
            Python::Interpreter(path) => (Some(path.clone()), None, None),
            Python::Project { folder, group } => (None, Some(folder.clone()), Some(group.clone())),
        };
        Self {
            folder: folder.path().to_owned(),
            cache_folder,
            port: target.port,
            python,
            python_project,
            python_group,
        }
    }

    /// Writes them as a command line.
    pub(super) fn to_command_line(&self) -> Vec<OsString> {
        let mut line: Vec<OsString> = vec!["--folder".into(), self.folder.clone().into()];
        line.extend(["--cache-folder".into(), self.cache_folder.clone().into()]);
        line.extend(["--port".into(), self.port.to_string().into()]);
        let paths = [
            ("--python", &self.python),
            ("--python-project", &self.python_project),
        ];
        for (name, path) in paths {
            line.extend(
                path.iter()
                    .flat_map(|path| [name.into(), path.clone().into()]),
            );
        }
        line.extend(
            self.python_group
                .iter()
                .flat_map(|group| ["--python-group".into(), group.into()]),
        );
        line
    }

    pub(super) fn python_spec(&self) -> Option<PythonSpec> {
        match (&self.python, &self.python_project, &self.python_group) {
            (Some(path), _, _) => Some(PythonSpec::Interpreter(path.clone())),
            (None, Some(folder), Some(group)) => Some(PythonSpec::Project {
                folder: folder.clone(),
                group: group.clone(),
            }),
            _ => None,
        }
    }
}

/// Identifies the program and everything that it is started with.
pub(super) fn settings(arguments: &Arguments) -> Result<String, Failure> {
    let build = || -> anyhow::Result<String> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let metadata = program.metadata().context("cannot look at this program")?;
        let changed = metadata.modified()?.duration_since(UNIX_EPOCH)?.as_nanos();
        let text = format!(
            "{} {changed} {} {arguments:?}",
            program.display(),
            metadata.len()
        );
        Ok(Digest::of_bytes(text.as_bytes()).to_string())
    };
    build().map_err(Failure::failed)
}

/// Serves until SIGTERM.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    // A session of its own: closing the terminal, or Ctrl-C in it, does not concern the engine.
    rustix::process::setsid()
        .context("cannot leave the terminal")
        .map_err(Failure::failed)?;
    let folder = Folder::at(arguments.folder.clone());
    let locked = folder
        .lock()
        .map_err(|error| unwritable(folder.path(), error))?;
    let Some(_lock) = locked else {
        return Err(Failure::failed(anyhow::anyhow!(
            "an engine of this project runs already"
        )));
    };
    let listener = bind(arguments.port).await?;
    let address = listener.local_addr().map_err(Failure::failed)?;
    let url = format!("http://{address}");
    let engine = Engine::open(Options {
        state: folder.path().to_owned(),
        cache: arguments.cache_folder.clone(),
        python: arguments.python_spec(),
        base_url: url.clone(),
        credentials: folder
            .credentials()
            .map_err(|e| unwritable(folder.path(), e))?,
        script: None,
    })
    .map_err(Failure::failed)?;
    let pid = rustix::process::getpid().as_raw_nonzero().get();
    let record = Record {
        pid,
        url,
        settings: settings(&arguments)?,
    };
    folder
        .write_record(&record)
        .map_err(|error| unwritable(folder.path(), error))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::failed)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(Failure::failed)?;
    let shutdown = async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = hangup.recv() => {}
            }
        }
    };
    let served = local::serve(listener, engine, shutdown).await;
    folder
        .remove_record()
        .map_err(|error| unwritable(folder.path(), error))?;
    served.map_err(Failure::failed)
}

async fn bind(port: u16) -> Result<TcpListener, Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.map_err(|error| {
        let in_use = error.kind() == io::ErrorKind::AddrInUse;
        let context = format!("cannot listen on {address}");
        let failure = Failure::failed(anyhow::Error::new(error).context(context));
        if in_use {
            failure.hint(format!(
                "another program uses port {port}, perhaps the engine of another project: name a \
                 free port with `--local-port`, DEPLOY_LOCAL_PORT, or `local.port` in the stack file"
            ))
        } else {
            failure
        }
    })
}

fn unwritable(path: &Path, error: io::Error) -> Failure {
    let context = format!("cannot use {}", path.display());
    Failure::failed(anyhow::Error::new(error).context(context))
        .hint("is the disk full, or the project's folder not writable?")
}
