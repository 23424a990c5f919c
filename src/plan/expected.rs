//! How long steps usually take on AWS, so that a long wait can be told from one that is too long.
//!
//! None of these is a limit: what is waited for, and how long, is decided elsewhere. Where a number was
//! seen is said beside it; *estimated* means that nobody has published it.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::{Action, StepKind};

/// A usual range of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Expected {
    /// The shortest that is usual.
    #[serde(rename = "shortest_seconds", serialize_with = "seconds")]
    pub shortest: Duration,
    /// The longest that is usual.
    #[serde(rename = "longest_seconds", serialize_with = "seconds")]
    pub longest: Duration,
}

/// Tells how long a step usually takes on AWS; `None` where it depends on what nobody can know here, such
/// as the size of a file or how far a job is that runs already.
pub fn expected(kind: StepKind, action: Action) -> Option<Expected> {
    let range = match (kind, action) {
        // A bucket, its policy and roles, made side by side; a role takes some 20 s. Estimated.
        (StepKind::Foundation, Action::Create) => (30, 180),
        (StepKind::Foundation, Action::Update) => (20, 120),
        (StepKind::Foundation, Action::Replace) => (60, 300),
        // The README of the course that the reference pipeline comes from: 15 to 20 min for two epochs on
        // one GPU. An instance takes minutes to start, and other data another time.
        (StepKind::Training, Action::Create) => (10 * 60, 40 * 60),
        // The endpoint decides: that README says 5 to 10 min, the acceptance tests of Terraform's AWS provider
        // 3 to 4 min for a small one. An update makes new instances beside the old ones before it removes
        // these. With the rest of the stack, estimated.
        (StepKind::Service, Action::Create) => (5 * 60, 15 * 60),
        (StepKind::Service, Action::Update) => (2 * 60, 20 * 60),
        (StepKind::Service, Action::Replace) => (6 * 60, 20 * 60),
        // SageMaker gives a job 120 s to end by itself ("StopTrainingJob" in its API reference), then uploads.
        (StepKind::RunningJobs, Action::Delete) => (60, 4 * 60),
        // An endpoint's instances go in minutes. Estimated.
        (StepKind::ServiceRemoval, Action::Delete) => (60, 10 * 60),
        (StepKind::FoundationRemoval, Action::Delete) => (20, 90),
        _ => return None,
    };
    Some(Expected::of(range))
}

/// Tells how long a resource usually takes on AWS, for those that take minutes.
pub fn expected_of_resource(resource_type: &str) -> Option<Expected> {
    match resource_type {
        // As for the service above; its handler may take 160 min to create and 970 min to update one
        // (CloudFormation registry schema of the type).
        "AWS::SageMaker::Endpoint" => Some(Expected::of((3 * 60, 15 * 60))),
        _ => None,
    }
}

impl Expected {
    fn of((shortest, longest): (u64, u64)) -> Self {
        Self {
            shortest: Duration::from_secs(shortest),
            longest: Duration::from_secs(longest),
        }
    }
}

/// `20-40 s`, `30 s - 3 min`, `5-15 min`.
impl fmt::Display for Expected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = |time: Duration| match time.as_secs() {
            seconds if seconds < 60 => (seconds, "s"),
            seconds => (seconds.div_ceil(60), "min"),
        };
        let ((from, unit), (to, last)) = (parts(self.shortest), parts(self.longest));
        if unit == last {
            write!(formatter, "{from}-{to} {last}")
        } else {
            write!(formatter, "{from} {unit} - {to} {last}")
        }
    }
}

fn seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_ranges_and_are_written_short() {
        let kinds = [
            StepKind::Foundation,
            StepKind::Data,
            StepKind::Training,
            StepKind::Service,
            StepKind::RunningJobs,
            StepKind::ServiceRemoval,
            StepKind::FoundationRemoval,
        ];
        for kind in kinds {
            for action in [
                Action::Create,
                Action::Update,
                Action::Replace,
                Action::Delete,
            ] {
                if let Some(expected) = expected(kind, action) {
                    assert!(expected.shortest < expected.longest, "{kind:?} {action:?}");
                }
            }
        }
        let shown = |kind, action| expected(kind, action).unwrap().to_string();
        assert_eq!(shown(StepKind::Service, Action::Create), "5-15 min");
        assert_eq!(shown(StepKind::Foundation, Action::Create), "30 s - 3 min");
    }

    #[test]
    fn what_depends_on_something_unknown_has_no_range() {
        assert_eq!(expected(StepKind::Data, Action::Create), None);
        assert_eq!(expected(StepKind::Training, Action::Attach), None);
        assert_eq!(expected_of_resource("AWS::IAM::Role"), None);
        assert!(expected_of_resource("AWS::SageMaker::Endpoint").is_some());
    }

    #[test]
    fn a_range_is_data_in_seconds() {
        let data = serde_json::to_value(expected(StepKind::Service, Action::Create)).unwrap();
        assert_eq!(
            data,
            serde_json::json!({ "shortest_seconds": 300, "longest_seconds": 900 })
        );
    }
}
