//! Who runs this process, and what this machine can tell of others.

use std::fs::{self, File};
use std::io::Read;
use std::sync::Arc;

use jiff::Timestamp;

use super::context::variable;
use crate::reconcile::{Station, Witness, Worker};

/// Describes this process.
///
/// # Errors
/// The system gives no random numbers.
pub(super) fn station() -> std::io::Result<Station> {
    let pid = rustix::process::getpid().as_raw_nonzero().get();
    let mut random = [0_u8; 16];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    let user = ["USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(variable);
    let worker = Worker {
        id: hex::encode(random),
        user: user.unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw())),
        host: rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned(),
        machine: machine().unwrap_or_default(),
        pid,
        began: began(pid).unwrap_or_default(),
    };
    let witness = Arc::new(Machine {
        name: worker.machine.clone(),
    });
    Ok(Station { worker, witness })
}

/// What this machine can tell.
struct Machine {
    name: String,
}

impl Witness for Machine {
    #[expect(
        clippy::disallowed_methods,
        reason = "leases are compared across machines, so they need the time of day"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn is_gone(&self, worker: &Worker) -> bool {
        let here = !self.name.is_empty() && self.name == worker.machine;
        here && !worker.began.is_empty() && began(worker.pid).as_ref() != Some(&worker.began)
    }
}

/// Names this start of this machine and the space of its process ids: containers of one machine have
/// process ids of their own. `None` where the system does not say.
fn machine() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let pids = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), pids.display()))
}

/// When a process began, in clock ticks since the machine's start; `None` for one that is not there, or
/// has ended and only waits to be noticed.
fn began(pid: i32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field, a name in parentheses, may hold anything. See proc_pid_stat(5): the state is the
    // third field, the start time the 22nd.
    let rest = stat.rsplit_once(')')?.1;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_gone_only_when_it_certainly_is() {
        let station = station().unwrap();
        let (worker, witness) = (station.worker, station.witness);
        assert!(!worker.machine.is_empty() && !worker.began.is_empty());
        assert!(!witness.is_gone(&worker));
        let reused = Worker {
            began: "1".into(),
            ..worker.clone()
        };
        assert!(witness.is_gone(&reused));
        let elsewhere = Worker {
            machine: "another".into(),
            ..reused
        };
        assert!(!witness.is_gone(&elsewhere));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let ended = Worker {
            pid,
            began: "1".into(),
            ..worker
        };
        child.wait().unwrap();
        assert!(witness.is_gone(&ended));
    }
}
