//! Who can reach what: routes, origins, buckets, networks, and what is written down about it.

use serde_json::Value;

use super::super::canonical::{scalar, text};
use super::super::change::{Action, Change, Severity, Topic};
use super::super::words::quoted;
use super::{Collector, place, touches};

/// Says what becomes reachable, and what stops being reachable where it was.
pub(super) fn of(collector: &mut Collector<'_>) {
    routes(collector);
    apis(collector);
    stages(collector);
    buckets(collector);
    urls(collector);
    networks(collector);
    encryption(collector);
    alarms(collector);
}

fn routes(collector: &mut Collector<'_>) {
    for (document, change) in collector.changed("AWS::ApiGatewayV2::Route") {
        let (before, after) = collector.properties(document, &change.id);
        let (old, new) = (&before["RouteKey"], &after["RouteKey"]);
        let open = |route: &Value| is_open(route);
        let route = quoted(&text(new));
        let here = place(document, change);
        if !before.is_null() && text(old) != text(new) {
            let moved = if after.is_null() {
                format!("callers of {} get 404", quoted(&text(old)))
            } else {
                format!(
                    "callers of {} get 404: the route is {route} now",
                    quoted(&text(old))
                )
            };
            collector.add(Severity::Danger, Topic::Address, moved, here.clone());
        }
        if after.is_null() || !open(after) {
            continue;
        }
        if before.is_null() {
            let text = format!("anybody can call the new route {route}: it has no authorization");
            collector.add(Severity::Caution, Topic::Exposure, text, here);
        } else if !open(before) {
            let text = format!("anybody can call {route}: its authorization is taken away");
            collector.add(Severity::Danger, Topic::Exposure, text, here);
        }
    }
}

fn is_open(route: &Value) -> bool {
    route["AuthorizationType"]
        .as_str()
        .is_none_or(|kind| kind == "NONE")
}

fn apis(collector: &mut Collector<'_>) {
    for (document, change) in collector.changed("AWS::ApiGatewayV2::Api") {
        let (before, after) = collector.properties(document, &change.id);
        let here = place(document, change);
        match change.action {
            Action::Replace | Action::MayReplace => {
                let text = "the HTTP API gets another address: all callers must change".to_owned();
                collector.add(Severity::Danger, Topic::Address, text, here.clone());
            }
            Action::Remove => {
                let text = "the HTTP API is removed: nobody can call it any more".to_owned();
                collector.add(Severity::Danger, Topic::Address, text, here.clone());
            }
            _ => {}
        }
        let (old, new) = (&before["CorsConfiguration"], &after["CorsConfiguration"]);
        let any = |cors: &Value| has(&cors["AllowOrigins"], "*");
        if any(new) && !any(old) {
            let text = "web pages of every origin can call the API".to_owned();
            collector.add(Severity::Caution, Topic::Exposure, text, here.clone());
        }
        let credentials = |cors: &Value| is_true(&cors["AllowCredentials"]);
        if credentials(new) && !credentials(old) {
            let text = "web pages can call the API with the visitor's credentials".to_owned();
            collector.add(Severity::Caution, Topic::Exposure, text, here);
        }
    }
}

fn stages(collector: &mut Collector<'_>) {
    for (document, change) in collector.changed("AWS::ApiGatewayV2::Stage") {
        let (before, after) = collector.properties(document, &change.id);
        if before.is_null() || after.is_null() {
            continue;
        }
        let here = place(document, change);
        if touches(change, "StageName").is_some() {
            let text = "the API's stage is named anew: its address differs".to_owned();
            collector.add(Severity::Danger, Topic::Address, text, here.clone());
        }
        for (name, unit) in [
            ("ThrottlingRateLimit", "calls a second"),
            ("ThrottlingBurstLimit", "calls at once"),
        ] {
            let limit = |stage: &Value| decimal(&stage["DefaultRouteSettings"][name]);
            let text = match (limit(before), limit(after)) {
                (Some(old), None) => format!("the limit of {old} {unit} is taken away"),
                (Some(old), Some(new)) if new > old => {
                    format!("more is let through: {new} {unit} in place of {old}")
                }
                _ => continue,
            };
            collector.add(Severity::Caution, Topic::Exposure, text, here.clone());
        }
        if before.get("AccessLogSettings").is_some() && after.get("AccessLogSettings").is_none() {
            let text = "calls of the API are not logged any more".to_owned();
            collector.add(Severity::Caution, Topic::Exposure, text, here);
        }
    }
}

fn buckets(collector: &mut Collector<'_>) {
    for (document, change) in collector.changed("AWS::S3::Bucket") {
        if change.action == Action::Remove {
            continue;
        }
        let (before, after) = collector.properties(document, &change.id);
        let name = quoted(&change.id);
        let block =
            |bucket: &Value, name: &str| is_true(&bucket["PublicAccessBlockConfiguration"][name]);
        let loosened: Vec<&str> = [
            "BlockPublicAcls",
            "BlockPublicPolicy",
            "IgnorePublicAcls",
            "RestrictPublicBuckets",
        ]
        .into_iter()
        .filter(|name| !block(after, name) && (before.is_null() || block(before, name)))
        .collect();
        if !loosened.is_empty() {
            let text = format!(
                "the bucket {name} can be made public: {} is off",
                loosened.join(", ")
            );
            collector.add(
                Severity::Danger,
                Topic::Exposure,
                text,
                place(document, change),
            );
        }
        if before.get("BucketEncryption").is_some() && after.get("BucketEncryption").is_none() {
            let text =
                format!("the encryption of {name} is S3's default, no longer the template's");
            collector.add(
                Severity::Caution,
                Topic::Exposure,
                text,
                place(document, change),
            );
        }
    }
}

fn urls(collector: &mut Collector<'_>) {
    for (document, change) in collector.changed("AWS::Lambda::Url") {
        let (before, after) = collector.properties(document, &change.id);
        if after["AuthType"] == "NONE" && before["AuthType"] != "NONE" {
            let text = "anybody can call the function by its own URL".to_owned();
            collector.add(
                Severity::Danger,
                Topic::Exposure,
                text,
                place(document, change),
            );
        }
    }
}

fn networks(collector: &mut Collector<'_>) {
    for (document, change) in collector.all().collect::<Vec<_>>() {
        let (before, after) = sides(collector, document, change);
        if before.is_null() || after.is_null() {
            continue;
        }
        let name = quoted(&change.id);
        let mut add = |text: String| {
            collector.add(
                Severity::Caution,
                Topic::Exposure,
                text,
                place(document, change),
            );
        };
        let isolated = |side: &Value| is_true(&side["EnableNetworkIsolation"]);
        if isolated(before) && !isolated(after) {
            add(format!(
                "{name} can reach the network: its isolation is off"
            ));
        }
        if before.get("VpcConfig").is_some() && after.get("VpcConfig").is_none() {
            add(format!("{name} leaves its VPC"));
        }
        let direct = |side: &Value| side["DirectInternetAccess"] != "Disabled";
        let notebook = change.kind.as_deref() == Some("AWS::SageMaker::NotebookInstance");
        if notebook && direct(after) && !direct(before) {
            add(format!("{name} can reach the internet directly"));
        }
    }
}

fn encryption(collector: &mut Collector<'_>) {
    for (document, change) in collector.all().collect::<Vec<_>>() {
        if change.action == Action::Add || change.action == Action::Remove {
            continue;
        }
        for property in &change.properties {
            let is_key =
                property.path.ends_with("KmsKeyId") || property.path.ends_with("KmsMasterKeyId");
            if is_key && property.after.is_none() && property.before.is_some() {
                let text = format!(
                    "{} is no longer encrypted with its own key ({})",
                    quoted(&change.id),
                    quoted(&property.path)
                );
                collector.add(
                    Severity::Caution,
                    Topic::Exposure,
                    text,
                    place(document, change),
                );
            }
        }
    }
}

fn alarms(collector: &mut Collector<'_>) {
    for (document, change) in collector.changed("AWS::CloudWatch::Alarm") {
        if change.action == Action::Remove {
            let text = format!(
                "the alarm {} is removed: nobody is told any more",
                quoted(&change.id)
            );
            collector.add(
                Severity::Caution,
                Topic::Other,
                text,
                place(document, change),
            );
        }
    }
}

/// Both sides of a resource's properties, or of a request.
fn sides<'a>(collector: &Collector<'a>, document: &str, change: &Change) -> (&'a Value, &'a Value) {
    if change.kind.is_some() {
        return collector.properties(document, &change.id);
    }
    let comparison = collector.comparison;
    let side = |documents: &'a super::super::documents::Documents| {
        documents.get(document).unwrap_or(&Value::Null)
    };
    (side(&comparison.before), side(&comparison.after))
}

fn has(list: &Value, wanted: &str) -> bool {
    list.as_array()
        .into_iter()
        .flatten()
        .any(|item| item == wanted)
}

fn is_true(value: &Value) -> bool {
    scalar(value).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

fn decimal(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}
