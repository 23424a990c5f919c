//! `deploy drift`.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Value, json};

use super::codes;
use super::context::{Environment, Global, Selection};
use super::failure::Failure;
use super::output::{self, Format, signs};
use crate::plan::Deployment;
use crate::reconcile::drift::{self, DriftReport, Finding, SeenBy};

/// Longest value that is shown to people; JSON has it whole.
const LONGEST: usize = 160;

/// Arguments of `deploy drift`.
#[derive(Debug, Args)]
#[command(after_help = "\
Looks at both stacks twice: through CloudFormation's drift detection, and through the services
themselves for what CloudFormation does not see (role policies, function code, endpoint, stage).
What is expected comes from the deployed templates, not from the working tree.

Examples:
  deploy drift                            of what runs on this machine
  deploy drift --env prod                 of production; changes nothing
  deploy drift --env prod --output json   for programs
  deploy up --env prod --revert-drift     take it back

Exit codes:
  0 nothing drifted     1 failed     2 drift found")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
}

/// Shows what others changed.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let session = environment.session_to_look(global).await?;
    let report = match &session {
        Some(session) => drift::drift(session, &Deployment::of(&environment.stack)).await?,
        None => DriftReport::default(),
    };
    if report.stacks.is_empty() {
        let message = format!("nothing of {} is deployed", environment.title());
        let failure = Failure::failed(anyhow::Error::msg(message)).kind(&codes::NOT_UP);
        return Err(failure.hint("`deploy up` deploys it"));
    }
    if global.output == Format::Json {
        output::result(&json(&environment, &report));
    } else {
        show(&environment, &report);
    }
    if report.has_drift() {
        return Err(Failure::differences());
    }
    Ok(())
}

fn json(environment: &Environment, report: &DriftReport) -> Value {
    json!({
        "stack": environment.stack.name.as_str(),
        "environment": environment.stack.environment.as_str(),
        "drifted": report.has_drift(),
        "findings": report.findings,
        "unknown": report.unknown,
        "looked_at": report.looked_at,
        "not_looked_at": report.not_looked_at,
    })
}

fn show(environment: &Environment, report: &DriftReport) {
    let mut by_resource: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        by_resource
            .entry(&finding.subject)
            .or_default()
            .push(finding);
    }
    for (subject, findings) in &by_resource {
        output::text(&format!(
            "{}  {} ({})",
            subject.logical_id, subject.kind, subject.stack
        ));
        for finding in findings {
            for line in lines(finding) {
                output::text(&format!("  {line}"));
            }
        }
    }
    for one in &report.unknown {
        output::note(&format!(
            "not known: {} ({}) {}: {}",
            one.subject.logical_id,
            one.subject.kind,
            one.property.as_deref().unwrap_or("as a whole"),
            one.reason
        ));
    }
    output::note(&summary(&environment.title(), report));
    if report.has_drift() {
        output::hint(&format!(
            "`deploy up --env {} --revert-drift` takes back what CloudFormation can change",
            environment.stack.environment
        ));
    }
}

fn lines(finding: &Finding) -> Vec<String> {
    let who = match finding.seen_by {
        SeenBy::CloudFormation => "seen by CloudFormation",
        SeenBy::ReadBack => "CloudFormation does not see it",
        SeenBy::Both => "seen by CloudFormation too",
    };
    let Some(property) = &finding.property else {
        return vec![format!("it is gone ({who})")];
    };
    let side = |value: &Option<String>| value.as_deref().map_or("nothing".to_owned(), shorten);
    vec![
        format!("{property} ({who})"),
        format!("  deployed: {}", side(&finding.expected)),
        format!("  now:      {}", side(&finding.actual)),
    ]
}

fn summary(title: &str, report: &DriftReport) -> String {
    let count = |number: usize, one: &str, many: &str| {
        format!("{number} {}", if number == 1 { one } else { many })
    };
    let mut parts = vec![
        format!(
            "{} looked at",
            count(report.looked_at, "resource", "resources")
        ),
        match report.findings.len() {
            0 => "no drift".to_owned(),
            number => count(number, "difference", "differences"),
        },
    ];
    if !report.unknown.is_empty() {
        parts.push(format!("{} not known", report.unknown.len()));
    }
    if !report.not_looked_at.is_empty() {
        let hidden = count(report.not_looked_at.len(), "resource", "resources");
        parts.push(format!("{hidden} that nobody can look at"));
    }
    format!("{title}: {}", parts.join(", "))
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let kept: String = text.chars().take(LONGEST).collect();
    kept + &signs::shown("…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::drift::Subject;

    fn finding(property: Option<&str>, actual: Option<&str>) -> Finding {
        Finding {
            subject: Subject {
                stack: "news-prod-foundation".into(),
                logical_id: "Bucket".into(),
                kind: "AWS::S3::Bucket".into(),
            },
            property: property.map(str::to_owned),
            expected: Some("Enabled".into()),
            actual: actual.map(str::to_owned),
            seen_by: SeenBy::Both,
        }
    }

    #[test]
    fn a_finding_says_what_was_and_what_is() {
        assert_eq!(
            lines(&finding(Some("/VersioningConfiguration/Status"), None)),
            [
                "/VersioningConfiguration/Status (seen by CloudFormation too)",
                "  deployed: Enabled",
                "  now:      nothing",
            ]
        );
        assert_eq!(
            lines(&finding(None, None)),
            ["it is gone (seen by CloudFormation too)"]
        );
        let long = lines(&finding(Some("/X"), Some(&"x".repeat(1_000))));
        assert!(long[2].chars().count() < 200 && long[2].ends_with('…'));
    }

    #[test]
    fn the_summary_counts() {
        let mut report = DriftReport {
            looked_at: 1,
            ..DriftReport::default()
        };
        assert_eq!(
            summary("n/p", &report),
            "n/p: 1 resource looked at, no drift"
        );
        report.findings = vec![finding(None, None), finding(None, None)];
        assert_eq!(
            summary("n/p", &report),
            "n/p: 1 resource looked at, 2 differences"
        );
    }
}
