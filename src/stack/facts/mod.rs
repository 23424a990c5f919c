//! Facts about AWS that a stack file is checked against, as data with its source and date.
//!
//! Input: the JSON files of this folder, embedded. Output: lookups. Must not know: stack files.

mod images;
mod instances;
mod regions;

pub(super) use images::{ImageFault, Purpose, image_tag};
pub(super) use instances::{Processor, is_instance_type, processor};
pub(super) use regions::{region, region_names};

/// Runtimes of Lambda that run the handler's Python.
pub(super) const RUNTIMES: [&str; 4] = ["python3.12", "python3.13", "python3.14", "python3.15"];

/// The days that CloudWatch Logs can keep a log.
pub(super) const RETENTION_DAYS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];
