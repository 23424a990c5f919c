//! Findings as SARIF 2.1.0, the format of code scanning.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Report;
use crate::policy::finding::{Finding, Policy};
use crate::policy::registry;

/// The name that places are relative to: the root of the repository.
const ROOT: &str = "%SRCROOT%";

/// Writes a report as a SARIF log with one run.
pub fn sarif(report: &Report<'_>) -> Value {
    let rules: Vec<Value> = registry::all().map(rule).collect();
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| result(report, finding))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "deploy",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            // One category a stack, so that the reports of two stacks do not replace each other.
            "automationDetails": { "id": format!("deploy-check/{}/", report.stack) },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {
                ROOT: { "description": { "text": "The root of the repository" } },
            },
            "results": results,
        }],
    })
}

fn rule(policy: &Policy) -> Value {
    json!({
        "id": policy.id,
        "shortDescription": { "text": policy.title },
        "fullDescription": { "text": format!("{}: {}.", policy.title, policy.reason) },
        "help": {
            "text": format!("{}.", capital(policy.remedy)),
            "markdown": format!(
                "{}.\n\nTo accept it, give the reason in the stack file:\n\n\
                 ```yaml\nchecks:\n  waive:\n    {}: the reason\n```\n",
                capital(policy.remedy), policy.id
            ),
        },
        "defaultConfiguration": { "level": policy.severity.word() },
    })
}

fn result(report: &Report<'_>, finding: &Finding) -> Value {
    let policy = finding.policy;
    let index = registry::all().position(|known| known.id == policy.id);
    // Code scanning takes a list for every result or for none.
    let suppressions: Vec<Value> = finding
        .waived
        .iter()
        .map(|reason| json!({ "kind": "external", "status": "accepted", "justification": reason }))
        .collect();
    let text = format!(
        "{}: {}. {}.",
        capital(&finding.message),
        policy.reason,
        capital(policy.remedy)
    );
    json!({
        "ruleId": policy.id,
        "ruleIndex": index,
        "level": policy.severity.word(),
        "message": { "text": text },
        "locations": [location(report, finding)],
        "relatedLocations": related(report, finding),
        "partialFingerprints": { "deployFinding/v1": finding.fingerprint },
        "suppressions": suppressions,
        "properties": {
            "environment": finding.environment,
            "document": finding.document.map(crate::policy::subject::DocumentName::word),
            "resource": finding.resource,
            "pointer": finding.pointer,
        },
    })
}

fn location(report: &Report<'_>, finding: &Finding) -> Value {
    let document = finding.document.map_or("stack", |name| name.word());
    let name = format!("{}/{document}{}", finding.environment, finding.pointer);
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&report.file(finding)), "uriBaseId": ROOT },
            "region": { "startLine": finding.line },
        },
        "logicalLocations": [{
            "name": finding.resource.as_deref().unwrap_or(document),
            "fullyQualifiedName": name,
            "kind": "resource",
        }],
    })
}

/// The line of the stack file that a finding comes from.
fn related(report: &Report<'_>, finding: &Finding) -> Vec<Value> {
    let line = finding.origin.as_ref().and_then(|origin| origin.stack_line);
    line.map(|line| {
        json!({
            "id": 1,
            "message": { "text": "the stack file says so here" },
            "physicalLocation": {
                "artifactLocation": { "uri": uri(&report.stack_file), "uriBaseId": ROOT },
                "region": { "startLine": line },
            },
        })
    })
    .into_iter()
    .collect()
}

/// Writes a relative path as a URI.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_a_relative_uri() {
        assert_eq!(uri("stacks/a b/ü.yaml"), "stacks/a%20b/%C3%BC.yaml");
    }
}
