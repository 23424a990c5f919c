//! What a look for drift found, and how two views of it become one. Pure.

use serde::Serialize;

use super::compare::{Comparison, shown};
use crate::cloud::drift::{DeployedResource, Detected, DetectedState};

/// What a look for drift found in an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DriftReport {
    /// Names of the CloudFormation stacks that were looked at.
    pub stacks: Vec<String>,
    /// How many resources were looked at by CloudFormation, by this tool, or both.
    pub looked_at: usize,
    /// What is not as it was deployed.
    pub findings: Vec<Finding>,
    /// What could not be compared, and is therefore not known to be as it was deployed.
    pub unknown: Vec<NotCompared>,
    /// Resources that nobody can look at.
    pub not_looked_at: Vec<Subject>,
}

impl DriftReport {
    /// Whether anything is not as it was deployed.
    pub fn has_drift(&self) -> bool {
        !self.findings.is_empty()
    }

    /// Adds what was found in another stack.
    pub(super) fn extend(&mut self, other: Self) {
        self.stacks.extend(other.stacks);
        self.looked_at += other.looked_at;
        self.findings.extend(other.findings);
        self.unknown.extend(other.unknown);
        self.not_looked_at.extend(other.not_looked_at);
    }
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Subject {
    /// Name of the CloudFormation stack.
    pub stack: String,
    /// Key in the template.
    pub logical_id: String,
    /// Type.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Something that is not as it was deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The resource.
    #[serde(flatten)]
    pub subject: Subject,
    /// The property, e.g. `/VersioningConfiguration/Status`; `None` when the resource is gone.
    pub property: Option<String>,
    /// As it was deployed; `None` when it was not there.
    pub expected: Option<String>,
    /// As it is; `None` when it is not there.
    pub actual: Option<String>,
    /// Who sees it.
    pub seen_by: SeenBy,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let property = self.property.as_deref().unwrap_or(" is gone");
        write!(formatter, "{}{property}", self.subject.logical_id)
    }
}

/// Who sees a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeenBy {
    /// CloudFormation's drift detection only.
    #[serde(rename = "cloudformation")]
    CloudFormation,
    /// Only this tool, which asked the resource's own service.
    ReadBack,
    /// Both.
    Both,
}

/// A property that could not be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotCompared {
    /// The resource.
    #[serde(flatten)]
    pub subject: Subject,
    /// The property; `None` for the resource as a whole.
    pub property: Option<String>,
    /// Why.
    pub reason: String,
}

/// What this tool's own look at a resource gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Looked {
    /// Nobody looks at this type here.
    NotRead,
    /// It may not be read, for the given reason.
    Refused(String),
    /// It is gone.
    Missing,
    /// It was compared.
    Compared(Comparison),
}

/// Makes one report of both views of a stack.
pub(super) fn merge(
    stack: &str,
    resources: &[(DeployedResource, Looked)],
    detected: &[Detected],
) -> DriftReport {
    let mut report = DriftReport {
        stacks: vec![stack.to_owned()],
        ..DriftReport::default()
    };
    for (resource, looked) in resources {
        let view = detected
            .iter()
            .find(|one| one.logical_id == resource.logical_id)
            .map(|one| &one.state);
        let mut subject = OneSubject {
            subject: Subject {
                stack: stack.to_owned(),
                logical_id: resource.logical_id.clone(),
                kind: resource.kind.clone(),
            },
            report: &mut report,
        };
        subject.add(looked, view);
    }
    report
}

/// Adds what is known of one resource.
struct OneSubject<'a> {
    subject: Subject,
    report: &'a mut DriftReport,
}

impl OneSubject<'_> {
    fn add(&mut self, looked: &Looked, view: Option<&DetectedState>) {
        match (looked, view) {
            (Looked::NotRead, None) => {
                self.report.not_looked_at.push(self.subject.clone());
                return;
            }
            (Looked::Missing, Some(DetectedState::Deleted)) => self.gone(SeenBy::Both),
            (Looked::Missing, _) => self.gone(SeenBy::ReadBack),
            (_, Some(DetectedState::Deleted)) => self.gone(SeenBy::CloudFormation),
            (looked, view) => {
                self.own(looked);
                self.theirs(looked, view);
            }
        }
        self.report.looked_at += 1;
    }

    fn own(&mut self, looked: &Looked) {
        match looked {
            Looked::Compared(comparison) => {
                for one in &comparison.differences {
                    self.finding(
                        Some(one.path.clone()),
                        one.expected.clone(),
                        one.actual.clone(),
                        SeenBy::ReadBack,
                    );
                }
                for one in &comparison.unknown {
                    self.unknown(Some(one.path.clone()), one.reason.clone());
                }
            }
            Looked::Refused(reason) => self.unknown(None, reason.clone()),
            Looked::NotRead | Looked::Missing => {}
        }
    }

    fn theirs(&mut self, looked: &Looked, view: Option<&DetectedState>) {
        let properties = match view {
            Some(DetectedState::Modified(properties)) => properties,
            Some(DetectedState::Unknown(reason)) if *looked == Looked::NotRead => {
                return self.unknown(None, reason.clone());
            }
            _ => return,
        };
        for one in properties {
            let top = top(&one.path).to_owned();
            let mut seen = false;
            for finding in &mut self.report.findings {
                let same = finding.subject == self.subject
                    && finding
                        .property
                        .as_deref()
                        .is_some_and(|path| self::top(path) == top);
                if same && finding.seen_by != SeenBy::CloudFormation {
                    finding.seen_by = SeenBy::Both;
                    seen = true;
                }
            }
            if !seen && !means_the_same(looked, &top) {
                self.finding(
                    Some(one.path.clone()),
                    Some(shown(&one.path, one.expected.clone())),
                    Some(shown(&one.path, one.actual.clone())),
                    SeenBy::CloudFormation,
                );
            }
        }
    }

    fn gone(&mut self, seen_by: SeenBy) {
        self.finding(None, Some("there".to_owned()), None, seen_by);
    }

    fn finding(
        &mut self,
        property: Option<String>,
        expected: Option<String>,
        actual: Option<String>,
        seen_by: SeenBy,
    ) {
        self.report.findings.push(Finding {
            subject: self.subject.clone(),
            property,
            expected,
            actual,
            seen_by,
        });
    }

    fn unknown(&mut self, property: Option<String>, reason: String) {
        self.report.unknown.push(NotCompared {
            subject: self.subject.clone(),
            property,
            reason,
        });
    }
}

/// CloudFormation compares policy documents letter by letter; one of another form and the same meaning is
/// no drift.
fn means_the_same(looked: &Looked, property: &str) -> bool {
    let Looked::Compared(comparison) = looked else {
        return false;
    };
    property.ends_with("PolicyDocument")
        && comparison.compared.contains(property)
        && !comparison
            .unknown
            .iter()
            .any(|one| top(&one.path) == property)
}

/// The property that a path begins with.
fn top(path: &str) -> &str {
    path.trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::compare::{Difference, Unknown};
    use super::*;
    use crate::cloud::drift::DetectedProperty;

    fn compared(paths: &[&str], unknown: &[&str]) -> Looked {
        Looked::Compared(Comparison {
            differences: paths
                .iter()
                .map(|path| Difference {
                    path: (*path).to_owned(),
                    expected: Some("a".into()),
                    actual: Some("b".into()),
                })
                .collect(),
            unknown: unknown
                .iter()
                .map(|path| Unknown {
                    path: (*path).to_owned(),
                    reason: "no".into(),
                })
                .collect(),
            compared: ["PolicyDocument".to_owned()].into(),
        })
    }

    fn modified(paths: &[&str]) -> DetectedState {
        DetectedState::Modified(
            paths
                .iter()
                .map(|path| DetectedProperty {
                    path: (*path).to_owned(),
                    expected: "a".into(),
                    actual: "b".into(),
                })
                .collect(),
        )
    }

    fn report(looked: Looked, state: Option<DetectedState>) -> DriftReport {
        let resource = DeployedResource {
            logical_id: "R".into(),
            kind: "T".into(),
            physical_id: "r".into(),
        };
        let detected = state.map(|state| Detected {
            logical_id: "R".into(),
            kind: "T".into(),
            state,
        });
        merge("s", &[(resource, looked)], detected.as_slice())
    }

    fn seen(report: &DriftReport) -> Vec<(Option<&str>, SeenBy)> {
        let findings = report.findings.iter();
        findings
            .map(|one| (one.property.as_deref(), one.seen_by))
            .collect()
    }

    #[test]
    fn what_both_see_is_one_finding() {
        let found = report(
            compared(&["/A/B", "/C"], &[]),
            Some(modified(&["/A", "/D"])),
        );
        assert_eq!(
            seen(&found),
            [
                (Some("/A/B"), SeenBy::Both),
                (Some("/C"), SeenBy::ReadBack),
                (Some("/D"), SeenBy::CloudFormation),
            ]
        );
        assert_eq!(found.looked_at, 1);
    }

    #[test]
    fn a_resource_that_is_gone_is_one_finding() {
        let found = report(Looked::Missing, Some(DetectedState::Deleted));
        assert_eq!(seen(&found), [(None, SeenBy::Both)]);
        let found = report(Looked::NotRead, Some(DetectedState::Deleted));
        assert_eq!(seen(&found), [(None, SeenBy::CloudFormation)]);
    }

    #[test]
    fn a_policy_of_the_same_meaning_is_no_drift_and_what_is_unknown_is_said() {
        let state = modified(&["/PolicyDocument/Statement/0"]);
        assert!(!report(compared(&[], &[]), Some(state.clone())).has_drift());
        let found = report(compared(&[], &["/PolicyDocument"]), Some(state));
        assert!(found.has_drift());
        assert_eq!(found.unknown.len(), 1);
        let found = report(Looked::Refused("denied".into()), None);
        assert_eq!(found.unknown[0].reason, "denied");
        assert!(!found.has_drift());
    }

    #[test]
    fn what_nobody_looks_at_is_listed() {
        let found = report(Looked::NotRead, None);
        assert_eq!((found.looked_at, found.not_looked_at.len()), (0, 1));
    }

    #[test]
    fn variables_that_cloudformation_tells_are_hidden_too() {
        let path = "/Environment/Variables/TOKEN";
        let found = report(Looked::NotRead, Some(modified(&[path])));
        assert_eq!(found.findings[0].actual.as_deref(), Some("(hidden)"));
    }
}
