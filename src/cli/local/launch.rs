//! Starts and stops the engine's process.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};

use super::super::codes;
use super::super::context::{Global, cache_folder};
use super::super::failure::Failure;
use super::super::output;
use super::folder::{Folder, Record};
use super::health;
use super::serve::{self, Arguments};
use crate::aws::Endpoint;
use crate::local::CellId;
use crate::stack::LocalTarget;

/// How long an engine may take to start: it reads its state, which is little.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long an engine may take to end: its children have 30 s.
const STOP_LIMIT: Duration = Duration::from_mins(1);
/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Makes sure that an engine with the target's settings runs, and returns where it is, with the key of an
/// account. Which account and region it is no setting: one engine has them all.
pub(super) async fn ensure(
    global: &Global,
    folder: &Folder,
    target: &LocalTarget,
    account: &str,
) -> Result<Endpoint, Failure> {
    let arguments = Arguments::new(folder, target, cache_folder(global)?);
    let settings = serve::settings(&arguments)?;
    if let Some(record) = wait_for_record(folder).await? {
        if record.settings == settings {
            return endpoint(folder, &record, account);
        }
        output::note("restarting the local engine: its program or settings have changed");
        stop(folder).await?;
    }
    let mut child = spawn(folder, &arguments)?;
    let started = Instant::now();
    loop {
        if let Some(record) = folder.record().map_err(Failure::failed)?
            && is_well(&record).await
        {
            return endpoint(folder, &record, account);
        }
        if let Some(status) = child.try_wait().map_err(Failure::failed)? {
            // Another command may have been faster.
            if folder.is_locked().map_err(Failure::failed)?
                && let Some(record) = wait_for_record(folder).await?
            {
                return endpoint(folder, &record, account);
            }
            return Err(did_not_start(folder, &format!("ended ({status})")));
        }
        if started.elapsed() > START_LIMIT {
            return Err(did_not_start(folder, "does not answer"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Returns where the engine is, with the key of an account, if it runs.
pub(super) async fn running(folder: &Folder, account: &str) -> Result<Option<Endpoint>, Failure> {
    match wait_for_record(folder).await? {
        Some(record) => endpoint(folder, &record, account).map(Some),
        None => Ok(None),
    }
}

/// Returns where the engine is, and the accounts and regions in it, if it runs.
pub(super) async fn looked_at(folder: &Folder) -> Result<Option<(String, Vec<CellId>)>, Failure> {
    let Some(record) = wait_for_record(folder).await? else {
        return Ok(None);
    };
    let health = health::ask(&record.url).await;
    Ok(health.map(|health| (record.url, health.cells)))
}

/// Stops the engine; `false` when none was running.
pub(super) async fn stop(folder: &Folder) -> Result<bool, Failure> {
    let Some(record) = wait_for_record(folder).await? else {
        return Ok(false);
    };
    let started = Instant::now();
    let mut signal = Signal::TERM;
    loop {
        if !folder.is_locked().map_err(Failure::failed)? {
            return Ok(true);
        }
        if let Some(pid) = Pid::from_raw(record.pid) {
            match kill_process(pid, signal) {
                Ok(()) | Err(rustix::io::Errno::SRCH) => {}
                Err(error) => {
                    let error = anyhow::Error::new(error).context("cannot stop the local engine");
                    return Err(Failure::failed(error));
                }
            }
        }
        let limit = started.elapsed() + STOP_LIMIT;
        while folder.is_locked().map_err(Failure::failed)? && started.elapsed() < limit {
            tokio::time::sleep(PAUSE).await;
        }
        if signal == Signal::KILL && started.elapsed() >= STOP_LIMIT * 2 {
            let error = anyhow::anyhow!("the local engine (process {}) does not end", record.pid);
            return Err(Failure::failed(error));
        }
        signal = Signal::KILL;
    }
}

/// Reads the record of the engine that holds the lock; one that has just started has none yet.
async fn wait_for_record(folder: &Folder) -> Result<Option<Record>, Failure> {
    let started = Instant::now();
    while folder.is_locked().map_err(Failure::failed)? {
        if let Some(record) = folder.record().map_err(Failure::failed)?
            && is_well(&record).await
        {
            return Ok(Some(record));
        }
        if started.elapsed() > START_LIMIT {
            return Err(did_not_start(folder, "holds its lock but does not answer"));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(None)
}

/// Whether the engine of a record is the one that answers at its address.
async fn is_well(record: &Record) -> bool {
    let health = health::ask(&record.url).await;
    health.is_some_and(|health| health.pid == record.pid)
}

fn endpoint(folder: &Folder, record: &Record, account: &str) -> Result<Endpoint, Failure> {
    let credentials = folder.credentials().map_err(Failure::failed)?;
    let credentials = credentials.of_account(account);
    Ok(Endpoint {
        url: record.url.clone(),
        access_key: credentials.access_key,
        secret_key: credentials.secret_key,
    })
}

fn spawn(folder: &Folder, arguments: &Arguments) -> Result<Child, Failure> {
    let create = || -> anyhow::Result<Child> {
        fs::create_dir_all(folder.path())
            .with_context(|| format!("cannot make {}", folder.path().display()))?;
        let printed = File::create(folder.printed())
            .with_context(|| format!("cannot write {}", folder.printed().display()))?;
        let program = std::env::current_exe().context("cannot find this program")?;
        Command::new(program)
            .args(["local", "serve"])
            .args(arguments.to_command_line())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(printed.try_clone()?)
            .stderr(printed)
            .spawn()
            .context("cannot start the local engine")
    };
    create().map_err(Failure::failed)
}

/// Says why there is no engine, with what its process printed.
fn did_not_start(folder: &Folder, what: &str) -> Failure {
    let printed = fs::read_to_string(folder.printed()).unwrap_or_default();
    let reason = printed
        .lines()
        .find_map(|line| line.strip_prefix("error[")?.split_once("]: "))
        .map_or(what, |(_, reason)| reason);
    let mut failure = Failure::failed(anyhow::anyhow!("the local engine does not start: {reason}"))
        .kind(&codes::ENGINE_FAILED);
    let hints: Vec<&str> = printed
        .lines()
        .filter_map(|line| line.strip_prefix("hint: "))
        .collect();
    if hints.is_empty() {
        return failure.hint(format!("{} tells more", folder.log().display()));
    }
    for hint in hints {
        failure = failure.hint(hint);
    }
    failure
}
