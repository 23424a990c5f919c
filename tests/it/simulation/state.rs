//! What there is in an account, in lines that can be compared: without what differs from run to run,
//! such as times, random ids and the history.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use regex::Regex;
use serde_json::Value;

use super::world::{KEY, SECRET, URL, World};

/// Key of the environment's lock.
const LOCK: &str = "deploy/lock.json";

/// Lists everything, sorted.
pub(super) async fn state(world: &World) -> Vec<String> {
    world.save();
    let mut lines = Vec::new();
    stacks(world.path(), &mut lines);
    training(world.path(), &mut lines);
    serving(world.path(), &mut lines);
    registry(world.path(), &mut lines);
    log_groups(&world.path().join("logs"), &mut lines);
    objects(world, &mut lines).await;
    let ids = api_ids(world.path());
    for line in &mut lines {
        *line = without_chance(line, &ids);
    }
    lines.sort();
    lines
}

/// Says what differs between what should be and what is, line by line; empty when nothing does.
pub(super) fn difference(should: &[String], is: &[String]) -> String {
    let lacks = |those: &[String], line: &String| {
        let count = |lines: &[String]| lines.iter().filter(|other| *other == line).count();
        count(those) < count(should).max(count(is))
    };
    let missing = should.iter().filter(|line| lacks(is, line));
    let surplus = is.iter().filter(|line| lacks(should, line));
    let missing = missing.map(|line| format!("  missing {line}\n"));
    missing
        .chain(surplus.map(|line| format!("  surplus {line}\n")))
        .collect()
}

fn stacks(folder: &Path, lines: &mut Vec<String>) {
    for stack in entries(&read(folder, "cloudformation"), "stacks") {
        if stack["status"] == "DELETE_COMPLETE" {
            continue;
        }
        let name = text(&stack["name"]);
        lines.push(format!("stack {name} {}", text(&stack["status"])));
        if !stack["operation"].is_null() {
            lines.push(format!("stack {name} is being changed"));
        }
        for kind in ["parameters", "tags"] {
            let values = stack["definition"][kind].as_object().unwrap();
            let line = |(key, value)| format!("stack {name} {kind} {key}={value}");
            lines.extend(values.iter().map(line));
        }
        for output in entries(stack, "outputs") {
            lines.push(format!(
                "stack {name} output {} {}",
                output["key"], output["value"]
            ));
        }
        for set in entries(stack, "change_sets") {
            if set["execution"] == "Available" || set["execution"] == "InProgress" {
                lines.push(format!("stack {name} change set waits"));
            }
        }
        for resource in entries(stack, "resources") {
            lines.push(format!(
                "stack {name} {} {} {} {} {}",
                text(&resource["kind"]),
                text(&resource["logical_id"]),
                text(&resource["status"]),
                resource["physical_id"],
                resource["properties"],
            ));
        }
        for resource in entries(stack, "leftovers") {
            lines.push(format!(
                "stack {name} leftover {}",
                text(&resource["logical_id"])
            ));
        }
    }
}

fn training(folder: &Path, lines: &mut Vec<String>) {
    for job in entries(&read(folder, "sagemaker"), "jobs") {
        lines.push(format!(
            "training job {} {}",
            job["record"]["name"], job["status"]
        ));
    }
}

fn serving(folder: &Path, lines: &mut Vec<String>) {
    let sagemaker = read(folder, "sagemaker");
    for kind in ["models", "configs"] {
        for record in entries(&sagemaker, kind) {
            lines.push(format!("{kind} {} {}", record["name"], record["request"]));
        }
    }
    for endpoint in entries(&sagemaker, "endpoints") {
        lines.push(format!(
            "endpoint {} {} {} {}",
            endpoint["record"]["name"], endpoint["status"], endpoint["current"], endpoint["next"]
        ));
    }
    for alarm in entries(&read(folder, "cloudwatch"), "alarms") {
        lines.push(format!("alarm {} {}", alarm["name"], alarm["request"]));
    }
    for target in entries(&read(folder, "autoscaling"), "targets") {
        lines.push(format!(
            "target {} {} {} {}",
            target["id"], target["min"], target["max"], target["policies"]
        ));
    }
    for role in read(folder, "iam")["roles"].as_object().unwrap().keys() {
        lines.push(format!("role {role}"));
    }
    for function in entries(&read(folder, "lambda"), "functions") {
        lines.push(format!(
            "function {} {} {} {}",
            function["name"], function["environment"], function["code"], function["policy"]
        ));
    }
    for api in entries(&read(folder, "apigateway"), "apis") {
        let count = |kind: &str| api[kind].as_object().unwrap().len();
        lines.push(format!(
            "API {} with {} integrations, {} routes, {} stages",
            api["name"],
            count("integrations"),
            count("routes"),
            count("stages")
        ));
    }
}

fn registry(folder: &Path, lines: &mut Vec<String>) {
    let sagemaker = read(folder, "sagemaker");
    for group in entries(&sagemaker, "package_groups") {
        lines.push(format!("versions of {}", group["record"]["name"]));
    }
    for package in entries(&sagemaker, "packages") {
        let described = &package["record"]["request"]["ModelPackageDescription"];
        lines.push(format!("version {described} {}", package["approval"]));
    }
}

fn log_groups(folder: &Path, lines: &mut Vec<String>) {
    let Ok(found) = fs::read_dir(folder) else {
        return;
    };
    for entry in found {
        let group = entry.unwrap().path().join("group.json");
        if let Ok(bytes) = fs::read(&group) {
            let group: Value = serde_json::from_slice(&bytes).unwrap();
            lines.push(format!(
                "log group {} {}",
                group["name"], group["retention_days"]
            ));
        }
    }
}

/// The id of the run that holds the lock of an environment, though it may be gone.
pub(super) async fn lock_holder(world: &World) -> Option<String> {
    let client = client(world);
    let buckets = client.list_buckets().send().await.unwrap();
    for bucket in buckets.buckets().iter().filter_map(|bucket| bucket.name()) {
        let lock = client.get_object().bucket(bucket).key(LOCK).send().await;
        let Ok(lock) = lock else { continue };
        let text = lock.body.collect().await.unwrap().into_bytes();
        let note: Value = serde_json::from_slice(&text).unwrap();
        return Some(self::text(&note["worker"]["id"]).to_owned());
    }
    None
}

/// A client of S3 that is none of deploy's.
pub(super) fn client(world: &World) -> aws_sdk_s3::Client {
    let connector = SharedHttpConnector::new(world.wire(Vec::new()));
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(URL)
        .force_path_style(true)
        .credentials_provider(Credentials::new(KEY, SECRET, None, None, "simulated"))
        .http_client(http_client_fn(move |_, _| connector.clone()));
    aws_sdk_s3::Client::from_conf(config.build())
}

async fn objects(world: &World, lines: &mut Vec<String>) {
    let client = client(world);
    let buckets = client.list_buckets().send().await.unwrap();
    for bucket in buckets.buckets() {
        let bucket = bucket.name().unwrap();
        lines.push(format!("bucket {bucket}"));
        let objects = client
            .list_objects_v2()
            .bucket(bucket)
            .send()
            .await
            .unwrap();
        // Whether the lock is free is a question of its own.
        let objects = objects.contents().iter();
        for object in objects.filter(|object| object.key() != Some(LOCK)) {
            lines.push(format!(
                "bucket {bucket} {}",
                undated(object.key().unwrap())
            ));
        }
        let uploads = client.list_multipart_uploads().bucket(bucket).send().await;
        for upload in uploads.unwrap().uploads() {
            lines.push(format!(
                "bucket {bucket} unfinished {}",
                upload.key().unwrap()
            ));
        }
    }
}

/// The key without what depends on the time: the digest of a release's record. Two records of one release
/// are two lines still.
fn undated(key: &str) -> String {
    match key
        .strip_prefix("releases/")
        .and_then(|rest| rest.split_once('/'))
    {
        Some((release, _)) => format!("releases/{release}/…"),
        None => key.to_owned(),
    }
}

fn read(folder: &Path, service: &str) -> Value {
    let path = folder.join(format!("state/{service}.json"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The members of an object or list.
fn entries<'a>(of: &'a Value, name: &str) -> Vec<&'a Value> {
    match &of[name] {
        Value::Object(members) => members.values().collect(),
        Value::Array(list) => list.iter().collect(),
        other => panic!("{name} is {other}"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The random ids of the APIs and of their parts.
fn api_ids(folder: &Path) -> Vec<String> {
    let mut ids = Vec::new();
    for (id, api) in read(folder, "apigateway")["apis"].as_object().unwrap() {
        ids.push(id.clone());
        for kind in ["integrations", "routes"] {
            ids.extend(api[kind].as_object().unwrap().keys().cloned());
        }
    }
    ids
}

/// Takes random ids out of a line.
fn without_chance(line: &str, ids: &[String]) -> String {
    static UUID: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap());
    static SUFFIX: LazyLock<Regex> = LazyLock::new(|| Regex::new("-[A-Z0-9]{12}\\b").unwrap());
    let line = UUID.replace_all(line, "<uuid>");
    let line = SUFFIX.replace_all(&line, |found: &regex::Captures<'_>| {
        // The pretend account is twelve digits too.
        if found[0].bytes().skip(1).all(|byte| byte.is_ascii_digit()) {
            found[0].to_owned()
        } else {
            "-<suffix>".to_owned()
        }
    });
    ids.iter()
        .fold(line.into_owned(), |line, id| line.replace(id, "<id>"))
}
