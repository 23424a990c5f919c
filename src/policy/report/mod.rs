//! Reports of findings for programs.

mod json;
mod sarif;

pub use json::json;
pub use sarif::sarif;

use super::finding::{Finding, Severity};

/// What a report is made from.
#[derive(Debug)]
pub struct Report<'a> {
    /// The stack's name.
    pub stack: &'a str,
    /// The environments that were examined.
    pub environments: Vec<&'a str>,
    /// The findings, waived ones too.
    pub findings: Vec<&'a Finding>,
    /// From which severity on a finding makes the check fail.
    pub threshold: Severity,
    /// The stack file, relative to the repository, with `/` between its parts.
    pub stack_file: String,
}

impl Report<'_> {
    /// The file that a finding is in, relative to the repository.
    pub fn file(&self, finding: &Finding) -> String {
        let Some(document) = finding.document else {
            return self.stack_file.clone();
        };
        let folder = match self.stack_file.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/"),
            None => String::new(),
        };
        let environment = &finding.environment;
        format!("{folder}rendered/{environment}/{}.yaml", document.word())
    }

    /// How many findings make the check fail.
    pub fn failing(&self) -> usize {
        let counts = |finding: &&&Finding| finding.counts(self.threshold);
        self.findings.iter().filter(counts).count()
    }

    /// How many findings of a severity are not waived.
    pub fn open(&self, severity: Severity) -> usize {
        let is_open =
            |finding: &&&Finding| finding.waived.is_none() && finding.policy.severity == severity;
        self.findings.iter().filter(is_open).count()
    }

    /// How many findings are waived.
    pub fn waived(&self) -> usize {
        let is_waived = |finding: &&&Finding| finding.waived.is_some();
        self.findings.iter().filter(is_waived).count()
    }
}
