//! A text a line.

use std::io::BufRead;

use serde_json::Value;

use super::column::Column;
use super::error::unusable;
use super::reading::{Stop, Take};
use super::record::Record;
use crate::bundle::rows::Rows;

/// Reads the lines; an empty one is none.
pub(super) fn read(
    name: &str,
    reader: impl BufRead,
    column: Option<&Column>,
    take: Take<'_>,
) -> Result<(), Stop> {
    if column.is_some() {
        let remedy = "leave out `--column`, or let the name of a table end with .csv or .tsv";
        return Err(unusable(name, "has a text a line, and no columns", remedy).into());
    }
    let mut rows = Rows::of(reader, false);
    while let Some((line, row)) = rows.next()? {
        if row.is_empty() {
            continue;
        }
        let record = utf8(row).and_then(|text| Record::checked(Value::Null, text));
        take(name, line, record)?;
    }
    Ok(())
}

/// The text of a row.
pub(super) fn utf8(row: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(row).map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))
}
