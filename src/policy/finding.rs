//! What a policy is, and what it finds.

use std::fmt;

use super::subject::{DocumentName, Subject};
use crate::code::Example;

/// How bad a finding is; the order is from least to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know; often a trade-off that somebody made.
    Note,
    /// Should be mended or waived.
    Warning,
    /// Must be mended or waived.
    Error,
}

impl Severity {
    /// The word for it, which is also SARIF's level.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One rule, with the words that explain it.
#[derive(Debug)]
pub struct Policy {
    /// The stable name, e.g. `S3-PUBLIC-BLOCK`; waivers and code scanning go by it.
    pub id: &'static str,
    /// How bad it is to violate it.
    pub severity: Severity,
    /// What holds when it is kept, in one line.
    pub title: &'static str,
    /// Why it matters.
    pub reason: &'static str,
    /// What to do about a violation.
    pub remedy: &'static str,
    /// A template or a request that violates it, and one that does not.
    pub example: Example,
    /// Finds the violations.
    pub(super) check: fn(&Subject<'_>) -> Vec<Sighting>,
}

/// A violation as a policy sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sighting {
    /// The document that it is in.
    pub(super) document: DocumentName,
    /// The logical id of the resource; `None` in a request.
    pub(super) resource: Option<String>,
    /// JSON pointer into the document, to a value that is there.
    pub(super) pointer: String,
    /// What was found, in one line; never a secret.
    pub(super) message: String,
}

/// A violation with everything that a report says about it.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The policy.
    pub policy: &'static Policy,
    /// The environment.
    pub environment: String,
    /// The document that it is in; `None` when it is about the stack file itself.
    pub document: Option<DocumentName>,
    /// The logical id of the resource; `None` in a request.
    pub resource: Option<String>,
    /// JSON pointer into the document (or the stack file), to a value that is there.
    pub pointer: String,
    /// The line of that value, counted from 1.
    pub line: usize,
    /// Where that value comes from, where it is known.
    pub origin: Option<Origin>,
    /// What was found, in one line; never a secret.
    pub message: String,
    /// Why it is accepted, when the stack file waives it.
    pub waived: Option<String>,
    /// SHA-256 (hexadecimal) of what the finding is about; it survives moved lines.
    pub fingerprint: String,
}

/// Where a rendered value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The template's file and line, as people read it: `service.yaml.tera:12`.
    pub template: String,
    /// The line of the stack file, counted from 1; `None` for what the template alone decides.
    pub stack_line: Option<usize>,
}

impl Finding {
    /// Whether it counts: it is not waived and at least this bad.
    pub fn counts(&self, threshold: Severity) -> bool {
        self.waived.is_none() && self.policy.severity >= threshold
    }

    /// The property below the resource, as people write it: `BucketEncryption.Rules[0]`.
    pub fn property(&self) -> String {
        let mut steps: Vec<&str> = self.pointer.split('/').skip(1).collect();
        if self.resource.is_some() {
            steps.drain(..steps.len().min(2));
        }
        if steps.first() == Some(&"Properties") {
            steps.remove(0);
        }
        let mut text = String::new();
        for step in steps {
            let step = step.replace("~1", "/").replace("~0", "~");
            if step.bytes().all(|byte| byte.is_ascii_digit()) {
                text.push('[');
                text.push_str(&step);
                text.push(']');
            } else {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(&step);
            }
        }
        text
    }
}
