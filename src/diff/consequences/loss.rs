//! Data that is lost or no longer kept as long.

use serde_json::Value;

use super::super::change::{Action, Severity, Topic};
use super::super::words::quoted;
use super::{Collector, place, touches};

/// Types that hold something, what becomes of it, and what they are called.
const HOLDERS: &[(&str, &str, &str)] = &[
    (
        "AWS::S3::Bucket",
        "bucket",
        "what is in it (data, code, models, releases) is not moved; CloudFormation cannot delete a \
         bucket that is not empty",
    ),
    ("AWS::Logs::LogGroup", "log group", "its logs are deleted"),
    (
        "AWS::KMS::Key",
        "key",
        "it is scheduled for deletion, and what it encrypted cannot be read afterwards",
    ),
    (
        "AWS::SageMaker::NotebookInstance",
        "notebook",
        "the files on its volume are deleted",
    ),
    ("AWS::SNS::Topic", "topic", "its subscriptions are deleted"),
];

/// Says what is lost.
pub(super) fn of(collector: &mut Collector<'_>) {
    for (kind, thing, loss) in HOLDERS {
        for (document, change) in collector.changed(kind) {
            let (word, policy) = match change.action {
                Action::Remove => ("is removed", "DeletionPolicy"),
                Action::Replace => ("is replaced", "UpdateReplacePolicy"),
                Action::MayReplace => ("may be replaced", "UpdateReplacePolicy"),
                _ => continue,
            };
            let side = if change.action == Action::Remove {
                &collector.comparison.before
            } else {
                &collector.comparison.after
            };
            let retained = side
                .get(document)
                .and_then(|template| template["Resources"][&change.id][policy].as_str())
                .is_some_and(|policy| policy.starts_with("Retain"));
            let name = quoted(&change.id);
            let (severity, text) = if retained {
                let text =
                    format!("the {thing} {name} {word}; the old one is kept, outside the stack");
                (Severity::Caution, text)
            } else {
                (
                    Severity::Danger,
                    format!("the {thing} {name} {word}: {loss}"),
                )
            };
            collector.add(severity, Topic::Data, text, place(document, change));
        }
    }
    retention(collector);
    bucket_settings(collector);
}

fn retention(collector: &mut Collector<'_>) {
    for (document, change) in collector.changed("AWS::Logs::LogGroup") {
        if change.action != Action::Update {
            continue;
        }
        let (before, after) = collector.properties(document, &change.id);
        let days = |properties: &Value| number(&properties["RetentionInDays"]);
        let text = match (days(before), days(after)) {
            (before, Some(after)) if before.is_none_or(|before| after < before) => {
                format!(
                    "logs of {} older than {after} days are deleted",
                    quoted(&change.id)
                )
            }
            (Some(_), None) => format!("logs of {} are kept for ever", quoted(&change.id)),
            _ => continue,
        };
        collector.add(
            Severity::Caution,
            Topic::Data,
            text,
            place(document, change),
        );
    }
}

fn bucket_settings(collector: &mut Collector<'_>) {
    for (document, change) in collector.changed("AWS::S3::Bucket") {
        if change.action == Action::Add || change.action == Action::Remove {
            continue;
        }
        let name = quoted(&change.id);
        if touches(change, "LifecycleConfiguration").is_some() {
            let text = format!("the rules by which objects of {name} expire differ");
            collector.add(
                Severity::Caution,
                Topic::Data,
                text,
                place(document, change),
            );
        }
        let (before, after) = collector.properties(document, &change.id);
        let versioned =
            |properties: &Value| properties["VersioningConfiguration"]["Status"] == "Enabled";
        if versioned(before) && !versioned(after) {
            let text =
                format!("{name} keeps no old versions any more: what is overwritten is lost");
            collector.add(Severity::Danger, Topic::Data, text, place(document, change));
        }
    }
}

/// A number, also one written as a text.
pub(super) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
