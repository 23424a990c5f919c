//! In which direction the cost goes; no prices, they are not known here.

use std::cmp::Ordering;

use serde_json::Value;

use super::super::change::{Action, Severity, Topic};
use super::super::documents::TRAINING;
use super::super::words::quoted;
use super::endpoint::{Fleet, fleets};
use super::loss::number;
use super::{Collector, place};

/// Says what costs more, less or differently.
pub(super) fn of(collector: &mut Collector<'_>) {
    endpoints(collector);
    scaling(collector);
    training(collector);
    notebooks(collector);
}

fn endpoints(collector: &mut Collector<'_>) {
    for (document, change) in collector.changed("AWS::SageMaker::EndpointConfig") {
        let (before, after) = collector.properties(document, &change.id);
        let (old, new) = (fleets(before), fleets(after));
        let text = match (old.first(), new.first()) {
            (None, Some(new)) => format!("the endpoint runs {} day and night", words(new)),
            (Some(old), None) => format!("the endpoint's {} go", words(old)),
            (Some(old), Some(new)) if words(old) != words(new) => {
                format!(
                    "the endpoint runs {} in place of {}{}",
                    words(new),
                    words(old),
                    direction(old, new)
                )
            }
            _ => continue,
        };
        collector.add(
            severity(old.first(), new.first()),
            Topic::Cost,
            text,
            place(document, change),
        );
    }
}

fn scaling(collector: &mut Collector<'_>) {
    for (document, change) in collector.changed("AWS::ApplicationAutoScaling::ScalableTarget") {
        let (before, after) = collector.properties(document, &change.id);
        let most = |target: &Value| number(&target["MaxCapacity"]);
        let (severity, text) = match (most(before), most(after)) {
            (None, Some(new)) => (
                Severity::Caution,
                format!("autoscaling runs up to {new} instances"),
            ),
            (Some(old), Some(new)) if new > old => (
                Severity::Caution,
                format!("autoscaling runs up to {new} instances in place of {old}"),
            ),
            (Some(old), Some(new)) if new < old => (
                Severity::Info,
                format!("autoscaling runs up to {new} instances in place of {old}"),
            ),
            (Some(_), None) => (
                Severity::Info,
                "the endpoint is not scaled any more".to_owned(),
            ),
            _ => continue,
        };
        collector.add(severity, Topic::Cost, text, place(document, change));
    }
}

fn training(collector: &mut Collector<'_>) {
    let comparison = collector.comparison;
    let (Some(before), Some(after)) = (
        comparison.before.get(TRAINING),
        comparison.after.get(TRAINING),
    ) else {
        return;
    };
    let (old, new) = (job(before), job(after));
    if words(&old) != words(&new) {
        let text = format!(
            "a training runs on {} in place of {}{}",
            words(&new),
            words(&old),
            direction(&old, &new)
        );
        collector.add(severity(Some(&old), Some(&new)), Topic::Cost, text, None);
    }
    let spot = |job: &Value| job["EnableManagedSpotTraining"] == true;
    if spot(before) != spot(after) {
        let text = if spot(after) {
            "a training runs on spot instances: cheaper, and it may be interrupted"
        } else {
            "a training runs on demand: dearer than spot, and never interrupted"
        };
        collector.add(Severity::Info, Topic::Cost, text.to_owned(), None);
    }
    let limit = |job: &Value| number(&job["StoppingCondition"]["MaxRuntimeInSeconds"]);
    if let (Some(old), Some(new)) = (limit(before), limit(after))
        && new > old
    {
        let text = format!("a training may run for {new} s in place of {old} s");
        collector.add(Severity::Info, Topic::Cost, text, None);
    }
}

fn job(request: &Value) -> Fleet {
    let resources = &request["ResourceConfig"];
    let preferred = &resources["InstancePreferences"][0];
    let preferred = preferred.get("InstanceType").unwrap_or(preferred);
    let instance = resources.get("InstanceType").unwrap_or(preferred);
    Fleet {
        instance: instance.as_str().map(str::to_owned),
        count: number(&resources["InstanceCount"]).unwrap_or(1),
    }
}

fn notebooks(collector: &mut Collector<'_>) {
    for (document, change) in collector.changed("AWS::SageMaker::NotebookInstance") {
        let (before, after) = collector.properties(document, &change.id);
        let instance = |notebook: &Value| notebook["InstanceType"].as_str().map(quoted);
        let (severity, text) = match (instance(before), instance(after)) {
            (_, Some(new)) if change.action == Action::Add => (
                Severity::Caution,
                format!("a notebook on {new} costs money while it runs"),
            ),
            (Some(old), Some(new)) if old != new => (
                Severity::Info,
                format!("the notebook runs on {new} in place of {old}"),
            ),
            _ => continue,
        };
        collector.add(severity, Topic::Cost, text, place(document, change));
    }
}

fn words(fleet: &Fleet) -> String {
    match &fleet.instance {
        Some(instance) => format!("{} x {}", fleet.count, quoted(instance)),
        None => "no instances (serverless, by use)".to_owned(),
    }
}

/// Says whether the new fleet costs more, as far as the types' names tell.
fn direction(old: &Fleet, new: &Fleet) -> &'static str {
    match order(old, new) {
        Some(Ordering::Less) => ": costs more",
        Some(Ordering::Greater) => ": costs less",
        Some(Ordering::Equal) => ": costs about the same",
        None => ": another kind, look up its price",
    }
}

fn severity(old: Option<&Fleet>, new: Option<&Fleet>) -> Severity {
    match (old, new) {
        (Some(old), Some(new)) if order(old, new).is_none_or(Ordering::is_lt) => Severity::Caution,
        (None, Some(_)) => Severity::Caution,
        _ => Severity::Info,
    }
}

/// Compares two fleets of one family: each size is twice the one before.
fn order(old: &Fleet, new: &Fleet) -> Option<Ordering> {
    let (old_family, old_size) = old.instance.as_ref()?.rsplit_once('.')?;
    let (new_family, new_size) = new.instance.as_ref()?.rsplit_once('.')?;
    if old_size == new_size && old_family == new_family {
        return Some(old.count.cmp(&new.count));
    }
    if old_family != new_family {
        return None;
    }
    Some((old.count * units(old_size)?).cmp(&(new.count * units(new_size)?)))
}

/// The size of an instance in quarters of a `large`.
fn units(size: &str) -> Option<u64> {
    match size {
        "medium" => Some(2),
        "large" => Some(4),
        "xlarge" => Some(8),
        _ => size
            .strip_suffix("xlarge")?
            .parse::<u64>()
            .ok()
            .map(|times| times * 8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fleet(count: u64, instance: &str) -> Fleet {
        Fleet {
            instance: Some(instance.to_owned()),
            count,
        }
    }

    #[test]
    fn the_direction_is_told_within_a_family_only() {
        let order = |one, other| direction(&one, &other);
        assert_eq!(
            order(fleet(1, "ml.m5.large"), fleet(1, "ml.m5.xlarge")),
            ": costs more"
        );
        assert_eq!(
            order(fleet(4, "ml.m5.large"), fleet(1, "ml.m5.xlarge")),
            ": costs less"
        );
        assert_eq!(
            order(fleet(2, "ml.m5.large"), fleet(1, "ml.m5.xlarge")),
            ": costs about the same"
        );
        assert_eq!(
            order(fleet(1, "ml.m5.4xlarge"), fleet(2, "ml.m5.2xlarge")),
            ": costs about the same"
        );
        assert_eq!(
            order(fleet(1, "ml.m5.large"), fleet(1, "ml.c5.large")),
            ": another kind, look up its price"
        );
        assert_eq!(
            order(fleet(2, "ml.x1.odd"), fleet(1, "ml.x1.odd")),
            ": costs less"
        );
    }
}
