//! The examples of the codes are read: the wrong piece raises its own code, the mended one nothing.

use std::collections::BTreeSet;
use std::fs;

use super::*;
use crate::stack::StackFile;

/// A stack that is good, one field a line where an example may change it.
const GOOD: &str = r#"stack: news
data:
  file: rows.csv
training:
  code: code
  entry_point: train.py
  image: { pytorch: "2.8.0", transformers: "4.56.2" }
  instance: ml.g4dn.xlarge
endpoint:
  image: { pytorch: "2.6.0", transformers: "5.5.3" }
  instance: ml.m5.large
function:
  code: code
  handler: app.handler
environments:
  prod:
    target: { account: "111122223333", region: eu-west-1 }
"#;

/// Codes whose example cannot but raise another one, too: the same place is wrong in two ways.
const ALSO: &[(&str, &str)] = &[
    ("empty-value", "wrong-type"),
    ("no-environment", "unknown-environment"),
];

/// The sections of a text: each top-level key with its lines.
fn sections(text: &str) -> Vec<(String, Vec<String>)> {
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines() {
        let is_inner = line.starts_with([' ', '\t']);
        match sections.last_mut() {
            Some((_, lines)) if is_inner => lines.push(line.to_owned()),
            _ => {
                let key = line.split(':').next().unwrap_or_default();
                sections.push((key.to_owned(), vec![line.to_owned()]));
            }
        }
    }
    sections
}

/// The key of a line two columns in, the depth of a section's fields.
fn field(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("  ")?;
    (!rest.starts_with(' ')).then(|| rest.split(':').next().unwrap_or_default())
}

/// The good stack with a piece laid over it: the piece's fields take the place of the same fields.
fn over_good(piece: &str) -> String {
    let mut all = sections(GOOD);
    for (key, lines) in sections(piece) {
        let place = all.iter_mut().find(|(known, _)| *known == key);
        match place {
            Some((_, kept)) if lines.len() > 1 => {
                let given: BTreeSet<&str> = lines.iter().filter_map(|line| field(line)).collect();
                let mut replaced = false;
                kept.retain(|line| {
                    replaced = field(line).map_or(replaced, |name| given.contains(name));
                    !replaced
                });
                kept.extend(lines.into_iter().skip(1));
            }
            Some((_, kept)) => *kept = lines,
            None => all.push((key, lines)),
        }
    }
    let lines: Vec<String> = all.into_iter().flat_map(|(_, lines)| lines).collect();
    lines.join("\n") + "\n"
}

/// The codes that a stack file raises.
fn raised(text: &str) -> Vec<&'static str> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("code")).unwrap();
    for file in ["rows.csv", "code/train.py", "code/app.py"] {
        fs::write(folder.path().join(file), "x").unwrap();
    }
    let path = folder.path().join("stack.yaml");
    fs::write(&path, text).unwrap();
    match StackFile::read(&path).and_then(|file| file.environment("prod")) {
        Ok(_) => Vec::new(),
        Err(problems) => {
            let list = problems.list().iter();
            list.map(|problem| problem.code.name).collect()
        }
    }
}

#[test]
fn every_wrong_piece_raises_its_own_code_and_every_mended_one_nothing() {
    assert_eq!(raised(GOOD), [""; 0]);
    let mut wrong = Vec::new();
    for code in all() {
        let Some(example) = code.example else {
            assert_eq!(code.name, UNREADABLE_STACK_FILE.name);
            continue;
        };
        let (before, after) = (
            raised(&over_good(example.before)),
            raised(&over_good(example.after)),
        );
        let fits = |name: &&str| **name == *code.name || ALSO.contains(&(code.name, *name));
        if !before.contains(&code.name) || !before.iter().all(fits) {
            wrong.push(format!("{}: before raises {before:?}", code.name));
        }
        if !after.is_empty() {
            wrong.push(format!("{}: after raises {after:?}", code.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_file_that_is_not_there_is_unreadable() {
    let problems = StackFile::read(std::path::Path::new("no/stack.yaml")).unwrap_err();
    assert_eq!(problems.list()[0].code, &UNREADABLE_STACK_FILE);
}
