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
    // "General purpose bucket naming rules" of the S3 user guide.
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let good = (3..=63).contains(&bucket.len())
        && bucket.chars().all(|c| letter(c) || matches!(c, '.' | '-'))
        && bucket.starts_with(letter)
        && bucket.ends_with(letter);
    check.require(good, field, || {
        Problem::new(
            &codes::INVALID_VALUE,
            format!("`{bucket}` is no name of a bucket"),
        )
        .help("buckets have 3 to 63 lower-case letters, digits, `.` and `-`")
    });
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
    let classes = classes(check, format);
    let text = column(check, &["data", "format", "text"], format, &format.text);
    let label = column(check, &["data", "format", "label"], format, &format.label);
    let mut required = Vec::new();
    for (index, name) in format.required.iter().flatten().enumerate() {
        let index = index.to_string();
        let field = &["data", "format", "required", &index];
        required.extend(column(check, field, format, name));
    }
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
        required,
        max_unusable: format.max_unusable.unwrap_or(0.01),
    })
}

fn classes(check: &mut Check<'_>, format: &document::Format) -> Vec<String> {
    let mut classes = Vec::new();
    for (index, class) in format.classes.iter().enumerate() {
        let index = index.to_string();
        let field = &["data", "format", "classes", &index];
        check.unchanged(field, class);
        let class = class.to_text();
        check.require(!class.is_empty(), field, || {
            Problem::new(&codes::INVALID_NAME, "a class has no name")
                .help("write it as it stands in the data")
        });
        check.require(!classes.contains(&class), field, || {
            Problem::new(
                &codes::DUPLICATE_ENTRY,
                format!("the class `{class}` is here a second time"),
            )
            .help("keep one")
        });
        classes.push(class);
    }
    classes
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
