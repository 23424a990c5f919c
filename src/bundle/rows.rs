//! Takes a file apart into rows and cells, in flat memory.

use std::borrow::Cow;
use std::io::{self, BufRead};

/// The longest row. One that is longer begins, most likely, with a quotation mark that never ends.
const MAX_ROW: usize = 4 * 1024 * 1024;

/// The rows of a file, each as it stands, without the end of its line.
pub(crate) struct Rows<R> {
    reader: R,
    quoted: bool,
    row: Vec<u8>,
    /// The line in which the next row begins, from 1.
    line: u64,
}

/// Why there are no more rows.
#[derive(Debug)]
pub(crate) enum RowError {
    /// The file cannot be read.
    Unreadable(io::Error),
    /// The row that begins in this line has no end.
    Endless(u64),
}

impl<R: BufRead> Rows<R> {
    /// Reads rows; a `quoted` one goes on in the next line while a quotation mark is open.
    pub(crate) fn of(reader: R, quoted: bool) -> Self {
        Self {
            reader,
            quoted,
            row: Vec::new(),
            line: 1,
        }
    }

    /// The next row with the line in which it begins; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, &[u8])>, RowError> {
        self.row.clear();
        let first = self.line;
        let mut open = false;
        loop {
            let before = self.row.len();
            let room = (MAX_ROW - before + 1) as u64;
            let mut limited = io::Read::take(&mut self.reader, room);
            let read = limited.read_until(b'\n', &mut self.row);
            let read = read.map_err(RowError::Unreadable)?;
            if self.row.len() > MAX_ROW {
                return Err(RowError::Endless(first));
            }
            open ^= self.quoted && has_odd_quotes(&self.row[before..]);
            if read == 0 {
                break if open {
                    Err(RowError::Endless(first))
                } else if self.row.is_empty() {
                    Ok(None)
                } else {
                    Ok(Some((first, ended(&self.row))))
                };
            }
            self.line += 1;
            if !open {
                break Ok(Some((first, ended(&self.row))));
            }
        }
    }
}

fn has_odd_quotes(bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |odd, byte| odd ^ (*byte == b'"'))
}

fn ended(row: &[u8]) -> &[u8] {
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    row.strip_suffix(b"\r").unwrap_or(row)
}

/// The cells of a row. Quotation marks around a `quoted` cell are taken off, and two in it are one.
pub(crate) fn cells(row: &str, separator: u8, quoted: bool) -> Vec<Cow<'_, str>> {
    let separator = char::from(separator);
    if !quoted || !row.contains('"') {
        return row.split(separator).map(Cow::Borrowed).collect();
    }
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut inside = false;
    let mut letters = row.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if inside && letters.peek() == Some(&'"') => {
                cell.push('"');
                letters.next();
            }
            '"' => inside = !inside,
            _ if letter == separator && !inside => {
                cells.push(Cow::Owned(std::mem::take(&mut cell)));
            }
            _ => cell.push(letter),
        }
    }
    cells.push(Cow::Owned(cell));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, quoted: bool) -> Vec<(u64, String)> {
        let mut rows = Rows::of(text.as_bytes(), quoted);
        let mut all = Vec::new();
        while let Some((line, row)) = rows.next().unwrap() {
            all.push((line, String::from_utf8(row.to_vec()).unwrap()));
        }
        all
    }

    #[test]
    fn rows_have_their_lines_whatever_ends_them() {
        let expected = [(1, "a".into()), (2, String::new()), (3, "b\"".into())];
        assert_eq!(rows("a\n\r\nb\"", false), expected);
        let expected = [(1, "a,\"x\ny\"".into()), (3, "b".into())];
        assert_eq!(rows("a,\"x\ny\"\r\nb\n", true), expected);
        assert!(rows("", true).is_empty());
    }

    #[test]
    fn an_open_quotation_mark_is_told_by_its_line() {
        let mut rows = Rows::of("a\nb,\"c\nd\n".as_bytes(), true);
        rows.next().unwrap();
        assert!(matches!(rows.next(), Err(RowError::Endless(2))));
        let long = format!("a\n{}", "x".repeat(MAX_ROW + 1));
        let mut rows = Rows::of(long.as_bytes(), false);
        rows.next().unwrap();
        assert!(matches!(rows.next(), Err(RowError::Endless(2))));
    }

    #[test]
    fn cells_are_those_of_rfc_4180() {
        let row = r#"1,"a, ""b""",,c"#;
        assert_eq!(cells(row, b',', true), ["1", "a, \"b\"", "", "c"]);
        assert_eq!(cells("1\t\"a\tb", b'\t', false), ["1", "\"a", "b"]);
    }
}
