//! Where the other side comes from: a git revision, a folder of rendered files, or one file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::documents::{Documents, Side, UnreadableDocument, document_name, read_document};
use super::git::{GitError, Repository};

/// The folder of rendered files beside a stack file.
const RENDERED: &str = "rendered";

/// The other side of a comparison.
#[derive(Debug)]
pub struct Base {
    /// What it is, in words.
    pub name: String,
    /// Its environments.
    pub side: Side,
    /// What of the working tree it can be compared with.
    pub scope: Scope,
    /// The revision, when it is one: data and code can be compared too.
    pub repository: Option<Repository>,
    /// What the reader must know.
    pub notes: Vec<String>,
}

/// What of the working tree is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of it.
    Everything,
    /// One environment.
    Environment(String),
    /// One document of one environment.
    Document(String, String),
}

impl Scope {
    /// Whether an environment is within it.
    pub fn has(&self, environment: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Environment(name) | Self::Document(name, _) => name == environment,
        }
    }

    /// Leaves the documents that are within it.
    pub fn narrow(&self, documents: &mut Documents) {
        if let Self::Document(_, name) = self {
            documents.retain(|document, _| document == name);
        }
    }
}

/// Why the other side cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// The revision cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A rendered file is none.
    #[error(transparent)]
    Document(#[from] UnreadableDocument),
    /// A file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder has no rendered files.
    #[error("{} has no rendered files", .0.display())]
    Empty(PathBuf),
    /// Rendered files of one environment were given, and several environments are compared.
    #[error("{} holds one environment: name which with `--env`", .0.display())]
    WhichEnvironment(PathBuf),
}

/// Reads the other side. `stack` is the folder of the stack file; `environment` is the only one that
/// is compared, if it is only one.
///
/// # Errors
/// When it is neither a revision nor something on disk, or cannot be read.
pub fn read_base(base: &str, stack: &Path, environment: Option<&str>) -> Result<Base, BaseError> {
    let path = Path::new(base);
    if path.is_dir() {
        from_folder(path, environment)
    } else if path.is_file() {
        from_file(path, environment)
    } else {
        from_revision(base, stack)
    }
}

fn from_revision(revision: &str, stack: &Path) -> Result<Base, BaseError> {
    let mut repository = Repository::open(stack, revision)?;
    let mut side = Side::new();
    let mut notes = Vec::new();
    match repository.folder_entries(RENDERED)? {
        None => notes.push(format!(
            "{revision} has no rendered files of this stack: everything is new to it"
        )),
        Some(environments) => {
            for environment in environments.into_iter().filter(|(_, is_folder)| *is_folder) {
                let documents = revision_documents(&mut repository, &environment.0)?;
                side.insert(environment.0, documents);
            }
        }
    }
    let short: String = repository.commit().chars().take(10).collect();
    let name = if repository.commit().starts_with(revision) {
        short
    } else {
        format!("{revision} ({short})")
    };
    Ok(Base {
        name,
        side,
        scope: Scope::Everything,
        repository: Some(repository),
        notes,
    })
}

fn revision_documents(
    repository: &mut Repository,
    environment: &str,
) -> Result<Documents, BaseError> {
    let folder = format!("{RENDERED}/{environment}");
    let mut documents = Documents::new();
    for (file, is_folder) in repository.folder_entries(&folder)?.unwrap_or_default() {
        let Some(name) = document_name(&file).filter(|_| !is_folder) else {
            continue;
        };
        let path = format!("{folder}/{file}");
        if let Some(text) = repository.file(&path)? {
            let shown = format!(
                "{}:{path}",
                repository.commit().get(..10).unwrap_or_default()
            );
            documents.insert(name.to_owned(), read_document(&shown, &text)?);
        }
    }
    Ok(documents)
}

fn from_folder(folder: &Path, environment: Option<&str>) -> Result<Base, BaseError> {
    let inner = folder.join(RENDERED);
    let folder = if inner.is_dir() {
        inner.as_path()
    } else {
        folder
    };
    let mut side = Side::new();
    for path in listed(folder)? {
        if path.is_dir() {
            let documents = folder_documents(&path)?;
            if let (Some(name), false) = (file_name(&path), documents.is_empty()) {
                side.insert(name, documents);
            }
        }
    }
    let mut scope = Scope::Everything;
    let own = folder_documents(folder)?;
    if !own.is_empty() {
        let Some(environment) = environment else {
            return Err(BaseError::WhichEnvironment(folder.to_owned()));
        };
        side = Side::from([(environment.to_owned(), own)]);
        scope = Scope::Environment(environment.to_owned());
    }
    if side.is_empty() {
        return Err(BaseError::Empty(folder.to_owned()));
    }
    Ok(Base {
        name: folder.display().to_string(),
        side,
        scope,
        repository: None,
        notes: vec!["data and code are compared with a git revision only".to_owned()],
    })
}

fn from_file(path: &Path, environment: Option<&str>) -> Result<Base, BaseError> {
    let Some(environment) = environment else {
        return Err(BaseError::WhichEnvironment(path.to_owned()));
    };
    let file = file_name(path).unwrap_or_default();
    let name = document_name(&file).unwrap_or(&file).to_owned();
    let documents = Documents::from([(name.clone(), read_path(path)?)]);
    Ok(Base {
        name: path.display().to_string(),
        side: Side::from([(environment.to_owned(), documents)]),
        scope: Scope::Document(environment.to_owned(), name),
        repository: None,
        notes: vec!["only this document is compared".to_owned()],
    })
}

fn folder_documents(folder: &Path) -> Result<Documents, BaseError> {
    let mut documents = Documents::new();
    for path in listed(folder)? {
        let file = file_name(&path).unwrap_or_default();
        if let Some(name) = document_name(&file).filter(|_| path.is_file()) {
            documents.insert(name.to_owned(), read_path(&path)?);
        }
    }
    Ok(documents)
}

fn read_path(path: &Path) -> Result<serde_json::Value, BaseError> {
    let text = fs::read_to_string(path).map_err(unreadable(path))?;
    Ok(read_document(&path.display().to_string(), &text)?)
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>, BaseError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        paths.push(entry.map_err(unreadable(folder))?.path());
    }
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> Option<String> {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> BaseError {
    let path = path.to_owned();
    move |source| BaseError::Unreadable { path, source }
}
