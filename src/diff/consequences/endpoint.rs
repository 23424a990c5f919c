//! How the endpoint gets what is new: with or without a pause, and with which extra instances.

use serde_json::Value;

use super::super::canonical::text;
use super::super::change::{Action, Change, Effect, Severity, Topic};
use super::super::words::quoted;
use super::loss::number;
use super::{Collector, place, touches};

const ENDPOINT: &str = "AWS::SageMaker::Endpoint";
const CONFIG: &str = "AWS::SageMaker::EndpointConfig";

/// What serves behind a variant.
pub(super) struct Fleet {
    /// The instance type; `None` when serverless.
    pub(super) instance: Option<String>,
    /// The number of instances to begin with.
    pub(super) count: u64,
}

/// Says what happens to the endpoints.
pub(super) fn of(collector: &mut Collector<'_>) {
    for (document, change) in collector.changed(ENDPOINT) {
        let (before, after) = collector.properties(document, &change.id);
        let name = |properties: &Value| {
            properties
                .get("EndpointName")
                .map_or_else(|| quoted(&change.id), |name| quoted(&text(name)))
        };
        let here = place(document, change);
        match change.action {
            Action::Remove => {
                let text = format!("the endpoint {} is removed: nothing answers", name(before));
                collector.add(Severity::Danger, Topic::Endpoint, text, here);
            }
            Action::Replace | Action::MayReplace => {
                let text = format!(
                    "the endpoint {} is replaced by {}: the new one is made before the old one is \
                     deleted; who calls the old name directly must change",
                    name(before),
                    name(after)
                );
                collector.add(Severity::Danger, Topic::Endpoint, text, here);
            }
            Action::Update if touches(change, "EndpointConfigName").is_some() => {
                let text = format!(
                    "the endpoint {} is updated without downtime: {}",
                    name(after),
                    way(after)
                );
                collector.add(Severity::Info, Topic::Endpoint, text, here);
                fleet(collector, document, change, after);
            }
            _ => {}
        }
        alarms(collector, document, change, before, after);
    }
    kinds(collector);
}

/// How traffic moves to the new instances.
fn way(endpoint: &Value) -> String {
    let deployment = &endpoint["DeploymentConfig"];
    let rolling = &deployment["RollingUpdatePolicy"];
    if rolling.is_object() {
        return format!("rolling, {} at a time", size(&rolling["MaximumBatchSize"]));
    }
    let routing = &deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"];
    match routing["Type"].as_str() {
        Some("CANARY") => format!(
            "blue/green, {} of the traffic first",
            size(&routing["CanarySize"])
        ),
        Some("LINEAR") => format!(
            "blue/green, in steps of {}",
            size(&routing["LinearStepSize"])
        ),
        _ => "blue/green, all traffic at once".to_owned(),
    }
}

/// A share of a fleet in words.
fn size(value: &Value) -> String {
    let number = text(&value["Value"]);
    match value["Type"].as_str() {
        Some("INSTANCE_COUNT") if number == "1" => "1 instance".to_owned(),
        Some("INSTANCE_COUNT") => format!("{number} instances"),
        _ => format!("{number}%"),
    }
}

/// Says which instances run beside those that serve.
fn fleet(collector: &mut Collector<'_>, document: &str, change: &Change, endpoint: &Value) {
    let scaled = !collector
        .present("AWS::ApplicationAutoScaling::ScalableTarget")
        .is_empty();
    for (config, _, properties) in collector.present(CONFIG) {
        if config != document {
            continue;
        }
        for fleet in fleets(properties) {
            let Some(instance) = &fleet.instance else {
                continue;
            };
            let instance = quoted(instance);
            let rolling = &endpoint["DeploymentConfig"]["RollingUpdatePolicy"];
            let scaled = if scaled {
                ", or as many as autoscaling runs then"
            } else {
                ""
            };
            let text = if rolling.is_object() {
                let batch = batch(&rolling["MaximumBatchSize"], fleet.count);
                format!("while it is updated, up to {batch} more {instance} run{scaled}")
            } else {
                let count = fleet.count;
                format!(
                    "while it is updated, {count} more {instance} run beside those that serve{scaled}"
                )
            };
            collector.add(Severity::Info, Topic::Fleet, text, place(document, change));
        }
    }
}

fn batch(size: &Value, count: u64) -> u64 {
    let value = number(&size["Value"]).unwrap_or(count);
    if size["Type"] == "INSTANCE_COUNT" {
        value
    } else {
        (count * value).div_ceil(100)
    }
}

/// Says when an update that goes wrong is no longer undone.
fn alarms(
    collector: &mut Collector<'_>,
    document: &str,
    change: &Change,
    before: &Value,
    after: &Value,
) {
    let alarms = |endpoint: &Value| {
        let alarms = endpoint["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"].as_array();
        alarms.map_or(0, Vec::len)
    };
    if change.action != Action::Remove && alarms(after) < alarms(before) {
        let text = if alarms(after) == 0 {
            "no alarm undoes an update that goes wrong any more"
        } else {
            "fewer alarms undo an update that goes wrong"
        };
        collector.add(
            Severity::Caution,
            Topic::Endpoint,
            text.to_owned(),
            place(document, change),
        );
    }
}

/// Says when an endpoint changes between instances and serverless, or its variants' names.
fn kinds(collector: &mut Collector<'_>) {
    for (document, change) in collector.changed(CONFIG) {
        let direct = change
            .properties
            .iter()
            .any(|property| property.effect == Effect::Replace && property.because.is_none());
        let (before, after) = collector.properties(document, &change.id);
        if !direct || before.is_null() || after.is_null() {
            continue;
        }
        let serverless =
            |config: &Value| fleets(config).iter().any(|fleet| fleet.instance.is_none());
        if serverless(before) != serverless(after) {
            let renamed = collector
                .changed(ENDPOINT)
                .into_iter()
                .any(|(other, endpoint)| other == document && endpoint.action == Action::Replace);
            // "Serverless inference", SageMaker developer guide: one way there is, the other not.
            let (severity, text) = if renamed {
                (
                    Severity::Info,
                    "the endpoint changes between instances and serverless: the new one is made beside \
                     the old one, which serves until everything calls the new one; no downtime, and both \
                     run for some minutes",
                )
            } else if serverless(after) {
                (
                    Severity::Danger,
                    "the endpoint changes from instances to serverless, which SageMaker refuses for \
                     an endpoint that exists: the update is rolled back. Give the endpoint another \
                     `EndpointName` when it is serverless, as the built-in template does: then the new \
                     one is made beside the old one",
                )
            } else {
                (
                    Severity::Caution,
                    "the endpoint changes from serverless to instances without downtime; it cannot be \
                     changed back",
                )
            };
            let here = place(document, change);
            collector.add(severity, Topic::Endpoint, text.to_owned(), here);
        }
        let captures = |config: &Value| config["DataCaptureConfig"].is_object();
        if captures(after) && !captures(before) {
            let text =
                "a part of what callers send and are answered is kept in the bucket from now on";
            let here = place(document, change);
            collector.add(Severity::Caution, Topic::Exposure, text.to_owned(), here);
        }
        let names = |config: &Value| -> Vec<String> {
            let variants = config["ProductionVariants"]
                .as_array()
                .into_iter()
                .flatten();
            variants
                .map(|variant| text(&variant["VariantName"]))
                .collect()
        };
        if names(before) != names(after) {
            let text = "the endpoint's variants are named anew: autoscaling, alarms and gradual \
                        roll-outs are bound to the names"
                .to_owned();
            collector.add(
                Severity::Caution,
                Topic::Endpoint,
                text,
                place(document, change),
            );
        }
    }
}

/// The fleets of an endpoint configuration.
pub(super) fn fleets(config: &Value) -> Vec<Fleet> {
    let variants = config["ProductionVariants"]
        .as_array()
        .into_iter()
        .flatten();
    variants
        .map(|variant| {
            let pool = &variant["InstancePools"][0]["InstanceType"];
            let instance = variant.get("InstanceType").or(Some(pool));
            Fleet {
                instance: instance.and_then(Value::as_str).map(str::to_owned),
                count: number(&variant["InitialInstanceCount"]).unwrap_or(1),
            }
        })
        .collect()
}
