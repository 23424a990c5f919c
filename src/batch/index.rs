//! The index of a shard: where each of its requests comes from, and what was left out between them.
//!
//! A text file of few bytes a text, beside the requests, so that answers can be joined anywhere and long
//! after the input is gone. Its lines are
//!
//! ```text
//! F "titles.csv"           what follows is from this file
//! 12                       the next request is from line 12
//! 13 "id-7"                and this one has an id
//! W 14 "blank"             line 14 was left out
//! ```

use std::io::{self, BufRead, Write};

use serde_json::Value;

/// A line of an index.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    /// What follows is from this file.
    File(String),
    /// A request, with its line and id.
    Request(u64, Value),
    /// A line that was left out, and why.
    Wrong(u64, String),
}

impl Entry {
    /// Writes the entry.
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::File(name) => writeln!(to, "F {}", Value::from(name.as_str())),
            Self::Request(line, Value::Null) => writeln!(to, "{line}"),
            Self::Request(line, id) => writeln!(to, "{line} {id}"),
            Self::Wrong(line, why) => writeln!(to, "W {line} {}", Value::from(why.as_str())),
        }
    }

    /// Reads an entry; `None` when the line is none.
    fn parse(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix("F ") {
            return serde_json::from_str(name).ok().map(Self::File);
        }
        let (wrong, rest) = match text.strip_prefix("W ") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (line, value) = match rest.split_once(' ') {
            Some((line, value)) => (line, serde_json::from_str(value).ok()?),
            None => (rest, Value::Null),
        };
        let line = line.parse().ok()?;
        match (wrong, value) {
            (true, Value::String(why)) => Some(Self::Wrong(line, why)),
            (true, _) => None,
            (false, id) => Some(Self::Request(line, id)),
        }
    }
}

/// The entries of an index, one after the other.
pub(super) struct Entries<R> {
    reader: R,
    line: String,
}

impl<R: BufRead> Entries<R> {
    pub(super) fn of(reader: R) -> Self {
        Self {
            reader,
            line: String::new(),
        }
    }

    /// The next entry; `None` at the end. A line that is none is invalid data.
    pub(super) fn next(&mut self) -> io::Result<Option<Entry>> {
        self.line.clear();
        if self.reader.read_line(&mut self.line)? == 0 {
            return Ok(None);
        }
        let entry = Entry::parse(self.line.trim_end_matches('\n'));
        let no_entry = || io::Error::new(io::ErrorKind::InvalidData, "a line of it is no entry");
        entry.map(Some).ok_or_else(no_entry)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let entries = [
            Entry::File("a \"b\"\n.csv".into()),
            Entry::Request(12, Value::Null),
            Entry::Request(13, json!("two words")),
            Entry::Request(14, json!(7)),
            Entry::Wrong(15, "not UTF-8 at byte 3".into()),
        ];
        let mut bytes = Vec::new();
        for entry in &entries {
            entry.write(&mut bytes).unwrap();
        }
        let mut read = Entries::of(bytes.as_slice());
        for entry in entries {
            assert_eq!(read.next().unwrap(), Some(entry));
        }
        assert_eq!(read.next().unwrap(), None);
        assert!(Entries::of("W 3\n".as_bytes()).next().is_err());
        assert!(Entries::of("x\n".as_bytes()).next().is_err());
    }
}
