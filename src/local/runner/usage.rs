//! What a process uses, as the system tells it (proc(5)); nothing where the system tells nothing.

use std::fs;
use std::time::Duration;

/// Ticks of processor times in a second, which Linux tells programs whatever the kernel counts in (time(7)).
const TICKS: u32 = 100;

/// The memory that a process has resident, in KiB.
pub(in super::super) fn resident(process: u32) -> Option<u64> {
    kib(&format!("/proc/{process}/status"), "VmRSS:")
}

/// The most memory that a process ever had resident, in KiB.
pub(in super::super) fn most_resident(process: u32) -> Option<u64> {
    kib(&format!("/proc/{process}/status"), "VmHWM:")
}

/// The memory of this machine, in KiB.
pub(in super::super) fn memory_of_machine() -> Option<u64> {
    kib("/proc/meminfo", "MemTotal:")
}

/// The time that processors gave a process so far.
pub(in super::super) fn processor_time(process: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before it may hold anything. Fields 14 and 15 are the times in the program and the kernel.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11).map(str::parse::<u32>);
    let (program, kernel) = (times.next()?.ok()?, times.next()?.ok()?);
    Some(Duration::from_secs(program.checked_add(kernel)?.into()) / TICKS)
}

fn kib(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_its_own_use() {
        let own = std::process::id();
        let told = cfg!(target_os = "linux");
        let (now, most) = (resident(own), most_resident(own));
        assert_eq!((now.is_some(), most.is_some()), (told, told));
        let begun = processor_time(own);
        assert_eq!(begun.is_some(), told);
        if told {
            assert!(
                now <= most && most < memory_of_machine(),
                "{now:?} {most:?}"
            );
            assert!((1024..100_000_000).contains(&now.unwrap()), "{now:?}");
            // Until a tick has been counted.
            while processor_time(own) == begun {}
        }
        assert_eq!(resident(u32::MAX), None);
        assert_eq!(processor_time(u32::MAX), None);
    }
}
