//! Texts whose labels are known, to hold a model's answers against.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::super::rows::{RowError, Rows};
use super::super::{BundleError, unreadable};
use super::{WrongData, begins_wrong, usable};
use crate::stack::Format;

/// A text whose label is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The text.
    pub text: String,
    /// Its label, as it stands in the file.
    pub label: String,
}

/// Reads up to `most` texts with their labels from the beginning of a file. Every row has to be usable: a
/// figure over a part of the rows would say something else than it seems to.
///
/// # Errors
/// The file cannot be read, is not of the format, or has no row.
pub fn labelled(path: &Path, format: &Format, most: usize) -> Result<Vec<Labelled>, BundleError> {
    let wrong = |reason: String| {
        BundleError::WrongData(Box::new(WrongData::new(path, vec![reason], Vec::new())))
    };
    let file = File::open(path).map_err(unreadable(path))?;
    let mut rows = Rows::of(BufReader::new(file), format.quoted);
    let mut first = true;
    let mut texts = Vec::new();
    while texts.len() < most {
        let (line, row) = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(RowError::Unreadable(error)) => return Err(unreadable(path)(error)),
            Err(RowError::Endless(line)) => {
                return Err(wrong(format!(
                    "the row that begins in line {line} has no end"
                )));
            }
        };
        if std::mem::take(&mut first) {
            if let Some(reason) = begins_wrong(format, row) {
                return Err(wrong(format!("it {reason}")));
            }
            if format.header {
                continue;
            }
        }
        let row = read(format, row).map_err(|why| wrong(format!("line {line}: {why}")))?;
        texts.push(row);
    }
    if texts.is_empty() {
        return Err(wrong("it has no rows".to_owned()));
    }
    Ok(texts)
}

fn read(format: &Format, row: &[u8]) -> Result<Labelled, String> {
    let cells = usable(format, row)?;
    let label = cells[format.label].to_string();
    if !format.classes.contains(&label) {
        return Err(format!(
            "`{label}` is none of the classes {}",
            format.classes.join(", ")
        ));
    }
    Ok(Labelled {
        text: cells[format.text].trim().to_owned(),
        label,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str, most: usize) -> Result<Vec<Labelled>, String> {
        let format = Format {
            separator: b',',
            quoted: true,
            header: true,
            columns: vec!["label".into(), "title".into()],
            text: 1,
            label: 0,
            classes: vec!["b".into(), "m".into()],
            labels: Vec::new(),
            group: None,
            time: None,
            required: Vec::new(),
            max_unusable: 1.0,
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("holdout.csv");
        std::fs::write(&path, content).unwrap();
        labelled(&path, &format, most).map_err(|error| error.to_string())
    }

    #[test]
    fn texts_come_with_their_labels_as_many_as_are_asked() {
        let file = "label,title\nb,\"one, two\"\nm, three \nb,four\n";
        let texts = read(file, 2).unwrap();
        let pairs: Vec<_> = texts
            .iter()
            .map(|one| (one.label.as_str(), one.text.as_str()))
            .collect();
        assert_eq!(pairs, [("b", "one, two"), ("m", "three")]);
        assert_eq!(read(file, 9).unwrap().len(), 3);
    }

    #[test]
    fn a_row_that_cannot_be_used_is_told_by_its_line() {
        for (content, why) in [
            (
                "label,title\nb,one\nx,two\n",
                "line 3: `x` is none of the classes b, m",
            ),
            ("label,title\nb\n", "line 2: 1 columns instead of 2"),
            ("label,title\nb, \n", "line 2: `title` is empty"),
            ("label,title\nb,\"one\n", "line 2 has no end"),
            ("b,one\n", "does not begin with the names of its columns"),
            ("label,title\n", "it has no rows"),
            ("", "it has no rows"),
        ] {
            let error = read(content, 9).unwrap_err();
            assert!(error.contains(why), "{content:?}: {error}");
        }
    }
}
