//! Runs every policy over an environment.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::families::blot_out;
use super::finding::{Finding, Origin, Policy, Sighting};
use super::fingerprint;
use super::lines::Lines;
use super::registry;
use super::subject::{DocumentName, Subject};

/// What was found in one environment.
#[derive(Debug, Clone)]
pub struct Examined {
    /// The environment.
    pub environment: String,
    /// The findings, waived ones too: the worst first, then in the order of the documents.
    pub findings: Vec<Finding>,
}

impl Examined {
    /// Notes where what was found comes from: `find` is given the document and the JSON pointer of
    /// each finding.
    pub fn trace(&mut self, find: impl Fn(DocumentName, &str) -> Option<Origin>) {
        for finding in &mut self.findings {
            if let Some(document) = finding.document {
                finding.origin = find(document, &finding.pointer);
            }
        }
    }
}

/// Runs every policy over an environment; `waivers` are policy ids with the reason to accept them.
pub fn examine(subject: &Subject<'_>, waivers: &BTreeMap<String, String>) -> Examined {
    let mut lines = BTreeMap::new();
    let mut findings = Vec::new();
    for policy in registry::all() {
        for sighting in (policy.check)(subject) {
            let waived = waivers.get(policy.id).cloned();
            findings.push(finding(subject, &mut lines, policy, &sighting, waived));
        }
    }
    findings.sort_by_key(|finding| {
        let severity = Reverse(finding.policy.severity);
        (severity, finding.document, finding.line, finding.policy.id)
    });
    Examined {
        environment: subject.environment.to_owned(),
        findings,
    }
}

fn finding(
    subject: &Subject<'_>,
    lines: &mut BTreeMap<DocumentName, Lines>,
    policy: &'static Policy,
    sighting: &Sighting,
    waived: Option<String>,
) -> Finding {
    let document = subject.document(sighting.document);
    let line = document.map_or(1, |document| {
        lines
            .entry(document.name)
            .or_insert_with(|| Lines::of(&document.text))
            .line(&sighting.pointer)
    });
    let stable = document.map_or_else(String::new, |document| {
        fingerprint::stable(document.body, &sighting.pointer)
    });
    let fingerprint = fingerprint::digest(&[
        policy.id,
        subject.stack,
        subject.environment,
        sighting.document.word(),
        &stable,
    ]);
    Finding {
        policy,
        environment: subject.environment.to_owned(),
        document: Some(sighting.document),
        resource: sighting.resource.as_deref().map(blot_out),
        pointer: blot_out(&sighting.pointer),
        line,
        origin: None,
        message: blot_out(&sighting.message),
        waived,
        fingerprint,
    }
}
