//! Looks at Python interpreters: which there are, and of what version.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::PythonError;
use super::tool::{Ended, Outcome, Tool, run};

/// Names tried on `PATH`: newest of the tried versions first, then whatever is called `python3`.
const CANDIDATES: [&str; 5] = [
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.10",
    "python3",
];

/// Oldest minor version of Python 3 that the training code runs on.
const OLDEST_MINOR: u32 = 10;

const LIMIT: Duration = Duration::from_secs(30);

const PROBE: &str = "import sys, sysconfig
print('python', sys.executable, '.'.join(map(str, sys.version_info[:3])), sysconfig.get_platform(), sep='\\t')";

/// An interpreter that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interpreter {
    pub(super) path: PathBuf,
    pub(super) version: String,
    pub(super) platform: String,
}

/// Checks an interpreter that was named: it runs and is new enough.
pub(super) async fn check(path: &Path) -> Result<Interpreter, PythonError> {
    let reason = match probe(path).await {
        Ok(Some(found)) if is_new_enough(&found.version) => {
            // As named: in a virtual environment the path, not what it links to, decides the packages.
            return Ok(Interpreter {
                path: path.to_owned(),
                ..found
            });
        }
        Ok(Some(found)) => {
            return Err(PythonError::TooOld {
                path: path.to_owned(),
                version: found.version,
            });
        }
        Ok(None) if !path.exists() => "there is no such file".to_owned(),
        Ok(None) => "it does not run as a Python 3 interpreter".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(PythonError::Interpreter {
        path: path.to_owned(),
        reason,
    })
}

/// Finds an interpreter on `PATH` that is new enough.
pub(super) async fn find() -> Result<Interpreter, PythonError> {
    let mut too_old = None;
    for name in CANDIDATES {
        let Ok(Some(found)) = probe(Path::new(name)).await else {
            continue; // Not there, or a shim of a version manager without that version behind it.
        };
        if is_new_enough(&found.version) {
            return Ok(found);
        }
        too_old = Some(PythonError::TooOld {
            path: found.path,
            version: found.version,
        });
    }
    Err(too_old.unwrap_or(PythonError::NotFound))
}

/// Whether an interpreter can make virtual environments with pip in them: some systems package that apart.
pub(super) async fn makes_environments(program: &Path) -> bool {
    let tool = Tool {
        program,
        arguments: ["-I", "-c", "import venv, ensurepip"]
            .map(str::to_owned)
            .to_vec(),
        environment: Vec::new(),
        folder: Path::new("/"),
        limit: LIMIT,
    };
    run(&tool, &|_| {})
        .await
        .is_ok_and(|outcome| outcome.succeeded())
}

async fn probe(program: &Path) -> std::io::Result<Option<Interpreter>> {
    let tool = Tool {
        program,
        arguments: vec!["-I".to_owned(), "-c".to_owned(), PROBE.to_owned()],
        environment: Vec::new(),
        folder: Path::new("/"),
        limit: LIMIT,
    };
    Ok(parse(&run(&tool, &|_| {}).await?))
}

fn parse(outcome: &Outcome) -> Option<Interpreter> {
    if !matches!(&outcome.ended, Ended::Exited(status) if status.success()) {
        return None;
    }
    let line = outcome
        .lines
        .iter()
        .find_map(|line| line.strip_prefix("python\t"))?;
    let mut fields = line.split('\t');
    Some(Interpreter {
        path: fields.next()?.into(),
        version: fields.next()?.to_owned(),
        platform: fields.next()?.to_owned(),
    })
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse::<u32>);
    matches!(
        (parts.next(), parts.next()),
        (Some(Ok(3)), Some(Ok(minor))) if minor >= OLDEST_MINOR
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn script(folder: &Path, text: &str) -> PathBuf {
        let path = folder.join("python3");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_new_enough("3.10.0"));
        assert!(is_new_enough("3.14.2"));
        assert!(!is_new_enough("3.9.20"));
        assert!(!is_new_enough("2.7.18"));
        assert!(!is_new_enough("junk"));
    }

    #[tokio::test]
    async fn finds_an_interpreter() {
        let found = find().await.unwrap();
        assert!(found.path.is_absolute(), "{found:?}");
        assert_eq!(check(&found.path).await.unwrap(), found);
    }

    #[tokio::test]
    async fn a_missing_interpreter_is_named() {
        let error = check(Path::new("/no/such/python")).await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("/no/such/python") && text.contains("no such file"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn an_old_interpreter_is_refused_with_its_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = script(
            folder.path(),
            "#!/bin/sh\nprintf 'python\\t/usr/bin/python3\\t3.8.2\\tlinux-x86_64\\n'\n",
        );
        let error = check(&path).await.unwrap_err();
        assert!(matches!(error, PythonError::TooOld { ref version, .. } if version == "3.8.2"));
    }

    #[tokio::test]
    async fn something_else_is_no_interpreter() {
        let folder = tempfile::tempdir().unwrap();
        let path = script(folder.path(), "#!/bin/sh\nexit 0\n");
        let error = check(&path).await.unwrap_err();
        assert!(
            error.to_string().contains("does not run as a Python 3"),
            "{error}"
        );
    }
}
