//! An archive of JSON files, one text each: what the load test of the reference project makes. A batch
//! job cannot read such an archive by itself.

use std::io::Read;
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::column::Column;
use super::error::{BatchError, unusable};
use super::json;
use super::reading::{Stop, Take};

/// Reads the JSON files of an archive in the order in which they are in it. What is no file, or hidden, is
/// passed over; any other file is wrong.
pub(super) fn read(
    name: &str,
    path: &Path,
    reader: impl std::io::BufRead,
    column: Option<&Column>,
    take: Take<'_>,
) -> Result<(), BatchError> {
    let broken = |error: std::io::Error| {
        let why = format!("is no whole archive of JSON files: {error}");
        unusable(name, why, "make it with `tar czf inputs.tar.gz *.json`")
    };
    let mut archive = tar::Archive::new(MultiGzDecoder::new(reader));
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let member = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let file = member.rsplit('/').next().unwrap_or_default();
        if !entry.header().entry_type().is_file() || file.starts_with('.') {
            continue;
        }
        let is_json = Path::new(file)
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("json"));
        if !is_json {
            take(&member, 1, Err("no JSON file".to_owned()))?;
            continue;
        }
        match json::read_whole(&member, entry.by_ref(), column, take) {
            Ok(()) => {}
            Err(Stop::Error(error)) => return Err(error),
            Err(stop) => return Err(stop.at(name, path)),
        }
    }
    Ok(())
}
