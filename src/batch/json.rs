//! JSON: an object or a string a line, or one object in a file.

use std::io::{self, BufRead, Read};

use serde_json::Value;

use super::column::Column;
use super::error::unusable;
use super::reading::{Stop, Take};
use super::record::Record;
use super::table::USUAL;
use super::text::utf8;
use crate::bundle::rows::{RowError, Rows};

/// The most bytes of a file that is one object.
pub(super) const LARGEST: u64 = 1024 * 1024;

/// Reads a value a line; an empty line is none.
pub(super) fn read_lines(
    name: &str,
    reader: impl BufRead,
    column: Option<&Column>,
    take: Take<'_>,
) -> Result<(), Stop> {
    let field = field(name, column)?;
    let mut rows = Rows::of(reader, false);
    while let Some((line, row)) = rows.next()? {
        if row.is_empty() {
            continue;
        }
        take(name, line, utf8(row).and_then(|text| record(text, field)))?;
    }
    Ok(())
}

/// Reads one value, on however many lines.
pub(super) fn read_whole(
    name: &str,
    reader: impl Read,
    column: Option<&Column>,
    take: Take<'_>,
) -> Result<(), Stop> {
    let field = field(name, column)?;
    let record = match text(reader) {
        Ok(text) => text.and_then(|text| record(&text, field)),
        Err(error) => return Err(RowError::Unreadable(error).into()),
    };
    take(name, 1, record)?;
    Ok(())
}

/// The name of the field that has the text, where it was given.
fn field<'a>(name: &str, column: Option<&'a Column>) -> Result<Option<&'a str>, Stop> {
    match column {
        None => Ok(None),
        Some(Column::Name(field)) => Ok(Some(field)),
        Some(Column::Number(_)) => {
            let remedy = "give `--column` the name of the field";
            Err(unusable(
                name,
                "has JSON objects, whose fields have no numbers",
                remedy,
            )
            .into())
        }
    }
}

/// A small file's text, or what is wrong with it.
fn text(reader: impl Read) -> io::Result<Result<String, String>> {
    let mut bytes = Vec::new();
    reader.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Ok(Err(
            "larger than 1 MiB; put an object on each line of a .jsonl file".to_owned(),
        ));
    }
    Ok(utf8(&bytes).map(str::to_owned))
}

/// The record of a JSON text.
fn record(text: &str, field: Option<&str>) -> Result<Record, String> {
    match serde_json::from_str(text) {
        Ok(Value::String(text)) if field.is_none() => Record::checked(Value::Null, text),
        Ok(Value::Object(object)) => of_object(object, field),
        Ok(_) => Err("expected an object or a string".to_owned()),
        Err(error) => Err(format!("not JSON: {error}")),
    }
}

fn of_object(
    mut object: serde_json::Map<String, Value>,
    field: Option<&str>,
) -> Result<Record, String> {
    let id = match object.get_mut("id").map(Value::take) {
        None | Some(Value::Null) => Value::Null,
        Some(id @ (Value::String(_) | Value::Number(_))) => id,
        Some(_) => return Err("`id` is neither a text nor a number".to_owned()),
    };
    let name = match field {
        Some(field) => field,
        None => USUAL
            .into_iter()
            .find(|name| object.contains_key(*name))
            .ok_or_else(|| format!("none of the fields {}", USUAL.join(", ")))?,
    };
    match object.get_mut(name).map(Value::take) {
        Some(Value::String(text)) => Record::checked(id, text),
        // The body that the reference function takes.
        Some(Value::Object(mut query)) if name == "query" => {
            match query.get_mut("headline").map(Value::take) {
                Some(Value::String(text)) => Record::checked(id, text),
                _ => Err("`query` has no text `headline`".to_owned()),
            }
        }
        Some(Value::Array(_)) => Err(format!("`{name}` is a list; give each text its own line")),
        Some(_) => Err(format!("`{name}` is no text")),
        None => Err(format!("no field `{name}`")),
    }
}
