//! The instances of a training job: each is a process of this machine, with folders and a log of its own.
//!
//! On AWS the containers know each other by the names in `resourceconfig.json`, `algo-1` and so on, which
//! lead nowhere on this machine. So the variables `MASTER_ADDR` and `MASTER_PORT` say where the first one is,
//! as the toolkits in the images set them, and the processors are shared out.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use futures::future::join_all;
use futures::stream::{FuturesUnordered, StreamExt};
use serde_json::{Value, json};

use crate::local::runner::Process;

/// Most instances of one job: all of them share this machine.
pub(super) const MOST: u64 = 8;

/// The interface that processes of this machine reach each other by.
const LOOPBACK: &str = if cfg!(target_os = "macos") {
    "lo0"
} else {
    "lo"
};

/// One of the instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    /// Which one, from 1.
    pub(super) number: u64,
    /// How many there are.
    count: u64,
    /// Where they meet, if there are several.
    port: Option<u16>,
}

impl Host {
    /// The instance of a job that has one.
    pub(super) fn only() -> Self {
        Self {
            number: 1,
            count: 1,
            port: None,
        }
    }

    /// All instances of a job, which meet at a port that is free now.
    ///
    /// # Errors
    /// There is no free port.
    pub(super) fn all(count: u64) -> io::Result<Vec<Self>> {
        if count <= 1 {
            return Ok(vec![Self::only()]);
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let host = |number| Self {
            number,
            count,
            port: Some(port.port()),
        };
        Ok((1..=count).map(host).collect())
    }

    /// Its name.
    pub(super) fn name(&self) -> String {
        format!("algo-{}", self.number)
    }

    /// The names of all of them.
    pub(super) fn names(&self) -> Vec<String> {
        (1..=self.count)
            .map(|number| format!("algo-{number}"))
            .collect()
    }

    /// What stands in `resourceconfig.json`.
    pub(super) fn resources(&self, instance_type: &str) -> Value {
        json!({
            "current_host": self.name(),
            "hosts": self.names(),
            "current_instance_type": instance_type,
            "current_group_name": "homogeneousCluster",
            "instance_groups": [{
                "instance_group_name": "homogeneousCluster",
                "instance_type": instance_type,
                "hosts": self.names(),
            }],
            "network_interface_name": LOOPBACK,
        })
    }

    /// Variables that stand for the network between several instances.
    pub(super) fn variables(&self) -> Vec<(String, String)> {
        let Some(port) = self.port else {
            return Vec::new();
        };
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let share = u64::try_from(processors).unwrap_or(1) / self.count;
        [
            ("MASTER_ADDR", Ipv4Addr::LOCALHOST.to_string()),
            ("MASTER_PORT", port.to_string()),
            ("GLOO_SOCKET_IFNAME", LOOPBACK.to_owned()),
            ("OMP_NUM_THREADS", share.max(1).to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

/// Waits until all processes have ended well, or one has not: which one it was, and how it ended.
pub(super) async fn all_ended(processes: &[Process]) -> (usize, ExitStatus) {
    let each = processes.iter().enumerate();
    let mut ends: FuturesUnordered<_> = each
        .map(|(index, process)| async move { (index, process.wait().await) })
        .collect();
    let mut last = (0, ExitStatus::default());
    while let Some(ended) = ends.next().await {
        last = ended;
        if !last.1.success() {
            break;
        }
    }
    last
}

/// Asks all processes to end, and kills those that have not after `grace`.
pub(super) async fn stop(processes: &[Process], grace: Duration) {
    join_all(processes.iter().map(|process| process.stop(grace))).await;
}

/// Puts what the other instances have left in a folder to what the first one has: one archive comes of all.
/// Of files of one name the first one's counts; their names are returned.
///
/// # Errors
/// A file cannot be copied.
pub(super) fn gather(first: &Path, other: &Path) -> io::Result<Vec<String>> {
    let mut left_out = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(other.join(&folder))? {
            let entry = entry?;
            let name = format!("{folder}{}", entry.file_name().to_string_lossy());
            let into = first.join(&name);
            if entry.file_type()?.is_dir() {
                fs::create_dir_all(&into)?;
                folders.push(format!("{name}/"));
            } else if into.exists() {
                left_out.push(name);
            } else {
                fs::copy(entry.path(), &into)?;
            }
        }
    }
    left_out.sort();
    Ok(left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_instances_know_each_other_and_meet_at_one_place() {
        let hosts = Host::all(2).unwrap();
        assert_eq!(hosts[1].name(), "algo-2");
        let resources = hosts[1].resources("ml.m5.large");
        assert_eq!(resources["current_host"], "algo-2");
        assert_eq!(resources["hosts"], json!(["algo-1", "algo-2"]));
        assert_eq!(hosts[0].variables(), hosts[1].variables());
        assert_eq!(hosts[0].variables()[0].1, "127.0.0.1");
        assert_eq!(Host::all(1).unwrap(), [Host::only()]);
        assert!(Host::only().variables().is_empty());
    }

    #[test]
    fn what_only_another_instance_has_left_is_gathered() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("one/weights", "first");
        write("two/weights", "second");
        write("two/code/part.py", "x");
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        assert_eq!(gather(&one, &two).unwrap(), ["weights"]);
        assert_eq!(fs::read_to_string(one.join("weights")).unwrap(), "first");
        assert_eq!(fs::read_to_string(one.join("code/part.py")).unwrap(), "x");
    }
}
