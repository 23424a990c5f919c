//! The options of a stack file, each with the values that the matrix tries.

use serde_json::{Value, json};

use super::pairwise::{Choice, Space};
use crate::support::repository;

/// An option of the stack file with its values.
pub(super) struct Setting {
    /// What it is called in the report.
    pub(super) name: &'static str,
    /// The values: what each is called, and what it puts over the plain stack.
    pub(super) values: Vec<(&'static str, Value)>,
}

fn setting<const N: usize>(name: &'static str, values: [(&'static str, Value); N]) -> Setting {
    Setting {
        name,
        values: values.into(),
    }
}

/// A key of the region that the stack is in.
fn key(name: &str) -> String {
    format!("arn:aws:kms:REGION:111122223333:key/00000000-0000-4000-8000-{name:0>12}")
}

/// All options. The first value of each is the default, where there is one.
pub(super) fn all() -> Vec<Setting> {
    let mut options = training();
    options.extend(endpoint());
    options.extend(api());
    options.extend(around());
    options
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn training() -> Vec<Setting> {
    let of = |value: Value| json!({ "training": value });
    let none = || json!({});
    vec![
        setting(
            "training.image",
            [
                ("versions", none()),
                (
                    "uri",
                    of(json!({ "image": { "pytorch": null, "transformers": null,
                "uri": "111122223333.dkr.ecr.REGION.amazonaws.com/trainer:1.2" } })),
                ),
            ],
        ),
        setting(
            "training.launch",
            [
                ("script", none()),
                ("toolkit", of(json!({ "launch": "toolkit" }))),
            ],
        ),
        setting(
            "data",
            [
                ("file", none()),
                (
                    "s3",
                    json!({ "data": { "file": null, "s3": "s3://news-archive/2014/" } }),
                ),
            ],
        ),
        setting(
            "data.format",
            [
                ("none", none()),
                (
                    "plain classes",
                    json!({ "data": { "format": { "separator": "comma", "quoted": true, "header": true,
                "columns": ["label", "text"], "text": "text", "label": "label",
                "classes": ["ham", "spam"] } } }),
                ),
                (
                    "labels, groups and times",
                    json!({ "data": { "format": { "columns": ["a", "b", "c", "d"], "text": "a", "label": "b",
                "group": "c", "time": "d", "classes": { "b": "Büro \"x\" ${y}", "t": "Science" } } } }),
                ),
            ],
        ),
        setting(
            "training.instance",
            [
                ("local disk", none()),
                ("no local disk", of(json!({ "instance": "ml.p3.2xlarge" }))),
                (
                    "several",
                    of(json!({ "instance": ["ml.g5.xlarge", "ml.g4dn.xlarge", "ml.p3.2xlarge"] })),
                ),
            ],
        ),
        setting(
            "training.count",
            [("1", none()), ("2", of(json!({ "count": 2 })))],
        ),
        setting(
            "training.spot",
            [
                ("off", none()),
                ("on", of(json!({ "spot": { "max_wait": "4h" } }))),
            ],
        ),
        setting(
            "training.max_pending",
            [("off", none()), ("on", of(json!({ "max_pending": "2h" })))],
        ),
        setting(
            "training.keep_alive",
            [("off", none()), ("on", of(json!({ "keep_alive": "10m" })))],
        ),
        setting(
            "training.retries",
            [("off", none()), ("on", of(json!({ "retries": 2 })))],
        ),
        setting(
            "training.environment",
            [
                ("none", none()),
                (
                    "some",
                    of(
                        json!({ "environment": { "HF_HUB_OFFLINE": "1", "GREETING": "a \"b\" ${c} {{d}} é" } }),
                    ),
                ),
            ],
        ),
        setting(
            "training.hyperparameters",
            [
                ("some", none()),
                ("none", of(json!({ "hyperparameters": {} }))),
            ],
        ),
        setting(
            "training.metrics",
            [
                ("none", none()),
                (
                    "one",
                    of(json!({ "metrics": { "eval_accuracy": "eval_accuracy=([0-9.]+)" } })),
                ),
                (
                    "with a gate",
                    of(json!({
                "metrics": { "eval_accuracy": "eval_accuracy=([0-9.]+)" },
                "gates": { "eval_accuracy": ">= 0.93" } })),
                ),
            ],
        ),
        setting(
            "training.network",
            [
                ("none", none()),
                ("vpc", of(json!({ "network": vpc() }))),
                ("isolation", of(json!({ "network": { "isolation": true } }))),
                (
                    "vpc and isolation",
                    of(json!({ "network": merged(vpc(), json!({ "isolation": true })) })),
                ),
            ],
        ),
        setting(
            "training.encrypt_traffic",
            [
                ("off", none()),
                ("on", of(json!({ "network": { "encrypt_traffic": true } }))),
            ],
        ),
        setting(
            "training.volume_key",
            [
                ("off", none()),
                (
                    "on",
                    of(json!({ "encryption": { "volume_key": key("1") } })),
                ),
            ],
        ),
        setting(
            "training.output_key",
            [
                ("off", none()),
                (
                    "on",
                    of(json!({ "encryption": { "output_key": key("2") } })),
                ),
            ],
        ),
    ]
}

fn vpc() -> Value {
    json!({
        "subnets": ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"],
        "security_groups": ["sg-0cccccccccccccccc"],
    })
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn endpoint() -> Vec<Setting> {
    let of = |value: Value| json!({ "endpoint": value });
    let none = || json!({});
    let rollout = |value: Value| of(json!({ "rollout": value }));
    vec![
        setting(
            "endpoint.capacity",
            [
                ("instance", none()),
                (
                    "several",
                    of(json!({ "instance": ["ml.m5.xlarge", "ml.c5.xlarge", "ml.m5.2xlarge"] })),
                ),
                (
                    "serverless",
                    of(json!({ "instance": null,
                "serverless": { "memory": "4 GiB", "max_concurrency": 5 } })),
                ),
                (
                    "serverless, provisioned",
                    of(json!({ "instance": null,
                "serverless": { "memory": "6 GiB", "max_concurrency": 20, "provisioned_concurrency": 1 } })),
                ),
            ],
        ),
        setting(
            "endpoint.count",
            [("1", none()), ("4", of(json!({ "count": 4 })))],
        ),
        setting(
            "endpoint.autoscaling",
            [
                ("off", none()),
                (
                    "on",
                    of(
                        json!({ "autoscaling": { "min": 2, "max": 8, "invocations_per_instance": 200,
                "scale_out_after": "1m", "scale_in_after": "10m" } }),
                    ),
                ),
            ],
        ),
        setting(
            "endpoint.rollout",
            [
                ("all-at-once", none()),
                (
                    "canary",
                    rollout(json!({ "canary": { "size": "25%", "wait": "5m" } })),
                ),
                (
                    "canary, timed",
                    rollout(json!({ "canary": { "size": 1, "wait": "5m", "max_duration": "1h" } })),
                ),
                (
                    "linear",
                    rollout(json!({ "linear": { "step": "25%", "wait": "5m" } })),
                ),
                (
                    "rolling",
                    rollout(json!({ "rolling": { "batch": "25%", "wait": "5m" } })),
                ),
                (
                    "rolling, timed",
                    rollout(
                        json!({ "rolling": { "batch": 1, "wait": "5m", "max_duration": "2h" } }),
                    ),
                ),
            ],
        ),
        setting(
            "endpoint.capture",
            [
                ("off", none()),
                ("on", of(json!({ "capture": { "sample": "10%" } }))),
                (
                    "with a key",
                    of(json!({ "capture": {}, "encryption": { "capture_key": key("4") } })),
                ),
            ],
        ),
        setting(
            "endpoint.volume_key",
            [
                ("off", none()),
                (
                    "on",
                    of(json!({ "encryption": { "volume_key": key("3") } })),
                ),
            ],
        ),
        setting(
            "function.concurrency",
            [
                ("off", none()),
                ("on", json!({ "function": { "concurrency": 10 } })),
            ],
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn api() -> Vec<Setting> {
    let of = |value: Value| json!({ "api": value });
    let none = || json!({});
    let jwt = |issuer: &str| json!({ "jwt": { "issuer": issuer, "audience": ["news", "press"] } });
    let throttle = || json!({ "rate": 0.5, "burst": 10 });
    vec![
        setting(
            "api.routes",
            [
                ("one", none()),
                (
                    "two",
                    of(json!({ "routes": ["POST /classify", "GET /health"] })),
                ),
                (
                    "one throttled",
                    of(json!({ "routes": [
                { "route": "POST /classify", "throttle": throttle() },
                "POST /v2/classify-all",
            ] })),
                ),
                (
                    "every kind of auth",
                    of(json!({ "routes": [
                { "route": "POST /classify", "auth": jwt("https://login.example.com/") },
                { "route": "GET /health", "auth": "none", "throttle": throttle() },
                { "route": "PUT /classify", "auth": "iam" },
                { "route": "PATCH /classify", "auth": jwt("https://other.example.com/") },
            ] })),
                ),
            ],
        ),
        setting(
            "api.auth",
            [
                ("none", none()),
                ("iam", of(json!({ "auth": "iam" }))),
                (
                    "jwt",
                    of(json!({ "auth": jwt("https://login.example.com/") })),
                ),
            ],
        ),
        setting(
            "api.cors",
            [
                ("off", none()),
                (
                    "any origin",
                    of(json!({ "cors": { "origins": ["*"], "methods": ["POST"] } })),
                ),
                (
                    "all fields",
                    of(
                        json!({ "cors": { "origins": ["https://example.com", "http://localhost:3000"],
                "methods": ["POST", "GET"], "headers": ["content-type", "authorization"],
                "max_age": "1h", "credentials": true } }),
                    ),
                ),
            ],
        ),
        setting(
            "api.domain",
            [
                ("off", none()),
                (
                    "on",
                    of(
                        json!({ "domain": { "name": "news.example.com", "certificate":
                "arn:aws:acm:REGION:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab" } }),
                    ),
                ),
            ],
        ),
        setting(
            "api.throttle",
            [
                ("default", none()),
                (
                    "set",
                    of(json!({ "throttle": { "rate": 50, "burst": 100 } })),
                ),
            ],
        ),
        setting(
            "api.access_logs",
            [("on", none()), ("off", of(json!({ "access_logs": false })))],
        ),
    ]
}

/// A model that is brought, in place of what the plain stack trains.
fn brought(model: &Value) -> Value {
    json!({ "data": null, "training": null, "model": model })
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn around() -> Vec<Setting> {
    let none = || json!({});
    let archive = repository().join("stacks/examples/own-model/model.tar.gz");
    vec![
        setting(
            "model",
            [
                ("trained", none()),
                ("file", brought(&json!({ "artifact": archive }))),
                (
                    "s3",
                    brought(&json!({ "artifact": "s3://news-models/2026/model.tar.gz",
                "sha256": "0123456789abcdef".repeat(4) })),
                ),
            ],
        ),
        setting(
            "batch",
            [
                ("off", none()),
                (
                    "multi-record",
                    json!({ "batch": { "instance": "ml.m5.xlarge", "count": 2,
                "strategy": "multi-record", "max_payload": "1 MiB", "max_concurrency": 4 } }),
                ),
                (
                    "single-record",
                    json!({ "batch": { "instance": "ml.m5.xlarge",
                "strategy": "single-record" } }),
                ),
            ],
        ),
        setting(
            "notebook",
            [
                ("off", none()),
                (
                    "on",
                    json!({ "notebook": { "instance": "ml.t3.medium", "volume": "20 GiB" } }),
                ),
            ],
        ),
        setting(
            "alarms",
            [
                ("off", none()),
                (
                    "silent",
                    json!({ "alarms": { "errors": 5, "latency": "2s", "window": "5m" } }),
                ),
                (
                    "notify",
                    json!({ "alarms": { "errors": 1, "latency": "800ms", "window": "1m",
                "notify": "arn:aws:sns:REGION:111122223333:trouble" } }),
                ),
            ],
        ),
        setting(
            "logs.retention",
            [
                ("30d", none()),
                ("365d", json!({ "logs": { "retention": "365d" } })),
            ],
        ),
        setting(
            "permissions_boundary",
            [
                ("none", none()),
                (
                    "a policy",
                    json!({ "permissions_boundary": "arn:aws:iam::111122223333:policy/boundary" }),
                ),
            ],
        ),
        setting(
            "tags",
            [
                ("none", none()),
                (
                    "some",
                    json!({ "tags": { "project": "x", "cost-centre": "a: b + c", "owner": "é@example.com" } }),
                ),
            ],
        ),
    ]
}

/// Puts the map `over` over `value`: maps merge, everything else replaces.
pub(super) fn merged(mut value: Value, over: Value) -> Value {
    match (&mut value, over) {
        (Value::Object(map), Value::Object(over)) => {
            for (name, over) in over {
                let below = map.remove(&name).unwrap_or(Value::Null);
                map.insert(name, merged(below, over));
            }
            value
        }
        (_, over) => over,
    }
}

/// The space of all stacks of these options: the language's own rules say what cannot stand together.
pub(super) fn space(options: &[Setting]) -> Space {
    let values = |name: &str| -> Vec<(&str, Choice)> {
        let dimension = options.iter().position(|option| option.name == name);
        let dimension = dimension.unwrap_or_else(|| panic!("no option {name}"));
        let values = options[dimension].values.iter().enumerate();
        values
            .map(|(index, (value, _))| (*value, (dimension, index)))
            .collect()
    };
    let are = |name: &str, which: &[&str]| -> Vec<Choice> {
        let all = values(name);
        which
            .iter()
            .map(|wanted| {
                let found = all.iter().find(|(value, _)| value == wanted);
                found.unwrap_or_else(|| panic!("{name} has no {wanted}")).1
            })
            .collect()
    };
    let not = |name: &str, plain: &str| -> Vec<Choice> {
        let others = values(name)
            .into_iter()
            .filter(|(value, _)| *value != plain);
        others.map(|(_, choice)| choice).collect()
    };
    let serverless = || {
        are(
            "endpoint.capacity",
            &["serverless", "serverless, provisioned"],
        )
    };
    let careful = || not("endpoint.rollout", "all-at-once");
    let untrained = || not("model", "trained");
    // What is said of data and training is for those who train: of each option there, the first value only.
    let of_training =
        |option: &&Setting| option.name.starts_with("data") || option.name.starts_with("training.");
    let trained = options.iter().filter(of_training);
    let trained = trained.map(|option| vec![untrained(), not(option.name, option.values[0].0)]);
    let mut rules: Vec<Vec<Vec<Choice>>> = trained.collect();
    rules.extend([
        // Several instance types are on demand only.
        vec![
            are("training.instance", &["several"]),
            are("training.spot", &["on"]),
        ],
        // Spare capacity is not kept.
        vec![
            are("training.keep_alive", &["on"]),
            are("training.spot", &["on"]),
        ],
        // Local disks have keys of their own.
        vec![
            are("training.volume_key", &["on"]),
            are("training.instance", &["local disk", "several"]),
        ],
        // Between several instances only.
        vec![
            are("training.encrypt_traffic", &["on"]),
            are("training.count", &["1"]),
        ],
        // Without instances, nothing about instances.
        vec![serverless(), are("endpoint.count", &["4"])],
        vec![serverless(), are("endpoint.autoscaling", &["on"])],
        vec![serverless(), careful()],
        vec![serverless(), are("endpoint.volume_key", &["on"])],
        vec![serverless(), not("endpoint.capture", "off")],
        // A careful rollout needs alarms and two instances.
        vec![careful(), are("alarms", &["off"])],
        vec![
            careful(),
            are("endpoint.count", &["1"]),
            are("endpoint.autoscaling", &["off"]),
        ],
    ]);
    Space {
        sizes: options.iter().map(|option| option.values.len()).collect(),
        forbidden: rules.iter().flat_map(|rule| product(rule)).collect(),
    }
}

/// One choice of each list, in all ways.
fn product(lists: &[Vec<Choice>]) -> Vec<Vec<Choice>> {
    lists.iter().fold(vec![Vec::new()], |clauses, list| {
        let longer = |clause: &Vec<Choice>| -> Vec<Vec<Choice>> {
            let one = |choice: &Choice| [clause.as_slice(), &[*choice]].concat();
            list.iter().map(one).collect()
        };
        clauses.iter().flat_map(longer).collect()
    })
}
