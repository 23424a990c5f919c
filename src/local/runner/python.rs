//! The Python environment that stands for the containers' images, prepared once per content.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use super::environment::{has_uv, prepare, prepared};
use super::error::PythonError;
use super::interpreter::{self, Interpreter};

/// Which Python environment jobs, endpoints and functions run in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PythonSpec {
    /// An interpreter that already has every package needed; it is used as it is.
    Interpreter(PathBuf),
    /// A dependency group of a project's `pyproject.toml`, installed into a private environment.
    Project {
        /// Folder that holds `pyproject.toml`.
        folder: PathBuf,
        /// Name of the dependency group.
        group: String,
    },
}

/// Gives out the interpreter of the Python environment, preparing it when it is first needed.
#[derive(Debug)]
pub struct Python {
    spec: Option<PythonSpec>,
    cache: PathBuf,
    // Held while preparing: whoever comes meanwhile waits and then finds the environment ready.
    found: Mutex<Found>,
}

#[derive(Debug, Default)]
struct Found {
    system: Option<Interpreter>,
    checked: Option<PathBuf>,
}

/// What there is of a Python environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// The interpreter: the one that is used, or the one that an environment is made with.
    pub interpreter: PathBuf,
    /// Its version.
    pub version: String,
    /// What is made with it; `None` for an interpreter that is used as it is.
    pub environment: Option<Making>,
}

/// How far an environment is that is made for a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Making {
    /// Where it is; `None` while it is not made.
    pub made: Option<PathBuf>,
    /// Whether the interpreter can make virtual environments.
    pub has_venv: bool,
    /// Whether `uv` is there already.
    pub has_uv: bool,
}

impl Python {
    /// Looks what there is, and prepares nothing.
    ///
    /// # Errors
    /// There is no Python, or it is too old, or the project cannot be read.
    pub async fn readiness(&self) -> Result<Readiness, PythonError> {
        let system = match &self.spec {
            None => return Err(PythonError::NotDescribed),
            Some(PythonSpec::Interpreter(path)) => interpreter::check(path).await?,
            Some(PythonSpec::Project { .. }) => interpreter::find().await?,
        };
        let environment = match &self.spec {
            Some(PythonSpec::Project { folder, group }) => {
                let key = key(&project(folder).await?, group, &system);
                Some(Making {
                    made: prepared(&self.cache, &key),
                    has_venv: interpreter::makes_environments(&system.path).await,
                    has_uv: has_uv(&self.cache).await,
                })
            }
            _ => None,
        };
        Ok(Readiness {
            interpreter: system.path,
            version: system.version,
            environment,
        })
    }

    /// Describes an environment; nothing is looked at yet. Environments and tools are kept below `cache`.
    pub fn new(spec: Option<PythonSpec>, cache: PathBuf) -> Self {
        Self {
            spec,
            cache,
            found: Mutex::default(),
        }
    }

    /// Returns the interpreter of the prepared environment. The first call prepares it, which can take
    /// minutes; `progress` gets lines that tell what is being done. Dropping the future ends the
    /// preparation, and the next call starts it again.
    ///
    /// # Errors
    /// There is no Python, it is too old, the packages cannot be fetched, the disk is full, and so on.
    pub async fn interpreter(
        &self,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<PathBuf, PythonError> {
        let mut found = self.found.lock().await;
        match &self.spec {
            None => Err(PythonError::NotDescribed),
            Some(PythonSpec::Interpreter(path)) => {
                if found.checked.is_none() {
                    found.checked = Some(interpreter::check(path).await?.path);
                }
                Ok(path.clone())
            }
            Some(PythonSpec::Project { folder, group }) => {
                let project = project(folder).await?;
                let system = match &found.system {
                    Some(system) => system.clone(),
                    None => found.system.insert(interpreter::find().await?).clone(),
                };
                let key = key(&project, group, &system);
                let wanted = super::environment::Wanted {
                    project: folder,
                    group,
                    system: &system,
                    key: &key,
                };
                prepare(&self.cache, &wanted, progress).await
            }
        }
    }
}

/// Reads the file of a Python project.
async fn project(folder: &Path) -> Result<Vec<u8>, PythonError> {
    let path = folder.join("pyproject.toml");
    let read = tokio::fs::read(&path).await;
    read.map_err(|source| PythonError::Project { path, source })
}

/// What decides an environment's content. The platform counts because caches can be shared folders.
fn key(project: &[u8], group: &str, system: &Interpreter) -> String {
    let mut hash = Sha256::new();
    for part in [
        project,
        group.as_bytes(),
        system.version.as_bytes(),
        system.platform.as_bytes(),
    ] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system() -> Interpreter {
        Interpreter {
            path: "/usr/bin/python3".into(),
            version: "3.11.7".into(),
            platform: "linux-x86_64".into(),
        }
    }

    #[test]
    fn every_part_changes_the_key() {
        let newer = Interpreter {
            version: "3.12.0".into(),
            ..system()
        };
        let keys = [
            key(b"a", "local", &system()),
            key(b"b", "local", &system()),
            key(b"a", "loca", &system()),
            key(b"al", "ocal", &system()),
            key(b"a", "local", &newer),
        ];
        let different: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(different.len(), keys.len());
    }

    #[tokio::test]
    async fn looking_prepares_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pyproject.toml"), "[project]\n").unwrap();
        let cache = folder.path().join("cache");
        let spec = PythonSpec::Project {
            folder: folder.path().to_owned(),
            group: "local".to_owned(),
        };
        let seen = Python::new(Some(spec), cache.clone())
            .readiness()
            .await
            .unwrap();
        assert_eq!(seen.environment.unwrap().made, None);
        assert!(!cache.exists());
        let named = Python::new(
            Some(PythonSpec::Interpreter(seen.interpreter.clone())),
            cache,
        );
        let named = named.readiness().await.unwrap();
        assert_eq!(
            (named.interpreter, named.environment),
            (seen.interpreter, None)
        );
    }

    #[tokio::test]
    async fn nothing_described_is_an_error_with_a_remedy() {
        let python = Python::new(None, "/nonexistent".into());
        let error = python.interpreter(&|_| {}).await.unwrap_err();
        assert!(error.to_string().contains("stack file"), "{error}");
    }

    #[tokio::test]
    async fn a_missing_project_names_its_file() {
        let spec = PythonSpec::Project {
            folder: "/no/such/project".into(),
            group: "local".into(),
        };
        let python = Python::new(Some(spec), "/nonexistent".into());
        let error = python.interpreter(&|_| {}).await.unwrap_err();
        assert!(
            error
                .to_string()
                .contains("/no/such/project/pyproject.toml"),
            "{error}"
        );
    }
}
