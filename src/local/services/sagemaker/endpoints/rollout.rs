//! Roll-outs: by which steps the servers of a new configuration take over, and what takes them back.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until, timeout};

use super::super::names::{invalid, only_known};
use super::super::state::Serving;
use super::super::{SageMaker, lock};
use super::deploy::Setback;
use crate::local::wire::ApiError;

/// One step: which part of the requests the new servers get from then on, and how long the alarms
/// watch that.
#[derive(Debug, Clone, PartialEq)]
struct Step {
    part: f64,
    wait: Duration,
}

/// How new servers take over (`DeploymentConfig`).
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Rollout {
    steps: Vec<Step>,
    /// The time for everything together.
    limit: Option<Duration>,
    /// Names of the alarms that take it back.
    alarms: Vec<String>,
}

impl Rollout {
    /// Reads a `DeploymentConfig` for a fleet of so many instances; without one everything happens at
    /// once.
    ///
    /// # Errors
    /// It is wrong.
    pub(super) fn read(config: Option<&Value>, instances: u64) -> Result<Self, ApiError> {
        let at_once = |wait| Step { part: 1.0, wait };
        let Some(config) = config.filter(|config| !config.is_null()) else {
            let steps = vec![at_once(Duration::ZERO)];
            return Ok(Self {
                steps,
                ..Self::default()
            });
        };
        let known = [
            "AutoRollbackConfiguration",
            "BlueGreenUpdatePolicy",
            "RollingUpdatePolicy",
        ];
        only_known("DeploymentConfig", config, &known)?;
        let alarms = config.pointer("/AutoRollbackConfiguration/Alarms");
        let alarms = alarms.and_then(Value::as_array).into_iter().flatten();
        let alarms = alarms.filter_map(|alarm| alarm["AlarmName"].as_str().map(str::to_owned));
        let policies = (
            config.get("BlueGreenUpdatePolicy"),
            config.get("RollingUpdatePolicy"),
        );
        let (steps, policy) = match policies {
            (Some(_), Some(_)) => {
                return Err(invalid(
                    "BlueGreenUpdatePolicy and RollingUpdatePolicy cannot both be given.",
                ));
            }
            (None, None) => (vec![at_once(Duration::ZERO)], &Value::Null),
            (Some(policy), None) => (blue_green(policy, instances)?, policy),
            (None, Some(policy)) => {
                let batch = size(policy, "MaximumBatchSize", 0.05, instances)?;
                let wait = seconds(policy, "WaitIntervalInSeconds", 0..=3600)?;
                (equal(batch, wait.unwrap_or_default()), policy)
            }
        };
        Ok(Self {
            steps,
            limit: seconds(policy, "MaximumExecutionTimeoutInSeconds", 600..=28_800)?,
            alarms: alarms.collect(),
        })
    }
}

fn blue_green(policy: &Value, instances: u64) -> Result<Vec<Step>, ApiError> {
    let routing = &policy["TrafficRoutingConfiguration"];
    let wait = seconds(routing, "WaitIntervalInSeconds", 0..=3600)?.unwrap_or_default();
    let stay = seconds(policy, "TerminationWaitInSeconds", 0..=3600)?.unwrap_or_default();
    let mut steps = match routing["Type"].as_str() {
        Some("ALL_AT_ONCE") => vec![Step {
            part: 1.0,
            wait: Duration::ZERO,
        }],
        Some("CANARY") => {
            let part = size(routing, "CanarySize", 0.0, instances)?;
            let all = Step {
                part: 1.0,
                wait: Duration::ZERO,
            };
            vec![Step { part, wait }, all]
        }
        Some("LINEAR") => equal(size(routing, "LinearStepSize", 0.1, instances)?, wait),
        other => return Err(invalid(format!("{other:?} is no type of traffic routing."))),
    };
    if let Some(last) = steps.last_mut() {
        // The old instances stay, and the alarms can still take everything back.
        last.wait += stay;
    }
    Ok(steps)
}

/// Steps of one size until everything is moved.
fn equal(size: f64, wait: Duration) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut part = size;
    while part < 0.999 {
        steps.push(Step { part, wait });
        part += size;
    }
    steps.push(Step { part: 1.0, wait });
    steps
}

/// Reads a part of the fleet: at most half of it.
#[expect(clippy::cast_precision_loss, reason = "a variant has few instances")]
fn size(policy: &Value, member: &str, least: f64, instances: u64) -> Result<f64, ApiError> {
    let value = whole(&policy[member]["Value"]).unwrap_or_default() as f64;
    let part = match policy[member]["Type"].as_str() {
        Some("INSTANCE_COUNT") => value / instances.max(1) as f64,
        Some("CAPACITY_PERCENT") => value / 100.0,
        _ => 0.0,
    };
    if part > 0.0 && (least..=0.5).contains(&part) {
        return Ok(part);
    }
    Err(invalid(format!(
        "{member} must be {:.0}% to 50% of the capacity of the variant.",
        least * 100.0
    )))
}

fn seconds(
    policy: &Value,
    member: &str,
    bounds: std::ops::RangeInclusive<u64>,
) -> Result<Option<Duration>, ApiError> {
    let Some(value) = policy.get(member) else {
        return Ok(None);
    };
    let value = whole(value).filter(|value| bounds.contains(value));
    let value = value.ok_or_else(|| {
        let (from, to) = (bounds.start(), bounds.end());
        invalid(format!("{member} must be between {from} and {to}."))
    })?;
    Ok(Some(Duration::from_secs(value)))
}

/// Reads a whole number, which templates may also write as a string.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}

impl SageMaker {
    /// Brings a configuration into service by the steps of a roll-out. Returns once its servers get all
    /// requests and the old ones are not needed any more.
    ///
    /// # Errors
    /// Why it does not serve: the old servers do, and have to be given all requests again.
    pub(super) async fn roll_out(
        self: &Arc<Self>,
        arn: &str,
        next: Serving,
        rollout: &Rollout,
    ) -> Result<(), Setback> {
        let work = async {
            let fleet = self.keep(arn, next).await?;
            let updates = {
                let mut live = lock(&self.live);
                let live = live.entry(arn.to_owned()).or_default();
                live.next = Some((fleet, 0.0));
                live.owed = 0.0;
                live.fleet.is_some()
            };
            if updates {
                self.shift(arn, rollout).await?;
            }
            Ok(())
        };
        match rollout.limit {
            None => work.await,
            Some(limit) => timeout(limit, work).await.unwrap_or_else(|_| {
                Err(Setback::Reason(format!(
                    "The update took longer than MaximumExecutionTimeoutInSeconds ({}) and was \
                     rolled back.",
                    limit.as_secs()
                )))
            }),
        }
    }

    /// Moves the requests over, step by step.
    async fn shift(&self, arn: &str, rollout: &Rollout) -> Result<(), Setback> {
        for step in &rollout.steps {
            if let Some((_, part)) = lock(&self.live)
                .get_mut(arn)
                .and_then(|live| live.next.as_mut())
            {
                *part = step.part;
            }
            self.bake(arn, &rollout.alarms, step.wait).await?;
        }
        Ok(())
    }

    /// Lets time pass while no alarm rings.
    async fn bake(&self, arn: &str, alarms: &[String], wait: Duration) -> Result<(), Setback> {
        let region = arn.split(':').nth(3).unwrap_or_default();
        let mut alarm_changes = self.parts.alarms.changes();
        let end = Instant::now() + wait;
        loop {
            let rings = |name: &&String| self.parts.alarms.rings(region, name);
            let ringing: Vec<&str> = alarms.iter().filter(rings).map(String::as_str).collect();
            if !ringing.is_empty() {
                return Err(Setback::Reason(format!(
                    "The update was rolled back, because alarms of its AutoRollbackConfiguration are in \
                     ALARM: {}.",
                    ringing.join(", ")
                )));
            }
            if Instant::now() >= end {
                return Ok(());
            }
            tokio::select! {
                () = sleep_until(end) => {}
                told = alarm_changes.changed() => if told.is_err() {
                    sleep_until(end).await; // Nobody is left to change an alarm.
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parts(config: &Value, instances: u64) -> Vec<(u64, u64)> {
        let rollout = Rollout::read(Some(config), instances).unwrap();
        let steps = rollout.steps.iter();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "percent"
        )]
        let percent = |part: f64| (part * 100.0).round() as u64;
        steps
            .map(|step| (percent(step.part), step.wait.as_secs()))
            .collect()
    }

    fn routing(kind: &str, member: &str, size: u64) -> Value {
        json!({ "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": kind,
                member: { "Type": "CAPACITY_PERCENT", "Value": size },
                "WaitIntervalInSeconds": 60,
            },
            "TerminationWaitInSeconds": "30",
        }})
    }

    #[test]
    fn every_kind_of_roll_out_is_a_list_of_steps() {
        assert_eq!(parts(&json!({}), 1), [(100, 0)]);
        let canary = routing("CANARY", "CanarySize", 25);
        assert_eq!(parts(&canary, 4), [(25, 60), (100, 30)]);
        let linear = routing("LINEAR", "LinearStepSize", 40);
        assert_eq!(parts(&linear, 4), [(40, 60), (80, 60), (100, 90)]);
        let rolling = json!({ "RollingUpdatePolicy": {
            "MaximumBatchSize": { "Type": "INSTANCE_COUNT", "Value": 1 },
            "WaitIntervalInSeconds": 10,
        }});
        assert_eq!(parts(&rolling, 3), [(33, 10), (67, 10), (100, 10)]);
    }

    #[test]
    fn what_sagemaker_refuses_is_refused() {
        let refused = |config: Value, instances| {
            let error = Rollout::read(Some(&config), instances).unwrap_err();
            error.message
        };
        let canary = routing("CANARY", "CanarySize", 60);
        assert!(refused(canary, 4).contains("CanarySize must be"));
        let linear = routing("LINEAR", "LinearStepSize", 5);
        assert!(refused(linear, 4).contains("10% to 50%"));
        let one = json!({ "RollingUpdatePolicy": {
            "MaximumBatchSize": { "Type": "INSTANCE_COUNT", "Value": 1 },
        }});
        assert!(refused(one, 1).contains("MaximumBatchSize"));
        let both = json!({ "RollingUpdatePolicy": {}, "BlueGreenUpdatePolicy": {} });
        assert!(refused(both, 2).contains("cannot both be given"));
        let mut slow = routing("CANARY", "CanarySize", 25);
        slow["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"] = json!(60);
        assert!(refused(slow, 4).contains("between 600 and 28800"));
    }
}
