//! Holds data files against what the stack file says of them, while they are hashed.
//!
//! Purpose: what training would fail on, after an instance was paid for, is told before anything is
//! uploaded. One pass, flat memory.

mod labelled;
mod sample;
mod wrong;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

pub use self::labelled::{Labelled, labelled};
pub use self::sample::texts;
pub use self::wrong::WrongData;
use super::Digest;
use super::digest::{BUFFER, Hashing};
use super::rows::{RowError, Rows, cells};
use crate::stack::Format;

/// Unusable rows that are shown.
const SHOWN: usize = 3;

/// What was found so far, over all files.
pub(super) struct Examination<'a> {
    format: Option<&'a Format>,
    /// Usable rows by class.
    classes: HashMap<&'a str, u64>,
    rows: u64,
    unusable: u64,
    /// The first unusable rows, each with its place.
    examples: Vec<String>,
    /// What is wrong with whole files; then their rows say nothing.
    reasons: Vec<String>,
    bytes: u64,
}

impl<'a> Examination<'a> {
    /// Begins; without a format only that there is something in the files is looked at.
    pub(super) fn new(format: Option<&'a Format>) -> Self {
        let classes = format.into_iter().flat_map(|format| &format.classes);
        Self {
            format,
            classes: classes.map(|class| (class.as_str(), 0)).collect(),
            rows: 0,
            unusable: 0,
            examples: Vec::new(),
            reasons: Vec::new(),
            bytes: 0,
        }
    }

    /// Reads a file, `name` for people, and gives its digest.
    pub(super) fn file(&mut self, path: &Path, name: &str) -> io::Result<Digest> {
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        self.bytes += size;
        let mut reader = BufReader::with_capacity(BUFFER, Hashing::of(file));
        if let Some(format) = self.format
            && let Err(error) = self.rows(format, &mut reader, name)
        {
            match error {
                RowError::Unreadable(error) => return Err(error),
                RowError::Endless(line) => self.reasons.push(format!(
                    "the row that begins in {name}:{line} has no end; is a quotation mark left open?"
                )),
            }
        }
        // What is left after a mistake counts for the digest too.
        io::copy(&mut reader, &mut io::sink())?;
        Ok(reader.into_inner().finish())
    }

    fn rows(
        &mut self,
        format: &'a Format,
        reader: &mut BufReader<impl Read>,
        name: &str,
    ) -> Result<(), RowError> {
        let mut rows = Rows::of(reader, format.quoted);
        let mut first = true;
        while let Some((line, row)) = rows.next()? {
            if std::mem::take(&mut first) {
                if let Some(reason) = begins_wrong(format, row) {
                    self.reasons.push(format!("{name} {reason}"));
                    return Ok(());
                }
                if format.header {
                    continue;
                }
            }
            self.rows += 1;
            match class(format, row).and_then(|class| self.count(format, &class)) {
                Ok(()) => {}
                Err(problem) => {
                    self.unusable += 1;
                    if self.examples.len() < SHOWN {
                        self.examples.push(format!("{name}:{line}: {problem}"));
                    }
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, format: &Format, class: &str) -> Result<(), String> {
        let Some(count) = self.classes.get_mut(class) else {
            return Err(format!(
                "`{class}` is none of the classes {}",
                format.classes.join(", ")
            ));
        };
        *count += 1;
        Ok(())
    }

    /// Ends: what is wrong with the data at `path` as a whole, or a remark about what will do.
    pub(super) fn finish(mut self, path: &Path) -> Result<Option<String>, WrongData> {
        if self.bytes == 0 {
            self.reasons.push("it is empty".to_owned());
        } else if let Some(format) = self.format.filter(|_| self.reasons.is_empty()) {
            self.reasons = self.against(format);
        }
        if !self.reasons.is_empty() {
            let (reasons, examples) = (self.reasons, self.examples);
            return Err(WrongData::new(path, reasons, examples));
        }
        let (unusable, rows) = (self.unusable, self.rows);
        Ok((unusable > 0).then(|| {
            format!(
                "{} has unusable rows ({unusable} of {rows}), which training has to leave out: {}",
                path.display(),
                self.examples.join("; ")
            )
        }))
    }

    /// What the rows of all files together are not.
    fn against(&self, format: &Format) -> Vec<String> {
        let mut reasons = Vec::new();
        #[expect(clippy::cast_precision_loss, reason = "a share of rows")]
        let share = self.unusable as f64 / self.rows.max(1) as f64;
        if self.rows < format.classes.len() as u64 {
            reasons.push(format!(
                "it has fewer rows ({}) than classes ({})",
                self.rows,
                format.classes.len()
            ));
        } else if share > format.max_unusable {
            reasons.push(format!(
                "{} of {} rows cannot be used, more than `max_unusable` ({}) allows",
                self.unusable, self.rows, format.max_unusable
            ));
        } else {
            let empty = format
                .classes
                .iter()
                .filter(|class| self.classes.get(class.as_str()) == Some(&0));
            reasons.extend(empty.map(|class| format!("no row has the class `{class}`")));
        }
        reasons
    }
}

/// What is wrong with a file that begins with this row.
fn begins_wrong(format: &Format, row: &[u8]) -> Option<String> {
    if row.starts_with(b"\xff\xfe") || row.starts_with(b"\xfe\xff") {
        return Some("is UTF-16; save it as UTF-8".to_owned());
    }
    if row.starts_with(b"\xef\xbb\xbf") {
        return Some("begins with a byte order mark; save it as UTF-8 without one".to_owned());
    }
    if row.starts_with(b"\x1f\x8b") {
        return Some("is compressed; unpack it".to_owned());
    }
    let text = std::str::from_utf8(row).ok()?;
    let cells = cells(text, format.separator, format.quoted);
    let named = cells == format.columns;
    if named == format.header {
        return None;
    }
    Some(if named {
        "begins with the names of its columns; say so with `header: true`".to_owned()
    } else {
        format!(
            "does not begin with the names of its columns ({}) but with `{}`",
            format.columns.join(", "),
            cells.join(", ")
        )
    })
}

/// The class of a row, or why the row cannot be used.
fn class(format: &Format, row: &[u8]) -> Result<String, String> {
    let mut cells = usable(format, row)?;
    Ok(std::mem::take(&mut cells[format.label]).into_owned())
}

/// The cells of a row: as many as there are columns, the required ones with something in them.
fn usable<'r>(format: &Format, row: &'r [u8]) -> Result<Vec<Cow<'r, str>>, String> {
    let text = std::str::from_utf8(row)
        .map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))?;
    let cells = cells(text, format.separator, format.quoted);
    let (found, wanted) = (cells.len(), format.columns.len());
    if found != wanted {
        return Err(format!("{found} columns instead of {wanted}"));
    }
    let required = [format.text]
        .into_iter()
        .chain(format.required.iter().copied());
    for column in required {
        if cells[column].trim().is_empty() {
            return Err(format!("`{}` is empty", format.columns[column]));
        }
    }
    Ok(cells)
}

#[cfg(test)]
mod tests;
