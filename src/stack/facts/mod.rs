//! Facts about AWS that a stack file is checked against, as data with its source and date.
//!
//! Input: the JSON files of this folder, embedded. Output: lookups. Must not know: stack files.

mod images;
mod instances;
mod regions;

pub(super) use images::{ImageFault, image_tag, patched_until};
pub use images::{Purpose, newest_patched};
pub(super) use instances::{Processor, has_instance, instances, offered_in, processor, uses};
pub use instances::{Use, has_own_disk, known_in};
pub use regions::{dns_suffix, partition, registry_host};
pub(super) use regions::{region, region_names};

/// Runtimes of Lambda that run the handler's Python.
pub(super) const RUNTIMES: [&str; 4] = ["python3.12", "python3.13", "python3.14", "python3.15"];

/// Runtimes of Lambda that ran Python once: no longer supported, or older than what the handler is
/// written for. From the runtime enumeration of botocore 1.44.8 (2026-11).
pub(super) const OLD_RUNTIMES: [&str; 7] = [
    "python2.7",
    "python3.6",
    "python3.7",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
];

/// The days that CloudWatch Logs can keep a log.
pub(super) const RETENTION_DAYS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];
