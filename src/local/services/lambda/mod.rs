//! Lambda: functions whose Python handlers really run.
//!
//! Purpose: keeps functions and runs their handlers in warm processes. Input: function and permission
//! resources of CloudFormation, reads and invocations of the Lambda API, invocations by API Gateway.
//! Output: answers as the real service gives them, log lines, child processes. Must not know: what
//! functions do, how HTTP requests become events. The memory size is enforced where the system tells what
//! a process uses, which is on Linux; every `python3.x` runtime is the one interpreter of the engine's
//! Python environment.

mod api;
mod code;
mod connection;
mod edit;
mod instance;
mod invoke;
mod logs;
mod memory;
mod model;
mod permission;
mod pool;
mod resources;
mod source;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;

pub use invoke::{Call, LambdaAnswer, StandIn};
pub(super) use logs::LogQueue;
pub use permission::Caller;
pub use resources::providers;

use crate::local::clock::Clock;
use crate::local::durable::{Durable, Place, replace_file};
use crate::local::metrics::Metrics;
use crate::local::runner::Python;
use crate::local::services::s3::S3;
use crate::local::wire::ApiError;

/// Writes lines to a log group's stream, making both when they are absent.
pub type WriteLog = Arc<dyn Fn(&str, &str, &[String]) -> io::Result<()> + Send + Sync>;

/// Tells whether a role of this ARN exists.
pub type RoleExists = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// What a Lambda service is made of.
pub struct LambdaParts {
    /// Account, twelve digits.
    pub account: String,
    /// File that keeps the functions.
    pub state: Place,
    /// Folder for code and working files of functions.
    pub work: PathBuf,
    /// The engine's clock.
    pub clock: Clock,
    /// Where code is fetched from.
    pub s3: Arc<S3>,
    /// Where handlers' output goes.
    pub write_log: WriteLog,
    /// Where invocations are counted.
    pub metrics: Arc<Metrics>,
    /// Which roles there are.
    pub role_exists: RoleExists,
    /// Interpreter of the handlers.
    pub python: Arc<Python>,
    /// Environment of every function, below its own and Lambda's: credentials, the engine's address.
    pub environment: Vec<(String, String)>,
    /// What answers in place of every handler, if no process is to be started.
    pub stand_in: Option<StandIn>,
}

/// The Lambda service of an account in a region.
pub struct Lambda {
    parts: LambdaParts,
    state: Durable<model::State>,
    pools: Mutex<HashMap<String, Arc<pool::Pool>>>,
    logs: logs::LogQueue,
    // Held while code is unpacked for a function that is not there yet, and while unused code is removed.
    code_gate: tokio::sync::Mutex<()>,
}

impl Lambda {
    /// Opens the service. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// The state is damaged, or a file cannot be read or written.
    pub fn open(parts: LambdaParts) -> io::Result<Self> {
        replace_file(
            &parts.work.join(instance::SHIM_FILE),
            instance::SHIM.as_bytes(),
        )?;
        let lambda = Self {
            state: Durable::open(parts.state.clone())?,
            pools: Mutex::default(),
            logs: logs::LogQueue::start(Arc::clone(&parts.write_log)),
            code_gate: tokio::sync::Mutex::default(),
            parts,
        };
        lambda.sweep_code()?;
        Ok(lambda)
    }

    /// Writes the state, where that is deferred.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn save(&self) -> io::Result<()> {
        self.state.save()
    }

    /// Ends every warm process, letting none start anew for what is invoked already.
    pub fn shut_down(&self) {
        self.pools
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Finds a function by name.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, naming the function's ARN in `region`.
    fn function(&self, name: &str, region: &str) -> Result<model::Function, ApiError> {
        let found = self.state.read(|state| state.functions.get(name).cloned());
        found.ok_or_else(|| {
            ApiError::with_status(
                StatusCode::NOT_FOUND,
                "ResourceNotFoundException",
                format!(
                    "Function not found: {}",
                    model::function_arn(&self.parts.account, region, name)
                ),
            )
        })
    }

    /// Returns the function's warm processes, after making the pool if there is none.
    fn pool(&self, function: &model::Function) -> Arc<pool::Pool> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = pools
            .get(&function.name)
            .filter(|pool| pool.serves(function));
        if let Some(pool) = pool {
            return Arc::clone(pool);
        }
        // Processes of an older configuration end with their pool, once their invocations are over.
        let pool = Arc::new(pool::Pool::new(function.clone()));
        pools.insert(function.name.clone(), Arc::clone(&pool));
        pool
    }

    /// Removes unpacked code that no function uses any more.
    fn sweep_code(&self) -> io::Result<()> {
        let used = self.state.read(|state| {
            let functions = state.functions.values();
            functions
                .map(|function| function.code.folder.clone())
                .collect()
        });
        code::sweep(&code_folder(&self.parts.work), &used)
    }

    fn forget_pool(&self, name: &str) {
        self.pools
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name);
    }
}

/// Returns the folder of unpacked code in the working folder.
fn code_folder(work: &Path) -> PathBuf {
    work.join("code")
}

#[cfg(test)]
mod tests;
