//! Reading whole stack files: every rule, trap and place.

mod brought;
mod defaults;
mod environments;
mod files;
mod mistakes;
mod promotions;
mod resolved;

use std::fs;

use super::super::problem::Place;
use super::*;

pub(in crate::stack) use mistakes::corpus;

const GOOD: &str = r#"stack: news
data: { file: rows.csv }
training:
  code: code
  entry_point: train.py
  image: { pytorch: "2.8.0", transformers: "4.56.2" }
  instance: ml.g4dn.xlarge
  hyperparameters: { epochs: 2, rate: 5e-5, fast: true, name: "x y" }
  metrics: { loss: 'loss=([0-9.]+)' }
endpoint:
  image: { pytorch: "2.6.0", transformers: "5.5.3" }
  instance: ml.m5.large
function: { code: code, handler: app.handler }
tags: { team: a }
environments:
  local: { target: local, local: { python: { interpreter: code/train.py } } }
  prod:
    target: { account: "111122223333", region: eu-west-1 }
    protected: true
"#;

/// A folder with the files that the good stack names.
fn project(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("code")).unwrap();
    for file in ["rows.csv", "code/train.py", "code/app.py"] {
        fs::write(folder.path().join(file), "x").unwrap();
    }
    let file = folder.path().join("stack.yaml");
    fs::write(&file, text).unwrap();
    (folder, file)
}

fn load(text: &str, environment: &str) -> Result<Stack, Problems> {
    let (_folder, file) = project(text);
    StackFile::read(&file)?.environment(environment)
}

/// The good stack with one change.
fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

/// Loads `prod` of a changed stack, which must fail.
fn problems(from: &str, to: &str) -> Problems {
    let text = changed(from, to);
    load(&text, "prod").map_or_else(|problems| problems, |_| panic!("accepted: {to}"))
}

fn underlined<'a>(problems: &'a Problems, problem: &Problem) -> &'a str {
    let Place { bytes, .. } = problem.place.clone().unwrap();
    &problems.source().text[bytes]
}

/// A text as the data that a validator of schemas is given.
pub(in crate::stack) fn value(text: &str) -> serde_json::Value {
    yaml::read(text, Tags::Refused).unwrap().to_json()
}
