//! The section `data`: where the data set is, and what it is like.

use std::collections::BTreeSet;

use super::super::check::{Check, Field};
use super::super::document::{self, Separator};
use super::super::problem::Problem;
use super::super::resolved::{Data, DataSource, Format, S3Location};
use super::super::suggest;
use crate::stack::codes;

/// The longest key of an object.
const MAX_KEY: usize = 1_024;
/// The most classes.
const MAX_CLASSES: usize = 1_000;

/// Resolves the section.
pub(super) fn resolve(check: &mut Check<'_>, data: &document::Data) -> Option<Data> {
    let format = data
        .format
        .as_ref()
        .map(|format| self::format(check, format));
    let source = match (&data.file, &data.folder, &data.s3) {
        (Some(file), None, None) => self::file(check, file),
        (None, Some(folder), None) => {
            let folder = check.folder(&["data", "folder"], folder);
            folder.map(DataSource::Folder)
        }
        (None, None, Some(uri)) => location(check, uri).map(DataSource::S3),
        (None, None, None) => {
            let problem = Problem::new(&codes::DATA_SOURCE, "`data` names no data")
                .help("add one of `file: PATH`, `folder: PATH` and `s3: s3://BUCKET/PREFIX`");
            check.fail(&["data"], problem);
            None
        }
        _ => {
            let problem = Problem::new(&codes::DATA_SOURCE, "`data` names more than one source")
                .because("an environment lies over the stack: what the stack names stays")
                .help("keep one of `file`, `folder` and `s3`; an environment removes the stack's with `file: null`");
            check.fail(&["data"], problem);
            None
        }
    };
    Some(Data {
        source: source?,
        format: match format {
            None => None,
            Some(format) => Some(format?),
        },
    })
}

/// Requires a file whose name can be part of an object key.
fn file(check: &mut Check<'_>, text: &str) -> Option<DataSource> {
    let field = &["data", "file"];
    let file = check.file(field, text)?;
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    check.require(!name.is_empty() && name.chars().all(safe), field, || {
        Problem::new(
            &codes::INVALID_NAME,
            format!("the file name of `{text}` cannot be part of an object key"),
        )
        .help("rename the file to letters, digits, `.`, `_` and `-`")
    });
    Some(DataSource::File(file))
}

/// Reads `s3://bucket/prefix`.
fn location(check: &mut Check<'_>, text: &str) -> Option<S3Location> {
    let field = &["data", "s3"];
    let parts = text
        .strip_prefix("s3://")
        .and_then(|rest| rest.split_once('/'));
    let Some((bucket, prefix)) = parts.filter(|(_, prefix)| !prefix.is_empty()) else {
        let problem = Problem::new(&codes::INVALID_VALUE, format!("`{text}` is no place in S3"))
            .because("training may read what is named here and nothing else")
            .help("write `s3://BUCKET/PREFIX`, such as `s3://news-archive/2014/`");
        check.fail(field, problem);
        return None;
    };
    self::bucket(check, field, bucket);
    // The prefix becomes part of a role's policy, where `*`, `?` and `$` mean more than themselves.
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.=+@,:!()".contains(c);
    check.require(
        prefix.len() <= MAX_KEY && prefix.chars().all(plain),
        field,
        || {
            Problem::new(
                &codes::INVALID_VALUE,
                format!("`{prefix}` cannot be used as a prefix"),
            )
            .because("it becomes part of the training role's policy")
            .help("use letters, digits and `/ - _ . = + @ , : ! ( )`, at most 1024")
        },
    );
    Some(S3Location {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
    })
}

/// Requires the name of a bucket ("General purpose bucket naming rules" of the S3 user guide).
pub(super) fn bucket(check: &mut Check<'_>, field: Field<'_>, name: &str) {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let good = (3..=63).contains(&name.len())
        && name.chars().all(|c| letter(c) || matches!(c, '.' | '-'))
        && name.starts_with(letter)
        && name.ends_with(letter);
    check.require(good, field, || {
        Problem::new(
            &codes::INVALID_VALUE,
            format!("`{name}` is no name of a bucket"),
        )
        .help("buckets have 3 to 63 lower-case letters, digits, `.` and `-`")
    });
}

fn format(check: &mut Check<'_>, format: &document::Format) -> Option<Format> {
    let mut seen = BTreeSet::new();
    for (index, name) in format.columns.iter().enumerate() {
        let index = index.to_string();
        let field = &["data", "format", "columns", &index];
        check.require(!name.trim().is_empty(), field, || {
            Problem::new(&codes::INVALID_NAME, "a column has no name").help("name it")
        });
        check.require(seen.insert(name), field, || {
            Problem::new(
                &codes::DUPLICATE_ENTRY,
                format!("the column `{name}` is here a second time"),
            )
            .help("rename one")
        });
    }
    let (classes, labels) = classes(check, format);
    let text = column(check, &["data", "format", "text"], format, &format.text);
    let label = column(check, &["data", "format", "label"], format, &format.label);
    let mut required = Vec::new();
    for (index, name) in format.required.iter().flatten().enumerate() {
        let index = index.to_string();
        let field = &["data", "format", "required", &index];
        required.extend(column(check, field, format, name));
    }
    let further = |check: &mut Check<'_>, field: &str, name: Option<&String>| {
        column(check, &["data", "format", field], format, name?)
    };
    let group = further(check, "group", format.group.as_ref());
    let time = further(check, "time", format.time.as_ref());
    let (text, label) = (text?, label?);
    check.require(text != label, &["data", "format", "label"], || {
        Problem::new(
            &codes::CONTRADICTION,
            "`text` and `label` are the same column",
        )
        .help("name the column that has the class")
    });
    Some(Format {
        separator: match format.separator.unwrap_or(Separator::Tab) {
            Separator::Tab => b'\t',
            Separator::Comma => b',',
            Separator::Semicolon => b';',
            Separator::Pipe => b'|',
        },
        quoted: format.quoted.unwrap_or(false),
        header: format.header.unwrap_or(false),
        columns: format.columns.clone(),
        text,
        label,
        classes,
        labels,
        group,
        time,
        required,
        max_unusable: format.max_unusable.unwrap_or(0.01),
    })
}

/// The classes as they stand in the data, and the label of each.
fn classes(check: &mut Check<'_>, format: &document::Format) -> (Vec<String>, Vec<String>) {
    const FIELD: [&str; 3] = ["data", "format", "classes"];
    let mut classes = Classes::default();
    match &format.classes {
        document::Classes::Plain(list) => {
            for (index, class) in list.iter().enumerate() {
                let index = index.to_string();
                let field = &[FIELD[0], FIELD[1], FIELD[2], &index];
                check.unchanged(field, class);
                let class = class.to_text();
                classes.add(check, field, &class, &class);
            }
        }
        document::Classes::Labelled(map) => {
            for (class, label) in map {
                let field = &[FIELD[0], FIELD[1], FIELD[2], class.as_str()];
                check.unchanged(field, label);
                classes.add(check, field, class, &label.to_text());
            }
            check.require((2..=MAX_CLASSES).contains(&map.len()), &FIELD, || {
                Problem::new(
                    &codes::INVALID_VALUE,
                    format!("a model tells 2 to {MAX_CLASSES} classes apart"),
                )
            });
        }
    }
    (classes.names, classes.labels)
}

/// Classes that were read so far.
#[derive(Default)]
struct Classes {
    names: Vec<String>,
    labels: Vec<String>,
}

impl Classes {
    fn add(&mut self, check: &mut Check<'_>, field: Field<'_>, class: &str, label: &str) {
        check.require(!class.is_empty() && !label.is_empty(), field, || {
            Problem::new(&codes::INVALID_NAME, "a class has no name")
                .help("write it as it stands in the data")
        });
        let known = self.names.iter().any(|name| name == class);
        let taken = self.labels.iter().any(|name| name == label);
        check.require(!known && !taken, field, || {
            Problem::new(
                &codes::DUPLICATE_ENTRY,
                format!("the class `{label}` is here a second time"),
            )
            .help("keep one")
        });
        self.names.push(class.to_owned());
        self.labels.push(label.to_owned());
    }
}

/// The index of a column that is named.
fn column(
    check: &mut Check<'_>,
    field: Field<'_>,
    format: &document::Format,
    name: &str,
) -> Option<usize> {
    let index = format.columns.iter().position(|column| column == name);
    if index.is_none() {
        let known: Vec<&str> = format.columns.iter().map(String::as_str).collect();
        let problem = Problem::new(
            &codes::UNKNOWN_COLUMN,
            format!("there is no column `{name}`"),
        );
        check.fail(field, problem.help(suggest::remedy(name, &known)));
    }
    index
}
