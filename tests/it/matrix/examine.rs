//! Puts rendered stacks before other people's tools, and reads what they find.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use deploy::cloud::training::TrainingRequest;
use deploy::render::substitute;
use deploy::stack::DataSource;
use serde_json::{Value, json};

use super::stacks::Case;

/// A file with a template, in the region that it is for.
pub(super) struct Template {
    path: PathBuf,
    region: String,
}

/// What a check says about a type of resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    check: String,
    resource: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.check, self.resource)
    }
}

/// Writes every template of the stacks into a folder, those that are the same once.
pub(super) fn write_templates(stacks: &[Case], folder: &Path) -> Vec<Template> {
    let mut different = BTreeMap::new();
    for case in stacks {
        let rendered = &case.rendered;
        for (kind, template) in [
            ("foundation", &rendered.foundation),
            ("service", &rendered.service),
        ] {
            let region = case.stack.region.as_str();
            // The header tells stacks apart; nothing else that is not in the value does.
            different
                .entry((region, kind, template.digest()))
                .or_insert((&case.name, template.text()));
        }
    }
    let mut templates = Vec::new();
    for (number, ((region, kind, _), (name, text))) in different.into_iter().enumerate() {
        let path = folder.join(format!("{kind}-{number}.yaml"));
        fs::write(&path, format!("# {name}\n{text}")).unwrap();
        templates.push(Template {
            path,
            region: region.to_owned(),
        });
    }
    templates
}

/// Runs cfn-lint, one process for each region at the same time, and returns what it finds.
pub(super) fn cfn_lint(program: &Path, templates: &[Template]) -> Vec<String> {
    let mut regions: BTreeMap<&str, Vec<&PathBuf>> = BTreeMap::new();
    for template in templates {
        regions
            .entry(&template.region)
            .or_default()
            .push(&template.path);
    }
    let running: Vec<_> = regions
        .into_iter()
        .map(|(region, paths)| {
            let mut command = Command::new(program);
            command
                .args(["--format", "json", "--regions", region, "--template"])
                .args(paths)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let mut found = Vec::new();
    for process in running {
        let output = process.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let list: Vec<Value> = serde_json::from_str(&said).unwrap_or_else(|error| {
            panic!(
                "{error}: {said}\n{}",
                String::from_utf8_lossy(&output.stderr)
            )
        });
        assert_eq!(output.status.success(), list.is_empty());
        found.extend(list.iter().map(|finding| {
            let file = PathBuf::from(finding["Filename"].as_str().unwrap());
            let stack = fs::read_to_string(&file).unwrap();
            let line = finding["Location"]["Start"]["LineNumber"].as_u64().unwrap();
            format!(
                "{} {}\n  {}\n  {}",
                finding["Rule"]["Id"],
                finding["Message"],
                stack
                    .lines()
                    .nth(usize::try_from(line).unwrap() - 1)
                    .unwrap_or_default(),
                stack.lines().next().unwrap_or_default(),
            )
        }));
    }
    found
}

/// Runs checkov on a folder of so many templates, and returns what it finds with the places.
pub(super) fn checkov(program: &Path, folder: &Path, templates: usize) -> Vec<(Finding, String)> {
    let output = Command::new(program)
        .args([
            "--framework",
            "cloudformation",
            "--skip-download",
            "--compact",
            "--quiet",
        ])
        .args(["--output", "json", "--directory"])
        .arg(folder)
        .env("LOG_LEVEL", "ERROR")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(&said).unwrap_or_else(|error| {
        panic!(
            "{error}: {said}\n{}",
            String::from_utf8_lossy(&output.stderr)
        )
    });
    let summary = &report["summary"];
    assert_eq!(summary["parsing_errors"], 0, "{summary}");
    assert_eq!(summary["skipped"], 0, "{summary}");
    assert!(
        summary["resource_count"].as_u64().unwrap() >= templates as u64,
        "{summary}"
    );
    let failed = report["results"]["failed_checks"].as_array().unwrap();
    failed
        .iter()
        .map(|record| {
            let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
            let (resource, id) = record["resource"]
                .as_str()
                .unwrap()
                .rsplit_once('.')
                .unwrap();
            let finding = Finding {
                check: text("check_id"),
                resource: resource.to_owned(),
            };
            (
                finding,
                format!("{} {id}: {}", text("file_path"), text("check_name")),
            )
        })
        .collect()
}

/// Reads the findings that are accepted, with the reasons.
pub(super) fn accepted(file: &Path) -> BTreeMap<Finding, String> {
    let list: Vec<Value> = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let count = list.len();
    let accepted: BTreeMap<Finding, String> = list
        .iter()
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap().to_owned();
            let finding = Finding {
                check: text("check"),
                resource: text("resource"),
            };
            (finding, text("reason"))
        })
        .collect();
    assert_eq!(accepted.len(), count, "something is listed twice");
    assert!(
        accepted.values().all(|reason| reason.len() > 20),
        "a reason is missing"
    );
    accepted
}

/// Writes all requests with sample values for what is known at run time, and returns their number.
pub(super) fn write_requests(stacks: &[Case], file: &Path) -> usize {
    let mut requests = Vec::new();
    for case in stacks {
        let mut training = BTreeMap::from([
            ("TrainingJobName", "matrix-prod-0123456789abcdef".to_owned()),
            (
                "TrainingRoleArn",
                "arn:aws:iam::111122223333:role/training".to_owned(),
            ),
            (
                "BucketName",
                "matrix-prod-111122223333-eu-west-1".to_owned(),
            ),
            ("CodePrefix", format!("code/{}/", "0".repeat(64))),
            ("TrainingKey", "0".repeat(64)),
        ]);
        let source = case.stack.data().map(|data| &data.source);
        if !matches!(source, Some(DataSource::S3(_))) {
            training.insert("DataPrefix", format!("data/{}/", "0".repeat(64)));
        }
        if let Some(document) = &case.rendered.training_job {
            let request = substitute(document.value(), &training).unwrap();
            // What the program sends is all of it: it knows every field.
            let known: TrainingRequest = serde_json::from_value(request.clone())
                .unwrap_or_else(|error| panic!("{}: {error}", case.name));
            let sent = without_nothing(serde_json::to_value(known).unwrap());
            assert_eq!(sent, without_nothing(request.clone()), "{}", case.name);
            requests.push(
                json!({ "stack": case.name, "operation": "CreateTrainingJob", "request": request }),
            );
        }
        if let Some(document) = &case.rendered.transform_job {
            let transform = BTreeMap::from([
                ("TransformJobName", "matrix-prod-batch-1".to_owned()),
                ("ModelName", "Model-AbCdEf123456".to_owned()),
                (
                    "BucketName",
                    "matrix-prod-111122223333-eu-west-1".to_owned(),
                ),
            ]);
            let request = substitute(document.value(), &transform).unwrap();
            requests.push(json!({ "stack": case.name, "operation": "CreateTransformJob", "request": request }));
        }
    }
    fs::write(file, serde_json::to_string(&requests).unwrap()).unwrap();
    requests.len()
}

/// Leaves out what is null, false or empty, which says the same as nothing.
fn without_nothing(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .map(|(name, value)| (name, without_nothing(value)))
            .filter(|(_, value)| {
                !matches!(value, Value::Null | Value::Bool(false))
                    && value.as_object().is_none_or(|map| !map.is_empty())
                    && value.as_array().is_none_or(|list| !list.is_empty())
            })
            .collect(),
        Value::Array(list) => list.into_iter().map(without_nothing).collect(),
        other => other,
    }
}
