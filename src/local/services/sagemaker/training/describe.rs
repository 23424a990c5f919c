//! `DescribeTrainingJob`'s answer.

use serde_json::{Value, json};

use super::super::state::{Job, Phase, Transition};

/// Describes a job at `now`, in seconds since the Unix epoch.
pub(super) fn describe(job: &Job, now: f64) -> Value {
    let mut answer = job.record.request.clone();
    let mut set = |member: &str, value: Value| answer[member] = value;
    set("TrainingJobArn", job.record.arn.as_str().into());
    set("TrainingJobStatus", job.status.word().into());
    set("SecondaryStatus", job.phase().word().into());
    set("CreationTime", job.record.created.into());
    set("LastModifiedTime", job.record.modified.into());
    let transitions = job.transitions.iter().map(transition).collect();
    set("SecondaryStatusTransitions", transitions);
    if let Some(reason) = &job.failure_reason {
        set("FailureReason", reason.as_str().into());
    }
    if let Some(model) = &job.model {
        set("ModelArtifacts", json!({ "S3ModelArtifacts": model }));
    }
    if let Some(started) = job.started {
        set("TrainingStartTime", started.into());
        let seconds = whole_seconds(job.ended.unwrap_or(now) - started);
        set("TrainingTimeInSeconds", seconds.into());
        if let Some(ended) = job.ended {
            let held = ended - started - job.seconds_in(Phase::waits, ended);
            set("BillableTimeInSeconds", whole_seconds(held).into());
        }
    }
    if let Some(ended) = job.ended {
        set("TrainingEndTime", ended.into());
    }
    if !job.metrics.is_empty() {
        let metrics = job.metrics.iter().map(|metric| {
            json!({ "MetricName": metric.name, "Value": metric.value, "Timestamp": metric.at })
        });
        set("FinalMetricDataList", metrics.collect());
    }
    for member in ["EnableNetworkIsolation", "EnableManagedSpotTraining"] {
        if answer.get(member).is_none() {
            answer[member] = false.into();
        }
    }
    answer
}

fn transition(transition: &Transition) -> Value {
    let mut value = json!({
        "Status": transition.phase.word(),
        "StartTime": transition.start,
        "StatusMessage": transition.message,
    });
    if let Some(end) = transition.end {
        value["EndTime"] = end.into();
    }
    value
}

/// Rounds a duration up, as it is billed; at least one second. Differences of points in time are only
/// exact to less than a microsecond, so nothing below a millisecond counts.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is at least 1 and far below 2^53"
)]
fn whole_seconds(seconds: f64) -> u64 {
    let milliseconds = (seconds * 1000.0).round();
    (milliseconds / 1000.0).max(1.0).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_billed_by_the_started_second() {
        assert_eq!(whole_seconds(0.0), 1);
        assert_eq!(whole_seconds(1.2), 2);
        assert_eq!(whole_seconds(60.000_000_2), 60);
    }
}
