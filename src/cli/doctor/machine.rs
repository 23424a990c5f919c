//! The checks of this machine.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use rustix::fs::{Access, access, statvfs};

use crate::cli::context::{Global, cache_folder};
use crate::cli::failure::Failure;
use crate::cli::local::Ready;
use crate::doctor::{Check, Finding};
use crate::stack::LocalTarget;

/// Bytes that a Python environment takes that is made anew, with the GPU build of `PyTorch`.
const ENVIRONMENT: u64 = 4 * GB;
/// Bytes that models, data and logs take.
const WORK: u64 = GB;
/// Bytes of memory that training and serving take together.
const MEMORY: u64 = 2 * GB;
const GB: u64 = 1_000_000_000;

/// What the local engine needs.
pub(super) fn engine(
    global: &Global,
    target: &LocalTarget,
    ready: &Ready,
) -> Result<Vec<Check<'static>>, Failure> {
    let making = ready.python.as_ref().ok();
    let making = making.and_then(|python| python.environment.clone());
    let is_made = making.as_ref().is_none_or(|making| making.made.is_some());
    let needed = if is_made { WORK } else { ENVIRONMENT + WORK };
    let cache = cache_folder(global)?;
    let port = port(target.port, ready.url.as_deref());
    let known = |id: &str, finding| Check::known(id, id, finding);
    let mut checks = vec![known("python", python(ready))];
    if let Some(making) = making {
        let finding = match (&making.made, making.has_venv, making.has_uv) {
            (Some(folder), _, _) => Finding::ok(format!("made, in {}", folder.display())),
            (None, _, true) => Finding::ok("not made yet; `deploy up` makes it with uv"),
            (None, true, false) => Finding::ok("not made yet; `deploy up` fetches uv and makes it"),
            (None, false, false) => Finding::failed(
                "there is neither uv nor Python's venv module",
                "install python3-venv (Debian, Ubuntu) or uv",
            ),
        };
        checks.push(Check::known("environment", "python environment", finding));
    }
    checks.push(Check::known("disk", "disk", disk(&cache, needed)));
    checks.push(Check::known("memory", "memory", memory()));
    checks.push(Check::known(
        "folder",
        "engine's folder",
        writable(&ready.folder),
    ));
    checks.push(Check::known("port", "engine and port", port));
    Ok(checks)
}

/// What is needed wherever the environment is.
pub(super) fn anywhere(global: &Global) -> Result<Vec<Check<'static>>, Failure> {
    Ok(vec![
        Check::known("cache", "cache folder", writable(&cache_folder(global)?)),
        Check::known("git", "git", git()),
    ])
}

fn python(ready: &Ready) -> Finding {
    match &ready.python {
        Ok(python) => Finding::ok(format!(
            "{} at {}",
            python.version,
            python.interpreter.display()
        )),
        Err(error) => {
            // The text ends with its remedy.
            let text = error.to_string();
            let (found, fix) = text
                .rsplit_once("; ")
                .unwrap_or((&text, "install Python 3.10 or newer"));
            Finding::failed(found, fix)
        }
    }
}

/// Whether there is room where the cache is, or will be.
fn disk(cache: &Path, needed: u64) -> Finding {
    let folder = existing(cache);
    let Ok(disk) = statvfs(folder) else {
        return Finding::skipped(format!("not known of {}", folder.display()));
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let found = format!("{} GB free in {}", free / GB, folder.display());
    if free < needed {
        let fix = format!(
            "make room: {} GB are needed, or name another folder in DEPLOY_CACHE",
            needed / GB
        );
        Finding::failed(found, fix)
    } else {
        Finding::ok(found)
    }
}

/// Whether there is memory for training, as Linux tells it.
fn memory() -> Finding {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let Some(free) = available(&text) else {
        return Finding::skipped("not known on this system");
    };
    let found = format!("{:.1} GB available", gigabytes(free));
    if free < MEMORY {
        Finding::warning(
            found,
            "end other programs: training may be killed for want of memory",
        )
    } else {
        Finding::ok(found)
    }
}

/// Bytes that programs may still take (`proc_meminfo(5)`, `MemAvailable`).
fn available(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / GB as f64
}

/// Whether the engine runs, or its port is free.
fn port(port: u16, running: Option<&str>) -> Finding {
    if let Some(url) = running {
        return Finding::ok(format!("it runs at {url}"));
    }
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Finding::ok(format!("it does not run; port {port} is free")),
        Err(error) => Finding::failed(
            format!("port {port} cannot be had: {error}"),
            "`--local-port`, DEPLOY_LOCAL_PORT, or `local.port` in the stack file names another",
        ),
    }
}

/// Whether a folder, or the nearest one above it that is there, may be written to.
fn writable(folder: &Path) -> Finding {
    let there = existing(folder);
    match access(there, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Finding::ok(folder.display().to_string()),
        Err(_) => Finding::failed(
            format!("{} may not be written to", there.display()),
            "change its rights, or name another folder (`--cache`, DEPLOY_CACHE)",
        ),
    }
}

fn existing(folder: &Path) -> &Path {
    let mut above = folder.ancestors();
    above
        .find(|folder| folder.is_dir())
        .unwrap_or(Path::new("/"))
}

fn git() -> Finding {
    match Command::new("git").arg("--version").output() {
        Ok(answer) if answer.status.success() => {
            Finding::ok(String::from_utf8_lossy(&answer.stdout).trim().to_owned())
        }
        _ => Finding::warning(
            "not there",
            "install it for `deploy diff --base REVISION`; `--base FOLDER` works without",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn memory_is_read_as_linux_tells_it() {
        let text = "MemTotal:       16384 kB\nMemAvailable:    8192 kB\n";
        assert_eq!(available(text), Some(8 * 1024 * 1024));
        assert_eq!(available("MemTotal: 1 kB"), None);
    }

    #[test]
    fn room_and_rights_are_those_of_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("not/there/yet");
        assert_eq!(existing(&deep), folder.path());
        assert_eq!(writable(&deep).state, State::Ok);
        assert!(!deep.exists());
        assert_eq!(disk(&deep, 0).state, State::Ok);
        let full = disk(&deep, u64::MAX);
        assert_eq!(full.state, State::Failed);
        assert!(
            full.found.contains(&*folder.path().to_string_lossy()),
            "{full:?}"
        );
    }

    #[test]
    fn a_port_is_free_or_somebody_elses() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let number = taken.local_addr().unwrap().port();
        assert_eq!(port(number, None).state, State::Failed);
        assert_eq!(port(number, Some("http://127.0.0.1:1")).state, State::Ok);
        drop(taken);
        assert_eq!(port(number, None).state, State::Ok);
    }
}
