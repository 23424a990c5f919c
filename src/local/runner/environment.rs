//! Prepares a virtual environment in the cache with `uv`, once per key, safely against other engines.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::PythonError;
use super::interpreter::Interpreter;
use super::tool::{Ended, Outcome, Tool, run};

/// The version of `uv` that is installed when none is on `PATH`.
const UV_VERSION: &str = "0.13.9";

/// Written last: an environment without it is half-made.
const MARKER: &str = ".prepared";

const TOOL_LIMIT: Duration = Duration::from_mins(5);
const INSTALL_LIMIT: Duration = Duration::from_mins(30);
const LOCK_POLL: Duration = Duration::from_millis(250);
const LOCK_LIMIT: Duration = Duration::from_mins(40);

type Progress<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// The environment that is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) project: &'a Path,
    pub(super) group: &'a str,
    pub(super) system: &'a Interpreter,
    pub(super) key: &'a str,
}

/// Returns the interpreter of the wanted environment, making the environment when it is not there.
pub(super) async fn prepare(
    cache: &Path,
    wanted: &Wanted<'_>,
    progress: Progress<'_>,
) -> Result<PathBuf, PythonError> {
    let parent = cache.join("python");
    let folder = parent.join(&wanted.key[..16]);
    let python = folder.join("bin/python");
    if is_prepared(&folder, wanted.key) && python.exists() {
        return Ok(python);
    }
    fs::create_dir_all(&parent).map_err(|source| cache_error(&parent, source))?;
    let _lock = lock(&folder, progress).await?;
    if is_prepared(&folder, wanted.key) && python.exists() {
        return Ok(python); // Another engine made it while this one waited.
    }
    if folder.exists() {
        progress("Removing a half-made Python environment");
        fs::remove_dir_all(&folder).map_err(|source| cache_error(&folder, source))?;
    }
    progress(&format!(
        "Preparing a Python {} environment in {}",
        wanted.system.version,
        folder.display()
    ));
    let uv = Uv::find(cache, wanted.system, progress).await?;
    uv.make_environment(wanted, &folder, progress).await?;
    uv.install(wanted, &folder, progress).await?;
    let marker = folder.join(MARKER);
    fs::write(&marker, wanted.key).map_err(|source| cache_error(&marker, source))?;
    progress("The Python environment is ready");
    Ok(python)
}

/// The environment of this key, if it is made already.
pub(super) fn prepared(cache: &Path, key: &str) -> Option<PathBuf> {
    let folder = cache.join("python").join(&key[..16]);
    is_prepared(&folder, key).then_some(folder)
}

/// Whether `uv` is there, on `PATH` or in the cache; where not, it is installed when it is needed.
pub(super) async fn has_uv(cache: &Path) -> bool {
    let own = cache
        .join("tools")
        .join(format!("uv-{UV_VERSION}"))
        .join("bin/uv");
    answers(Path::new("uv")).await || answers(&own).await
}

fn is_prepared(folder: &Path, key: &str) -> bool {
    fs::read(folder.join(MARKER)).is_ok_and(|text| text == key.as_bytes())
}

/// Takes the lock of all environments beside `folder` and of the tools that they share, waiting for
/// another engine that is preparing one.
async fn lock(folder: &Path, progress: Progress<'_>) -> Result<File, PythonError> {
    let path = folder.with_file_name("preparing.lock");
    let file = File::create(&path).map_err(|source| cache_error(&path, source))?;
    let polls = LOCK_LIMIT.as_millis() / LOCK_POLL.as_millis();
    for poll in 0..polls {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(source)) => return Err(cache_error(&path, source)),
        }
        if poll == 0 {
            progress("Waiting for another engine that prepares a Python environment");
        }
        tokio::time::sleep(LOCK_POLL).await;
    }
    Err(PythonError::Busy {
        folder: folder.to_owned(),
        minutes: LOCK_LIMIT.as_secs() / 60,
    })
}

/// The `uv` program, and where its calls may fill the disk.
struct Uv {
    program: PathBuf,
    cache: PathBuf,
}

impl Uv {
    /// Finds `uv` on `PATH` or in the cache, or installs it there.
    async fn find(
        cache: &Path,
        system: &Interpreter,
        progress: Progress<'_>,
    ) -> Result<Self, PythonError> {
        let folder = cache.join("tools").join(format!("uv-{UV_VERSION}"));
        let own = folder.join("bin/uv");
        for program in [Path::new("uv"), &own] {
            if answers(program).await {
                return Ok(Self {
                    program: program.to_owned(),
                    cache: cache.to_owned(),
                });
            }
        }
        progress(&format!("Installing uv {UV_VERSION}"));
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|source| cache_error(&folder, source))?;
        }
        let uv = Self {
            program: own,
            cache: cache.to_owned(),
        };
        let venv = ["-m", "venv", &folder.to_string_lossy()].map(str::to_owned);
        uv.call(
            "making an environment for uv",
            "install Python's venv module (Debian and Ubuntu: the package python3-venv)",
            &tool(&system.path, venv.to_vec(), cache, TOOL_LIMIT),
            progress,
        )
        .await?;
        let requirement = format!("uv=={UV_VERSION}");
        let install = [
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            // Two attempts, as uv makes itself: a machine without a network is told within seconds.
            "--retries=1",
            &requirement,
        ];
        uv.call(
            "installing uv",
            "install uv yourself so that it is on PATH",
            &tool(
                &folder.join("bin/python"),
                install.map(str::to_owned).to_vec(),
                cache,
                TOOL_LIMIT,
            ),
            progress,
        )
        .await?;
        Ok(uv)
    }

    async fn make_environment(
        &self,
        wanted: &Wanted<'_>,
        folder: &Path,
        progress: Progress<'_>,
    ) -> Result<(), PythonError> {
        let arguments = vec![
            "venv".to_owned(),
            "--seed".to_owned(),
            "--no-project".to_owned(),
            "--python".to_owned(),
            wanted.system.path.to_string_lossy().into_owned(),
            folder.to_string_lossy().into_owned(),
        ];
        self.call(
            "making the Python environment",
            "see the line above",
            &tool(&self.program, arguments, wanted.project, TOOL_LIMIT),
            progress,
        )
        .await
    }

    /// Installs the group: with torch's builds for CPUs when their index can be reached (a fifth of
    /// the size), else with those of the ordinary index.
    async fn install(
        &self,
        wanted: &Wanted<'_>,
        folder: &Path,
        progress: Progress<'_>,
    ) -> Result<(), PythonError> {
        let arguments = |options: &[&str]| {
            let python = folder.join("bin/python").to_string_lossy().into_owned();
            let group = format!("pyproject.toml:{}", wanted.group);
            let mut all = vec![
                "pip".to_owned(),
                "install".to_owned(),
                "-p".to_owned(),
                python,
            ];
            all.extend(options.iter().map(|option| (*option).to_owned()));
            all.extend(["--group".to_owned(), group]);
            all
        };
        let backend = "--torch-backend=cpu";
        let mut probe = tool(
            &self.program,
            arguments(&["--dry-run", backend]),
            wanted.project,
            TOOL_LIMIT,
        );
        // An index behind a closed door must cost seconds, not minutes.
        let quick = [
            ("UV_HTTP_RETRIES", "0"),
            ("UV_HTTP_CONNECT_TIMEOUT", "5"),
            ("UV_HTTP_TIMEOUT", "15"),
        ];
        probe
            .environment
            .extend(quick.map(|(key, value)| (key.to_owned(), value.to_owned())));
        progress("Resolving the Python packages");
        let options: &[&str] = if self.output(&probe, &|_| {}).await?.succeeded() {
            &[backend]
        } else {
            progress(
                "PyTorch's index of builds for CPUs does not serve these packages; using the ordinary index",
            );
            &[]
        };
        let arguments = arguments(options);
        self.call(
            "installing the Python packages",
            "correct the dependency group in pyproject.toml",
            &tool(&self.program, arguments, wanted.project, INSTALL_LIMIT),
            progress,
        )
        .await
    }

    async fn call(
        &self,
        step: &'static str,
        remedy: &'static str,
        tool: &Tool<'_>,
        progress: Progress<'_>,
    ) -> Result<(), PythonError> {
        let outcome = self.output(tool, progress).await?;
        if outcome.succeeded() {
            return Ok(());
        }
        Err(explain(step, remedy, &outcome, tool.limit, &self.cache))
    }

    async fn output(
        &self,
        tool: &Tool<'_>,
        progress: Progress<'_>,
    ) -> Result<Outcome, PythonError> {
        run(tool, progress)
            .await
            .map_err(|source| cache_error(tool.folder, source))
    }
}

async fn answers(program: &Path) -> bool {
    let tool = tool(
        program,
        vec!["--version".to_owned()],
        Path::new("/"),
        TOOL_LIMIT,
    );
    run(&tool, &|_| {})
        .await
        .is_ok_and(|outcome| outcome.succeeded())
}

fn tool<'a>(
    program: &'a Path,
    arguments: Vec<String>,
    folder: &'a Path,
    limit: Duration,
) -> Tool<'a> {
    // A user's active environment must not be mistaken for ours; empty counts as unset for these tools.
    let environment = [
        ("VIRTUAL_ENV", ""),
        ("CONDA_PREFIX", ""),
        ("PYTHONPATH", ""),
        ("UV_SYSTEM_PYTHON", "false"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    Tool {
        program,
        arguments,
        environment,
        folder,
        limit,
    }
}

fn cache_error(path: &Path, source: io::Error) -> PythonError {
    PythonError::Cache {
        path: path.to_owned(),
        source,
    }
}

/// Says in one line why a tool failed.
fn explain(
    step: &'static str,
    remedy: &'static str,
    outcome: &Outcome,
    limit: Duration,
    cache: &Path,
) -> PythonError {
    const FULL: [&str; 3] = [
        "No space left on device",
        "os error 28",
        "Disk quota exceeded",
    ];
    const NETWORK: [&str; 9] = [
        "dns error",
        "Failed to fetch",
        "error sending request",
        "Connection refused",
        "Connection reset",
        "NewConnectionError",
        "Temporary failure in name resolution",
        "Network is unreachable",
        "operation timed out",
    ];
    if matches!(outcome.ended, Ended::TimedOut) {
        return PythonError::TimedOut {
            step,
            seconds: limit.as_secs(),
        };
    }
    let has = |needles: &[&str]| {
        outcome
            .lines
            .iter()
            .any(|line| needles.iter().any(|needle| line.contains(needle)))
    };
    if has(&FULL) {
        return PythonError::DiskFull {
            step,
            folder: cache.to_owned(),
        };
    }
    let detail = telling_line(&outcome.lines);
    if has(&NETWORK) {
        return PythonError::Network { step, detail };
    }
    PythonError::Tool {
        step,
        detail,
        remedy,
    }
}

/// Picks what names the cause out of a tool's output: the last error line with the deepest cause that
/// follows it, or simply the last line.
fn telling_line(lines: &[String]) -> String {
    let last = |prefixes: &[&str]| {
        let found = lines.iter().rev().find_map(|line| {
            let text = line.trim();
            prefixes.iter().find_map(|prefix| text.strip_prefix(prefix))
        });
        found.map(|text| text.trim().to_owned())
    };
    let parts: Vec<String> = [last(&["error:", "ERROR:"]), last(&["cause:", "Caused by:"])]
        .into_iter()
        .flatten()
        .collect();
    if !parts.is_empty() {
        return parts.join(": ");
    }
    let last = lines.iter().rev().find(|line| !line.trim().is_empty());
    last.map_or_else(
        || "it wrote nothing".to_owned(),
        |line| line.trim().to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn failed(lines: &[&str]) -> Outcome {
        Outcome {
            ended: Ended::Exited(std::process::ExitStatus::from_raw(1 << 8)),
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        }
    }

    fn told(lines: &[&str]) -> PythonError {
        explain(
            "installing the Python packages",
            "correct it",
            &failed(lines),
            TOOL_LIMIT,
            Path::new("/cache"),
        )
    }

    #[test]
    fn a_dead_network_is_told_by_its_deepest_cause() {
        let error = told(&[
            "error: Failed to fetch: https://index.invalid/simple/torch/",
            "  cause: client error (Connect)",
            "  cause: dns error",
        ]);
        assert!(matches!(error, PythonError::Network { .. }));
        let text = error.to_string();
        assert!(
            text.contains("https://index.invalid/simple/torch/: dns error"),
            "{text}"
        );
    }

    #[test]
    fn a_full_disk_names_the_cache() {
        let error = told(&["error: failed to write: No space left on device (os error 28)"]);
        assert!(
            error.to_string().contains("disk is full in /cache"),
            "{error}"
        );
    }

    #[test]
    fn an_unsatisfiable_group_is_told_in_uvs_words() {
        let error = told(&[
            "error: No solution found when resolving dependencies",
            "  cause: Because nothing==9 was not found we can conclude",
        ]);
        let text = error.to_string();
        assert!(matches!(error, PythonError::Tool { .. }));
        assert!(
            text.contains("No solution found") && text.contains("nothing==9"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn a_marked_environment_is_used_and_an_unmarked_one_is_not() {
        let cache = tempfile::tempdir().unwrap();
        let system = Interpreter {
            path: "/no/such/python".into(),
            version: "3.11.7".into(),
            platform: "linux-x86_64".into(),
        };
        let key = "0123456789abcdef0123";
        let wanted = Wanted {
            project: cache.path(),
            group: "local",
            system: &system,
            key,
        };
        let folder = cache.path().join("python/0123456789abcdef");
        fs::create_dir_all(folder.join("bin")).unwrap();
        fs::write(folder.join("bin/python"), "").unwrap();
        let unmarked = prepare(cache.path(), &wanted, &|_| {}).await;
        assert!(
            unmarked.is_err(),
            "made with an interpreter that does not exist"
        );
        assert!(!folder.exists(), "the half-made environment is gone");
        fs::create_dir_all(folder.join("bin")).unwrap();
        fs::write(folder.join("bin/python"), "").unwrap();
        fs::write(folder.join(MARKER), key).unwrap();
        let ready = prepare(cache.path(), &wanted, &|_| {}).await.unwrap();
        assert_eq!(ready, folder.join("bin/python"));
    }
}
