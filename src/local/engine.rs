//! The engine: opened on a folder, served on a listener, stopped.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::auth::Credentials;
use super::cells::{Cells, Shared};
use super::clock::Clock;
use super::journal::Journal;
use super::page::Page;
use super::runner::PythonSpec;
use super::script::Script;
use super::server::{self, Routes};

/// Longest time that open connections keep the engine from stopping.
const GRACE: Duration = Duration::from_secs(10);

/// Files, connections among them, that the engine may have open.
const OPEN_FILES: u64 = 8192;

/// What an engine is made from.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder of everything that the engine keeps; one engine uses it at a time.
    pub state: PathBuf,
    /// Folder of prepared Python environments; several engines may share it.
    pub cache: PathBuf,
    /// Python environment of jobs, endpoints and functions; without one they fail when they start.
    pub python: Option<PythonSpec>,
    /// Address at which the engine is reached, e.g. `http://127.0.0.1:4599`, without a slash at its end.
    pub base_url: String,
    /// The base key. Every account has a key that follows from it ([`Credentials::of_account`]).
    pub credentials: Credentials,
    /// What happens in place of child processes; without one they are started. With one the state is
    /// written only by [`Engine::save`].
    pub script: Option<Script>,
}

/// Why an engine cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the local engine cannot use its folder {}", folder.display())]
pub struct EngineError {
    folder: PathBuf,
    source: io::Error,
}

/// All services of all accounts and regions, working.
pub struct Engine {
    routes: Arc<Routes>,
    cells: Arc<Cells>,
}

impl Engine {
    /// Opens every service with the state it had, and carries on with what was in flight. Must be called
    /// within a Tokio runtime.
    ///
    /// # Errors
    /// A file or folder cannot be read or written, or holds something else.
    pub fn open(options: Options) -> Result<Self, EngineError> {
        let folder = options.state.clone();
        Self::assemble(options).map_err(|source| EngineError { folder, source })
    }

    /// Returns the router that answers all requests.
    pub fn router(&self) -> Router {
        server::router(Arc::clone(&self.routes))
    }

    /// Writes the whole state into its folder. An engine that plays a script does so only when it is
    /// asked; any other has always done it already.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn save(&self) -> io::Result<()> {
        self.cells.save()
    }

    /// Ends all work and every child process. The state stays, so that the next engine carries on.
    pub async fn stop(&self) {
        self.cells.stop().await;
        self.routes.journal.line("the engine has stopped");
    }

    fn assemble(options: Options) -> io::Result<Self> {
        let clock = Clock::start();
        let journal = Arc::new(Journal::open(options.state.join("engine.log"), clock)?);
        let page_key = options.credentials.page_key();
        let shared = Shared::open(options, clock, Arc::clone(&journal))?;
        let cells = Arc::new(Cells::open(shared)?);
        let routes = Arc::new(Routes {
            page: Page::of(Arc::clone(&cells), page_key, clock),
            cells: Arc::clone(&cells),
            journal,
            stop: watch::Sender::new(false),
        });
        Ok(Self { routes, cells })
    }
}

/// Lets the engine have a file open for each of thousands of connections; systems begin with 256 or 1024.
fn allow_open_files() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit
        .maximum
        .map_or(OPEN_FILES, |most| most.min(OPEN_FILES));
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let current = Some(wanted);
    Ok(setrlimit(Resource::Nofile, Rlimit { current, ..limit })?)
}

/// Serves the engine on a listener until `shutdown` resolves or a request asks it to stop, then ends its
/// child processes.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    engine: Engine,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    if let Err(error) = allow_open_files() {
        let journal = &engine.routes.journal;
        journal.line(&format!("no more files can be open than before: {error}"));
    }
    let mut asked = engine.routes.stop.subscribe();
    let mut ended = engine.routes.stop.subscribe();
    let stop = engine.routes.stop.clone();
    let graceful = async move {
        tokio::select! {
            () = shutdown => {}
            // The sender lives as long as the engine, so this cannot fail.
            _ = asked.wait_for(|stop| *stop) => {}
        }
        stop.send_replace(true);
    };
    let serving = axum::serve(listener, engine.router()).with_graceful_shutdown(graceful);
    let overdue = async move {
        // As above, the sender is there.
        let _ = ended.wait_for(|stop| *stop).await;
        tokio::time::sleep(GRACE).await;
    };
    let result = tokio::select! {
        result = serving.into_future() => result,
        () = overdue => Ok(()),
    };
    engine.stop().await;
    result
}
