//! Tables: comma- and tab-separated rows, of which one column has the texts.

use std::borrow::Cow;
use std::io::BufRead;

use serde_json::Value;

use super::column::Column;
use super::error::{BatchError, unusable};
use super::reading::{Stop, Take};
use super::record::Record;
use super::text::utf8;
use crate::bundle::rows::{Rows, cells};

/// Names that a column of texts usually has, the likeliest first.
pub(super) const USUAL: [&str; 5] = ["headline", "title", "text", "inputs", "query"];

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    separator: u8,
    /// Whether a quotation mark holds cells together, or is a letter like others.
    quoted: bool,
}

impl Dialect {
    /// RFC 4180.
    pub(super) const CSV: Self = Self {
        separator: b',',
        quoted: true,
    };
    /// Tabs, and quotation marks that mean nothing, as in the UCI News Aggregator data set.
    pub(super) const TSV: Self = Self {
        separator: b'\t',
        quoted: false,
    };
}

/// Which columns are read, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    text: usize,
    id: Option<usize>,
    /// How many there are.
    width: usize,
}

/// Reads the rows. The first has the columns' names, unless the column is told by its number.
pub(super) fn read(
    name: &str,
    reader: impl BufRead,
    dialect: Dialect,
    column: Option<&Column>,
    take: Take<'_>,
) -> Result<(), Stop> {
    let mut rows = Rows::of(reader, dialect.quoted);
    let mut layout = None;
    while let Some((line, row)) = rows.next()? {
        if row.is_empty() {
            continue;
        }
        let text = utf8(row);
        let cells = text
            .as_deref()
            .map(|text| cells(text, dialect.separator, dialect.quoted));
        let known = match (layout, &cells) {
            (Some(known), _) => known,
            (None, Err(why)) => return Err(unusable(name, format!("is {why}"), "").into()),
            (None, Ok(cells)) => {
                let known = Layout::of(name, cells, column)?;
                layout = Some(known);
                if !matches!(column, Some(Column::Number(_))) {
                    continue;
                }
                known
            }
        };
        let record = match cells {
            Ok(cells) => known.record(cells),
            Err(why) => Err(why.clone()),
        };
        take(name, line, record)?;
    }
    Ok(())
}

impl Layout {
    fn of(name: &str, first: &[Cow<'_, str>], column: Option<&Column>) -> Result<Self, BatchError> {
        let find = |wanted: &str| {
            let same = |cell: &Cow<'_, str>| cell.trim().eq_ignore_ascii_case(wanted);
            first.iter().position(same)
        };
        let width = first.len();
        let text = match column {
            Some(Column::Number(number)) if *number <= width => number - 1,
            Some(Column::Number(number)) => {
                let why = format!("has {width} columns, and no column {number}");
                return Err(unusable(name, why, ""));
            }
            Some(Column::Name(wanted)) => {
                let exact = first.iter().position(|cell| cell.trim() == wanted);
                exact.or_else(|| find(wanted)).ok_or_else(|| {
                    let why = format!("has no column `{wanted}`, but {}", listed(first));
                    let remedy = "`--column` takes a number, too, where the first row has no names";
                    unusable(name, why, remedy)
                })?
            }
            None => USUAL.into_iter().find_map(find).ok_or_else(|| {
                let why = format!("does not say which column has the texts: {}", listed(first));
                let remedy =
                    "`--column NAME` says it, or `--column N` where the first row has no names";
                unusable(name, why, remedy)
            })?,
        };
        let named = !matches!(column, Some(Column::Number(_)));
        Ok(Self {
            text,
            id: find("id").filter(|at| named && *at != text),
            width,
        })
    }

    fn record(self, mut cells: Vec<Cow<'_, str>>) -> Result<Record, String> {
        if cells.len() != self.width {
            return Err(format!("{} columns instead of {}", cells.len(), self.width));
        }
        let id = match self.id {
            Some(at) => Value::String(std::mem::take(&mut cells[at]).into_owned()),
            None => Value::Null,
        };
        Record::checked(id, std::mem::take(&mut cells[self.text]))
    }
}

/// The first cells, in words.
fn listed(cells: &[Cow<'_, str>]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<String> = cells
        .iter()
        .take(SHOWN)
        .map(|cell| format!("`{}`", cell.trim().chars().take(30).collect::<String>()))
        .collect();
    let more = if cells.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}
