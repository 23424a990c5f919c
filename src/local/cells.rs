//! The cells of an engine: each account in each region, with services and state of its own.
//!
//! Purpose: finds whose services a request is for. Input: the account of a key and the region of a
//! signature, or the id of an API. Output: the services of that cell, opened when they are first asked
//! for. Must not know: operations, signatures. What is not a cell's own is one for the whole engine: the
//! store of S3, as names of buckets are everybody's, and for each account its roles.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ACCOUNT;
use super::access::{Authority, Policies};
use super::auth::{Keys, is_account};
use super::clock::Clock;
use super::durable::Place;
use super::engine::Options;
use super::journal::Journal;
use super::runner::Python;
use super::script::Stage;
use super::server::Handler;
use super::services::iam::Iam;
use super::services::s3::S3;
use super::wiring::Services;

/// The region of the home cell, unless an engine that had no cells has left stacks of another.
const HOME: &str = "us-east-1";
/// The folder of all other cells.
const FOLDER: &str = "cells";

/// An account in a region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CellId {
    /// Twelve digits.
    pub account: String,
    /// E.g. `eu-west-1`.
    pub region: String,
}

impl fmt::Display for CellId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.account, self.region)
    }
}

impl CellId {
    /// Names a cell; `None` when there is no such account or region, whatever else is in the texts.
    pub fn new(account: &str, region: &str) -> Option<Self> {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_region = (1..=32).contains(&region.len()) && region.bytes().all(known);
        (is_account(account) && is_region).then(|| Self {
            account: account.to_owned(),
            region: region.to_owned(),
        })
    }
}

/// What all cells share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) clock: Clock,
    pub(crate) journal: Arc<Journal>,
    pub(crate) keys: Keys,
    pub(crate) python: Arc<Python>,
    pub(crate) script: Option<Arc<Stage>>,
    pub(crate) s3: S3,
    pub(crate) accounts: Accounts,
    pub(crate) authority: Authority,
    /// The cell whose state lies where an engine without cells had it.
    home: CellId,
}

impl Shared {
    /// Opens what is not a cell's own.
    pub(crate) fn open(options: Options, clock: Clock, journal: Arc<Journal>) -> io::Result<Self> {
        let accounts = Accounts::new(&options, clock);
        let authority = Authority::new(policies_of_all(accounts.clone()));
        Ok(Self {
            clock,
            journal,
            keys: Keys::new(options.credentials.clone(), clock),
            python: Arc::new(Python::new(options.python.clone(), options.cache.clone())),
            script: options.script.clone().map(Stage::new).map(Arc::new),
            s3: S3::open(options.state.join("s3"), clock)?.under(authority.clone()),
            accounts,
            authority,
            home: home(&options.state),
            options,
        })
    }

    /// Where something keeps its state in a folder.
    pub(crate) fn place(&self, folder: &Path, name: &str) -> Place {
        place(&self.options, folder.join("state").join(name))
    }

    fn folder(&self, id: &CellId) -> PathBuf {
        let root = &self.options.state;
        if *id == self.home {
            return root.clone();
        }
        root.join(FOLDER).join(&id.account).join(&id.region)
    }
}

/// The roles of every account.
#[derive(Clone)]
pub(crate) struct Accounts {
    options: Options,
    clock: Clock,
    open: Arc<Mutex<BTreeMap<String, Arc<Iam>>>>,
}

impl Accounts {
    fn new(options: &Options, clock: Clock) -> Self {
        Self {
            options: options.clone(),
            clock,
            open: Arc::default(),
        }
    }

    /// Returns the roles of an account.
    ///
    /// # Errors
    /// Their file cannot be read.
    pub(crate) fn iam(&self, account: &str) -> io::Result<Arc<Iam>> {
        let mut open = lock(&self.open);
        if let Some(iam) = open.get(account) {
            return Ok(Arc::clone(iam));
        }
        let root = &self.options.state;
        let path = if account == ACCOUNT {
            root.join("state").join("iam.json")
        } else {
            root.join(FOLDER).join(account).join("iam.json")
        };
        let iam = Arc::new(Iam::open(place(&self.options, path), self.clock)?);
        open.insert(account.to_owned(), Arc::clone(&iam));
        Ok(iam)
    }

    fn save(&self) -> io::Result<()> {
        lock(&self.open).values().try_for_each(|iam| iam.save())
    }
}

/// Finds the policies of the roles of every account.
fn policies_of_all(accounts: Accounts) -> Policies {
    Arc::new(move |account, role| Ok(accounts.iam(account)?.policies(role)))
}

/// A cell that is open.
pub(crate) struct Cell {
    pub(crate) id: CellId,
    pub(crate) services: Services,
    /// Services by their name in the credential scope.
    pub(crate) handlers: BTreeMap<&'static str, Handler>,
}

/// The cells of an engine.
pub(crate) struct Cells {
    pub(crate) shared: Shared,
    open: Mutex<BTreeMap<CellId, Arc<Cell>>>,
}

impl Cells {
    /// Opens the home cell and every other that has state, and carries on with what was in flight there.
    pub(crate) fn open(shared: Shared) -> io::Result<Self> {
        let cells = Self {
            open: Mutex::default(),
            shared,
        };
        for id in cells.kept()? {
            cells.of(&id)?;
        }
        Ok(cells)
    }

    /// Returns a cell, opening it when it is asked for the first time.
    ///
    /// # Errors
    /// Its state cannot be read.
    pub(crate) fn of(&self, id: &CellId) -> io::Result<Arc<Cell>> {
        let mut open = lock(&self.open);
        if let Some(cell) = open.get(id) {
            return Ok(Arc::clone(cell));
        }
        let services = Services::open(&self.shared, id, &self.shared.folder(id))?;
        services.start()?;
        let cell = Arc::new(Cell {
            id: id.clone(),
            handlers: services.handlers(),
            services,
        });
        open.insert(id.clone(), Arc::clone(&cell));
        Ok(cell)
    }

    /// Returns the cell that has an HTTP API.
    pub(crate) fn with_api(&self, api: &str) -> Option<Arc<Cell>> {
        let open = lock(&self.open);
        let mut cells = open.values();
        cells.find(|cell| cell.services.has_api(api)).cloned()
    }

    /// Returns every cell that is open, in the order of accounts and regions.
    pub(crate) fn all(&self) -> Vec<Arc<Cell>> {
        lock(&self.open).values().cloned().collect()
    }

    /// Writes every state whose writing is deferred.
    pub(crate) fn save(&self) -> io::Result<()> {
        self.shared.accounts.save()?;
        self.all().iter().try_for_each(|cell| cell.services.save())
    }

    /// Ends all work and every child process.
    pub(crate) async fn stop(&self) {
        let cells = self.all();
        futures::future::join_all(cells.iter().map(|cell| cell.services.stop())).await;
    }

    /// Finds the cells that have a folder.
    fn kept(&self) -> io::Result<Vec<CellId>> {
        let root = &self.shared.options.state;
        let mut found = vec![self.shared.home.clone()];
        for account in names(&root.join(FOLDER))? {
            let regions = names(&root.join(FOLDER).join(&account))?;
            let ids = regions.iter().map(|region| CellId::new(&account, region));
            found.extend(ids.flatten());
        }
        Ok(found)
    }
}

/// Finds the home cell: that of the oldest stack in the state that lies there.
fn home(root: &Path) -> CellId {
    let stack = std::fs::read(root.join("state").join("cloudformation.json")).ok();
    let stack = stack.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let arn = stack.and_then(|state| Some(state["stacks"].as_object()?.keys().next()?.clone()));
    let region = arn.as_deref().and_then(|arn| arn.split(':').nth(3));
    CellId {
        account: ACCOUNT.to_owned(),
        region: region.unwrap_or(HOME).to_owned(),
    }
}

/// The names of the folders in a folder, of which there are none where there is no such folder.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.extend(entry.file_name().into_string());
        }
    }
    Ok(names)
}

fn place(options: &Options, path: PathBuf) -> Place {
    // What is played is not to survive; writing it at every change would take most of the time.
    match options.script {
        Some(_) => Place::deferred(path),
        None => path.into(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Cells are added whole or not at all, so a poisoned lock is still good.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_of_an_engine_without_cells_stays_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert_eq!(home(root).to_string(), "000000000000 us-east-1");
        std::fs::create_dir(root.join("state")).unwrap();
        let state = r#"{"stacks":{"arn:aws:cloudformation:eu-west-1:000000000000:stack/a/1":{}}}"#;
        std::fs::write(root.join("state/cloudformation.json"), state).unwrap();
        assert_eq!(home(root).to_string(), "000000000000 eu-west-1");
    }

    #[test]
    fn a_cell_s_name_is_nothing_but_an_account_and_a_region() {
        assert!(CellId::new("222233334444", "eu-west-1").is_some());
        for (account, region) in [
            ("222233334444", ""),
            ("222233334444", "../x"),
            ("222233334444", "EU"),
            ("22223333444", "eu-west-1"),
            ("../../../../", "eu-west-1"),
        ] {
            assert_eq!(CellId::new(account, region), None, "{account} {region}");
        }
    }
}
