//! A few texts of the data set, for what only needs something real to say.

use std::fs::File;
use std::io::{self, BufReader};

use super::super::rows::{RowError, Rows, cells};
use crate::stack::{Data, DataSource};

/// Gives up to `most` texts from the beginning of a data set that is one file of this machine with a known
/// format; of any other, none. Rows that cannot be used are passed over.
///
/// # Errors
/// The file cannot be read.
pub fn texts(data: &Data, most: usize) -> io::Result<Vec<String>> {
    let (DataSource::File(path), Some(format)) = (&data.source, &data.format) else {
        return Ok(Vec::new());
    };
    let mut rows = Rows::of(BufReader::new(File::open(path)?), format.quoted);
    let mut texts = Vec::new();
    let mut header = format.header;
    while texts.len() < most {
        let row = match rows.next() {
            Ok(Some((_, row))) => row,
            // A row without an end is the last one.
            Ok(None) | Err(RowError::Endless(_)) => break,
            Err(RowError::Unreadable(error)) => return Err(error),
        };
        if std::mem::take(&mut header) {
            continue;
        }
        let Ok(row) = std::str::from_utf8(row) else {
            continue;
        };
        let cells = cells(row, format.separator, format.quoted);
        if let Some(text) = cells.get(format.text).map(|text| text.trim())
            && cells.len() == format.columns.len()
            && !text.is_empty()
        {
            texts.push(text.to_owned());
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::Format;

    #[test]
    fn the_texts_of_usable_rows_are_given_from_the_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.csv");
        std::fs::write(&path, "id,title\n1,\"one, two\"\n2,\n3\n4,four\n5,five\n").unwrap();
        let format = Format {
            separator: b',',
            quoted: true,
            header: true,
            columns: vec!["id".into(), "title".into()],
            text: 1,
            label: 0,
            classes: Vec::new(),
            labels: Vec::new(),
            group: None,
            time: None,
            required: Vec::new(),
            max_unusable: 0.0,
        };
        let mut data = Data {
            source: DataSource::File(path),
            format: Some(format),
        };
        assert_eq!(texts(&data, 2).unwrap(), ["one, two", "four"]);
        assert_eq!(texts(&data, 9).unwrap().len(), 3);
        data.format = None;
        assert!(texts(&data, 9).unwrap().is_empty());
    }
}
