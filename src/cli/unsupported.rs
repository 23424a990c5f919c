//! What a stack file may say but `deploy up` cannot do yet, refused by name before anything starts.

use super::codes;
use super::failure::Failure;
use crate::stack::{Stack, Target, Training};

/// Instances of one training job that the local engine plays.
const MOST_INSTANCES: u32 = 8;

/// Refuses a stack that asks for what cannot be done.
pub(super) fn refuse(stack: &Stack) -> Result<(), Failure> {
    let asked = match stack.target {
        Target::Local(_) => not_local(stack),
        Target::Aws(_) => Vec::new(),
    };
    if asked.is_empty() {
        return Ok(());
    }
    let message = format!("the local engine cannot do this: {}", quoted(&asked));
    Err(Failure::usage(message)
        .kind(&codes::NOT_EMULATED)
        .hint(format!(
            "give the environment `{}` another value; `null` removes what the stack says",
            stack.environment
        )))
}

/// The fields that ask for what the local engine does not emulate.
fn not_local(stack: &Stack) -> Vec<&'static str> {
    let asked = |of: fn(&Training) -> bool| stack.training().is_some_and(of);
    let mut fields = vec![
        (
            "training.count above 8",
            asked(|training| training.count > MOST_INSTANCES),
        ),
        (
            "training.instance (a list)",
            asked(|training| training.instances.len() > 1),
        ),
        (
            "training.max_pending",
            asked(|training| training.max_pending.is_some()),
        ),
        (
            "training.network.subnets",
            asked(|training| training.network.vpc.is_some()),
        ),
        (
            "training.network.isolation",
            asked(|training| training.network.isolation),
        ),
        (
            "training.encryption.volume_key",
            asked(|training| training.encryption.volume_key.is_some()),
        ),
        (
            "endpoint.encryption.volume_key",
            stack.endpoint.volume_key.is_some(),
        ),
        ("endpoint.capture", stack.endpoint.capture.is_some()),
        ("api.domain", stack.api.domain.is_some()),
        ("notebook", stack.notebook.is_some()),
    ];
    let notified = stack
        .alarms
        .as_ref()
        .and_then(|alarms| alarms.notify.as_ref());
    fields.push(("alarms.notify", notified.is_some()));
    let asked = fields.into_iter().filter(|(_, asked)| *asked);
    asked.map(|(name, _)| name).collect()
}

fn quoted(fields: &[&str]) -> String {
    let quoted: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::failure::{USAGE, What};
    use crate::stack::{
        Alarms, Auth, Capacity, Latency, Rollout, Share, Spot, StackFile, Timespan,
    };

    fn shipped(environment: &str) -> Stack {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = StackFile::read(&root.join("stacks/news-classifier/stack.yaml")).unwrap();
        let stack = file.environment(environment);
        stack.unwrap_or_else(|problems| panic!("{problems}"))
    }

    fn refused(stack: &Stack) -> String {
        let failure = refuse(stack).unwrap_err();
        assert_eq!(failure.code, USAGE);
        assert_eq!(failure.kind, &codes::NOT_EMULATED);
        let What::Error(error) = failure.what else {
            panic!("an error")
        };
        error.to_string()
    }

    #[test]
    fn the_shipped_environments_can_be_brought_up() {
        for environment in ["local", "staging"] {
            assert!(refuse(&shipped(environment)).is_ok(), "{environment}");
        }
    }

    #[test]
    fn spare_capacity_retries_and_several_instances_are_played_by_the_local_engine() {
        let mut stack = shipped("local");
        let training = &mut stack.recipe().training;
        let max_wait = training.max_run;
        training.spot = Some(Spot { max_wait });
        training.retries = Some(2);
        training.count = 2;
        assert!(refuse(&stack).is_ok());
    }

    #[test]
    fn who_may_call_and_how_often_is_kept_by_the_local_engine() {
        let mut stack = shipped("local");
        stack.api.routes[0].auth = Auth::Iam;
        stack.api.routes[1].throttle = Some(stack.api.throttle);
        stack.function.concurrency = Some(2);
        assert!(refuse(&stack).is_ok());
    }

    #[test]
    fn alarms_and_a_canary_are_played_by_the_local_engine() {
        let mut stack = shipped("local");
        watched_canary(&mut stack, None);
        assert!(refuse(&stack).is_ok());
    }

    /// Gives a stack alarms and a roll-out that they watch.
    fn watched_canary(stack: &mut Stack, notify: Option<&str>) {
        stack.alarms = Some(Alarms {
            errors: 1,
            latency: Latency::from_milliseconds(1),
            memory_percent: 90,
            window: Timespan::from_seconds(60),
            notify: notify.map(str::to_owned),
        });
        if let Capacity::Instances(capacity) = &mut stack.endpoint.capacity {
            capacity.rollout = Rollout::Canary {
                size: Share::Percent(50),
                wait: Timespan::from_seconds(0),
                max_duration: None,
            };
        }
    }

    #[test]
    fn what_only_aws_can_do_is_refused_locally_by_name() {
        let change = |stack: &mut Stack| {
            stack.recipe().training.count = 9;
            stack.recipe().training.max_pending = Some(Timespan::from_seconds(60));
            watched_canary(stack, Some("arn:aws:sns:eu-west-1:111122223333:on-call"));
        };
        let mut local = shipped("local");
        change(&mut local);
        assert_eq!(
            refused(&local),
            "the local engine cannot do this: `training.count above 8`, `training.max_pending`, `alarms.notify`"
        );
        let mut staging = shipped("staging");
        change(&mut staging);
        assert!(refuse(&staging).is_ok());
    }
}
