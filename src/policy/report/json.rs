//! Findings as JSON.
//!
//! `version` is 1. It changes when a field goes away or changes its meaning; new fields may come.

use serde_json::{Value, json};

use super::Report;
use crate::policy::finding::{Finding, Severity};
use crate::policy::subject::DocumentName;

/// Writes a report as JSON.
pub fn json(report: &Report<'_>) -> Value {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|found| finding(report, found))
        .collect();
    json!({
        "version": 1,
        "stack": report.stack,
        "environments": report.environments,
        "fail_on": report.threshold.word(),
        "failing": report.failing(),
        "summary": {
            "error": report.open(Severity::Error),
            "warning": report.open(Severity::Warning),
            "note": report.open(Severity::Note),
            "waived": report.waived(),
        },
        "findings": findings,
    })
}

fn finding(report: &Report<'_>, finding: &Finding) -> Value {
    let policy = finding.policy;
    json!({
        "id": policy.id,
        "severity": policy.severity.word(),
        "message": finding.message,
        "environment": finding.environment,
        "document": finding.document.map(DocumentName::word),
        "file": report.file(finding),
        "line": finding.line,
        "template": finding.origin.as_ref().map(|origin| &origin.template),
        "stack_file": report.stack_file,
        "stack_line": finding.origin.as_ref().and_then(|origin| origin.stack_line),
        "resource": finding.resource,
        "property": finding.property(),
        "pointer": finding.pointer,
        "reason": policy.reason,
        "remedy": policy.remedy,
        "waived": finding.waived,
        "fingerprint": finding.fingerprint,
    })
}
