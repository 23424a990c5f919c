//! Events in words, shared by the live and the plain display.

use crate::plan::Action;
use crate::reconcile::progress::Event;

/// Says of a step that nobody waits for its end any more.
pub(super) const LEFT: &str = "not waited for";

/// Says what a step did, after it is done.
pub(super) fn done(action: Action) -> &'static str {
    match action {
        Action::Create => "done",
        Action::Update => "updated",
        Action::Replace => "made anew",
        Action::RollBack => "rolled back",
        Action::Attach => "finished",
        Action::Reuse => "used again",
        Action::Delete => "removed",
        Action::Check => "good",
    }
}

/// Says what is going on now; `None` for events that say nothing of it.
pub(super) fn now(event: &Event) -> Option<String> {
    match event {
        Event::Notice { text } => Some(text.clone()),
        Event::Waiting { on } => Some(format!("waiting for {on}")),
        Event::Resource {
            logical_id,
            status,
            reason,
            ..
        } => {
            let status = status.to_lowercase().replace('_', " ");
            let reason = reason.as_deref().filter(|_| status.contains("failed"));
            Some(match reason {
                Some(reason) => format!("{logical_id} {status}: {reason}"),
                None => format!("{logical_id} {status}"),
            })
        }
        Event::Uploaded { sent, total, .. } => Some(format!("{} of {}", size(*sent), size(*total))),
        Event::TrainingStatus {
            status, message, ..
        } if message.is_empty() => Some(status.clone()),
        Event::TrainingStatus {
            status, message, ..
        } => Some(format!("{status}: {message}")),
        Event::TrainingLine { line } => Some(line.clone()),
        Event::Removed { objects } => Some(format!("{objects} objects removed")),
        Event::StepStarted { .. }
        | Event::StepDone { .. }
        | Event::StepFailed { .. }
        | Event::StepLeft { .. }
        | Event::StepSkipped { .. } => None,
    }
}

/// Writes a number of bytes in binary units.
fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_its_reason_and_a_success_does_not() {
        let event = |status: &str| Event::Resource {
            stack: "s".into(),
            logical_id: "Endpoint".into(),
            resource_type: "AWS::SageMaker::Endpoint".into(),
            status: status.into(),
            reason: Some("Resource creation Initiated".into()),
        };
        assert_eq!(
            now(&event("CREATE_IN_PROGRESS")).unwrap(),
            "Endpoint create in progress"
        );
        assert!(now(&event("CREATE_FAILED")).unwrap().ends_with("Initiated"));
    }
}
