//! What texts are in, told by the name of the file, and read line by line.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use super::column::Column;
use super::error::{BatchError, unreadable, unusable};
use super::reading::Take;
use super::{archive, json, table, text};

/// Bytes that are read at once.
const BUFFER: usize = 256 * 1024;
/// Remedy for a file that is no text in UTF-8.
const AS_UTF_8: &str = "save it as text in UTF-8";

/// A file with texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFile {
    /// What it is called in messages and results; its end tells what is in it.
    pub name: String,
    /// Where it is on disk.
    pub path: PathBuf,
}

/// What a file has in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A text a line.
    Text,
    /// Rows of cells.
    Table(table::Dialect),
    /// A JSON object or string a line.
    JsonLines,
    /// One JSON object.
    Json,
    /// JSON files in a compressed archive.
    Archive,
}

impl Kind {
    fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        if ends(&[".csv"]) {
            Self::Table(table::Dialect::CSV)
        } else if ends(&[".tsv", ".tab"]) {
            Self::Table(table::Dialect::TSV)
        } else if ends(&[".jsonl", ".ndjson", ".jsonlines"]) {
            Self::JsonLines
        } else if ends(&[".json"]) {
            Self::Json
        } else if ends(&[".tar.gz", ".tgz"]) {
            Self::Archive
        } else {
            Self::Text
        }
    }
}

impl Kind {
    /// Looks at the beginning, too: a table whose first row has a tab is separated by tabs, whatever it is
    /// called. The UCI file is often called `.csv`.
    fn looked_at(self, beginning: &[u8], column: Option<&Column>) -> Self {
        let first = beginning.split(|byte| *byte == b'\n').next();
        let tabs = first.is_some_and(|line| line.contains(&b'\t'));
        match self {
            Self::Table(_) if tabs => Self::Table(table::Dialect::TSV),
            Self::Text if tabs && column.is_some() => Self::Table(table::Dialect::TSV),
            kind => kind,
        }
    }
}

/// Reads a file, and hands over what each of its lines comes to.
///
/// # Errors
/// The file as a whole cannot be used, or `take` failed.
pub(super) fn read(
    input: &InputFile,
    column: Option<&Column>,
    take: Take<'_>,
) -> Result<(), BatchError> {
    let (name, path) = (input.name.as_str(), input.path.as_path());
    let file = File::open(path).map_err(unreadable(path))?;
    let mut reader = BufReader::with_capacity(BUFFER, file);
    let kind = Kind::of(name);
    if kind == Kind::Archive {
        return archive::read(name, path, reader, column, take);
    }
    let begins = Beginning::of(&mut reader).map_err(unreadable(path))?;
    begins.refuse(name)?;
    reader.consume(begins.skipped());
    let first = reader.fill_buf().map_err(unreadable(path))?;
    let read = match kind.looked_at(first, column) {
        Kind::Table(dialect) => table::read(name, reader, dialect, column, take),
        Kind::JsonLines => json::read_lines(name, reader, column, take),
        Kind::Json => json::read_whole(name, reader, column, take),
        Kind::Text | Kind::Archive => text::read(name, reader, column, take),
    };
    read.map_err(|stop| stop.at(name, path))
}

/// What the first bytes of a file tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beginning {
    Plain,
    /// UTF-8 with a byte order mark, as spreadsheets write it.
    Marked,
    Utf16,
    Compressed,
    Binary,
}

impl Beginning {
    fn of(reader: &mut impl BufRead) -> std::io::Result<Self> {
        let bytes = reader.fill_buf()?;
        Ok(if bytes.starts_with(b"\xef\xbb\xbf") {
            Self::Marked
        } else if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            Self::Utf16
        } else if bytes.starts_with(b"\x1f\x8b") || bytes.starts_with(b"PK\x03\x04") {
            Self::Compressed
        } else if bytes.iter().take(1024).any(|byte| *byte == 0) {
            Self::Binary
        } else {
            Self::Plain
        })
    }

    fn refuse(self, name: &str) -> Result<(), BatchError> {
        let (why, remedy) = match self {
            Self::Plain | Self::Marked => return Ok(()),
            Self::Utf16 => ("is UTF-16", AS_UTF_8),
            Self::Compressed => (
                "is compressed",
                "unpack it; only an archive of JSON files is read as it is, under a name that ends with \
                 .tar.gz",
            ),
            Self::Binary => ("is no text", AS_UTF_8),
        };
        Err(unusable(name, why, remedy))
    }

    fn skipped(self) -> usize {
        if self == Self::Marked { 3 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_name_tells_what_is_in_a_file() {
        assert_eq!(Kind::of("A.CSV"), Kind::Table(table::Dialect::CSV));
        assert_eq!(Kind::of("a.tsv"), Kind::Table(table::Dialect::TSV));
        assert_eq!(Kind::of("a.ndjson"), Kind::JsonLines);
        assert_eq!(Kind::of("input1.json"), Kind::Json);
        assert_eq!(Kind::of("inputs.tar.gz"), Kind::Archive);
        assert_eq!(Kind::of("texts"), Kind::Text);
    }
}
