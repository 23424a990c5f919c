//! Events in words, shared by all displays.

use std::time::Duration;

use crate::cloud::training::JobFacts;
use crate::plan::Action;
use crate::reconcile::progress::Event;

/// Says of a step that nobody waits for its end any more.
pub(super) const LEFT: &str = "not waited for";
/// Says of a step that it is not carried out.
pub(super) const SKIPPED: &str = "not done";

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
            let reason = reason.as_deref().filter(|_| status.contains("FAILED"));
            let status = resource_status(status);
            Some(match reason {
                Some(reason) => format!("{logical_id} {status}: {reason}"),
                None => format!("{logical_id} {status}"),
            })
        }
        Event::Uploaded { sent, total, .. } | Event::Copied { sent, total } => {
            Some(format!("{} of {}", size(*sent), size(*total)))
        }
        Event::TrainingStatus {
            status, message, ..
        }
        | Event::BatchStatus {
            status, message, ..
        } if message.is_empty() => Some(training_status(status)),
        Event::TrainingStatus {
            status, message, ..
        }
        | Event::BatchStatus {
            status, message, ..
        } => Some(format!("{}: {message}", training_status(status))),
        Event::TrainingLine { line } | Event::BatchLine { line } => Some(line.clone()),
        Event::TrainingMetric { name, value } => Some(format!("{name} {}", number(*value))),
        Event::TrainingFacts {
            attempt,
            saving,
            facts,
            ..
        } => Some(self::facts(*attempt, *saving, facts)),
        Event::TrainingRepeated {
            job,
            reason,
            attempt,
            of,
            pause,
        } => Some(format!(
            "{job} failed ({reason}); attempt {attempt} of {of} in {}",
            elapsed(*pause)
        )),
        Event::Removed { objects } => Some(format!("{} removed", objects_of(*objects))),
        Event::Planned { .. }
        | Event::StepStarted { .. }
        | Event::StepDone { .. }
        | Event::StepFailed { .. }
        | Event::StepLeft { .. }
        | Event::StepSkipped { .. } => None,
    }
}

/// The status of a resource: `CREATE_IN_PROGRESS` is `creating`, `UPDATE_COMPLETE` is `updated`.
pub(super) fn resource_status(status: &str) -> String {
    match status {
        "CREATE_IN_PROGRESS" => "creating".to_owned(),
        "UPDATE_IN_PROGRESS" => "updating".to_owned(),
        "DELETE_IN_PROGRESS" => "deleting".to_owned(),
        "CREATE_COMPLETE" => "created".to_owned(),
        "UPDATE_COMPLETE" => "updated".to_owned(),
        "DELETE_COMPLETE" => "deleted".to_owned(),
        "DELETE_SKIPPED" => "kept".to_owned(),
        other => other.to_lowercase().replace('_', " "),
    }
}

/// The secondary status of a training job ("`DescribeTrainingJob`" in the SageMaker API reference).
pub(in crate::cli) fn training_status(status: &str) -> String {
    let words = match status {
        "Starting" | "LaunchingMLInstances" | "PreparingTrainingStack" => "starting an instance",
        "Pending" => "waiting for capacity",
        "Downloading" => "downloading the data",
        "DownloadingTrainingImage" => "downloading the image",
        "Training" => "training",
        "Uploading" => "uploading the model",
        "Stopping" => "stopping",
        "Stopped" => "stopped",
        "MaxRuntimeExceeded" => "stopped at its longest time",
        "MaxWaitTimeExceeded" => "stopped at its longest wait",
        "Interrupted" => "interrupted: the spare capacity is gone",
        "Restarting" => "starting again",
        "Updating" => "updating",
        "InProgress" => "running",
        "Completed" => "completed",
        "Failed" => "failed",
        other => other,
    };
    words.to_owned()
}

/// What a training job runs on, and how that goes: `ml.g4dn.xlarge × 2, spare capacity, attempt 2,
/// interrupted once, 68 % saved`.
pub(super) fn facts(attempt: usize, saving: Option<u64>, facts: &JobFacts) -> String {
    let mut parts = vec![instances(facts)];
    if facts.spot {
        parts.push("spare capacity".to_owned());
    }
    if attempt > 1 {
        parts.push(format!("attempt {attempt}"));
    }
    match facts.interruptions {
        0 => {}
        1 => parts.push("interrupted once".to_owned()),
        times => parts.push(format!("interrupted {times} times")),
    }
    if let Some(seconds) = facts.training_seconds {
        parts.push(format!(
            "trained for {}",
            elapsed(Duration::from_secs(seconds))
        ));
    }
    parts.extend(saving.map(|percent| format!("{percent} % saved")));
    parts.join(", ")
}

/// The instances of a training job.
pub(in crate::cli) fn instances(facts: &JobFacts) -> String {
    let types = facts.instances.join(" or ");
    if facts.count > 1 {
        format!("{types} × {}", facts.count)
    } else {
        types
    }
}

/// A metric's value, in four digits: `0.9312`, `12.35`, `5.000e-5`.
pub(in crate::cli) fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if !(0.001..100_000.0).contains(&size) {
        format!("{value:.3e}")
    } else if size < 10.0 {
        format!("{value:.4}")
    } else {
        format!("{value:.2}")
    }
}

/// `12 s`, `2 min 40 s`, `1 h 05 min`.
pub(in crate::cli) fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// A number of bytes in binary units.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A number of objects, with a comma between thousands.
pub(super) fn objects_of(count: usize) -> String {
    if count == 1 {
        return "1 object".to_owned();
    }
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{text} objects")
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
            "Endpoint creating"
        );
        assert_eq!(
            now(&event("CREATE_FAILED")).unwrap(),
            "Endpoint create failed: Resource creation Initiated"
        );
    }

    #[test]
    fn what_a_job_runs_on_is_said_with_what_happened_to_it() {
        let plain = JobFacts {
            instances: vec!["ml.g5.xlarge".into(), "ml.g4dn.xlarge".into()],
            count: 1,
            ..JobFacts::default()
        };
        assert_eq!(facts(1, None, &plain), "ml.g5.xlarge or ml.g4dn.xlarge");
        let eventful = JobFacts {
            instances: vec!["ml.g4dn.xlarge".into()],
            count: 2,
            spot: true,
            interruptions: 1,
            training_seconds: Some(160),
            ..JobFacts::default()
        };
        assert_eq!(
            facts(2, Some(68), &eventful),
            "ml.g4dn.xlarge × 2, spare capacity, attempt 2, interrupted once, trained for 2 min 40 s, \
             68 % saved"
        );
        assert_eq!(
            [0.0, 0.931_24, -1.5, 12.345, 5e-5, 1e9].map(number),
            ["0", "0.9312", "-1.5000", "12.35", "5.000e-5", "1.000e9"]
        );
    }

    /// "`SecondaryStatus`" of `DescribeTrainingJob` in the SageMaker API reference.
    #[test]
    fn every_status_of_a_job_has_words() {
        for status in [
            "Starting",
            "Pending",
            "Downloading",
            "Training",
            "Uploading",
            "Stopping",
            "Stopped",
            "MaxRuntimeExceeded",
            "MaxWaitTimeExceeded",
            "Interrupted",
            "Restarting",
            "Updating",
            "Completed",
            "Failed",
        ] {
            assert_ne!(training_status(status), status);
        }
        assert_eq!(training_status("Novel"), "Novel");
    }

    #[test]
    fn times_sizes_and_numbers_are_short() {
        let elapsed = |seconds| elapsed(Duration::from_secs(seconds));
        assert_eq!(
            [elapsed(59), elapsed(160), elapsed(3900)],
            ["59 s", "2 min 40 s", "1 h 05 min"]
        );
        assert_eq!(
            [size(0), size(1023), size(1536), size(5 << 30)],
            ["0 B", "1023 B", "1.5 KiB", "5.0 GiB"]
        );
        assert_eq!(
            [objects_of(1), objects_of(999), objects_of(1_234_567)],
            ["1 object", "999 objects", "1,234,567 objects"]
        );
    }
}
