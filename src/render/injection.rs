//! Hostile texts in the place of every value that a template can name: none gets out of its place.
//!
//! The values are changed behind the back of the stack file's checks, and found by walking through
//! them, so that a new field is covered without being listed here.

use std::path::Path;

use serde_json::Value;

use super::*;
use crate::stack::StackFile;

/// What no reader should take for anything but text, all of it in one value.
const HOSTILE: [&str; 2] = [
    "\"quoted\" 'single' `tick` \\ back \\n {{ 1 + 1 }} {% if x %} {# c #} {{ __tera_context }} \
     {% endif %} ${AWS::AccountId} ${Bucket} ${!Literal} $${X} !Ref Bucket # c &anchor *alias <<: % \
     key: [1, {2: 3}] \u{202e}\u{2066}bidi\u{2069}\u{200b} \u{1f600} é \u{10fffd} \u{e000} \u{f0000}\u{f0003}",
    "line\nbreak\r\nand\ttab\n- a: b # c\n---\n...\n  indented: \"\n \
     \u{85}\u{2028}\u{2029}\u{feff}\u{7f}\u{1b}[31m\u{7}\u{0}",
];
const HARMLESS: &str = "harmless";

fn stack(environment: &str) -> Stack {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/news-classifier/stack.yaml");
    let file = StackFile::read(&path).unwrap();
    file.environment(environment).unwrap()
}

/// What the shipped stack leaves out, once with instances and once without.
const MORE: [&str; 2] = [
    "
training:
  instance: ml.p3.2xlarge
  count: 2
  max_pending: 2h
  environment: { NAME: value }
  network: { subnets: [subnet-0123456789abcdef0], security_groups: [sg-0123456789abcdef0], encrypt_traffic: true }
  encryption: { volume_key: KEY, output_key: KEY }
endpoint:
  instance: [ml.m5.large, ml.m5.xlarge]
  count: 4
  autoscaling: { min: 2, max: 8, invocations_per_instance: 200 }
  rollout: { canary: { size: 25%, wait: 5m } }
  capture: { sample: 10% }
  encryption: { volume_key: KEY, capture_key: KEY }
function: { concurrency: 10 }
api:
  routes: [POST /classify, { route: GET /health, auth: iam, throttle: { rate: 5, burst: 10 } }]
  auth: { jwt: { issuer: \"https://example.com/pool\", audience: [one, two] } }
  domain: { name: news.example.com, certificate: CERTIFICATE }
  cors: { origins: [\"https://example.com\"], methods: [POST], headers: [content-type], max_age: 1h }
batch: { instance: ml.m5.xlarge, strategy: single-record, max_concurrency: 4 }
notebook: { instance: ml.t3.medium, volume: 20 GiB }
alarms: { errors: 5, latency: 2s, window: 5m, notify: TOPIC }
",
    "
training: { spot: { max_wait: 4h } }
endpoint:
  count: null
  instance: null
  serverless: { memory: 4 GiB, max_concurrency: 5, provisioned_concurrency: 1 }
api: { auth: iam, access_logs: false }
",
];

/// Environments that have every section between them.
fn stacks() -> Vec<Stack> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/news-classifier");
    let text = std::fs::read_to_string(root.join("stack.yaml")).unwrap();
    let text = text.replace("../..", root.join("../..").to_str().unwrap());
    let data = root.join("data/headlines.csv");
    let text = text.replace("data/headlines.csv", data.to_str().unwrap());
    let mut stacks = vec![stack("staging")];
    for (index, more) in MORE.iter().enumerate() {
        let key = "arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef";
        let more = more.replace("KEY", key);
        let certificate = "01234567-89ab-cdef-0123-456789abcdef";
        let certificate = format!("arn:aws:acm:eu-west-1:111122223333:certificate/{certificate}");
        let more = more.replace("CERTIFICATE", &certificate);
        let more = more.replace("TOPIC", "arn:aws:sns:eu-west-1:111122223333:alerts");
        let own = more.trim().replace('\n', "\n    ");
        let target = "target: { account: \"111122223333\", region: eu-west-1 }";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stack.yaml");
        let whole = format!("{text}\n  more{index}:\n    {target}\n    {own}\n");
        std::fs::write(&path, whole).unwrap();
        let file = StackFile::read(&path).unwrap_or_else(|problems| panic!("{problems}"));
        let stack = file.environment(&format!("more{index}"));
        stacks.push(stack.unwrap_or_else(|problems| panic!("{problems}")));
    }
    stacks
}

/// The JSON pointers of all texts in a tree.
fn texts(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(pointer.to_owned()),
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                texts(inner, &format!("{pointer}/{index}"), found);
            }
        }
        Value::Object(map) => {
            for (key, inner) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                texts(inner, &format!("{pointer}/{key}"), found);
            }
        }
        _ => {}
    }
}

/// Puts the hostile text back to the harmless one everywhere, reading `!Sub` as CloudFormation does.
fn disarmed(value: &Value, in_sub: bool, hostile: &str) -> Value {
    let text = |text: &str| {
        let text = if in_sub {
            substituted(text)
        } else {
            text.to_owned()
        };
        text.replace(hostile, &put(HARMLESS))
    };
    match value {
        Value::String(own) => Value::String(text(own)),
        Value::Array(list) => list
            .iter()
            .map(|inner| disarmed(inner, in_sub, hostile))
            .collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, inner)| (text(key), disarmed(inner, key == "Fn::Sub", hostile)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// What CloudFormation makes of a text of `!Sub`: `${!` is a plain `${`, `${` a reference.
fn substituted(text: &str) -> String {
    text.replace("${!", "\u{1}")
        .replace("${", "<reference to ")
        .replace('\u{1}', "${")
}

/// A value as it is put in: with ends of its own, so that it is found again.
fn put(text: &str) -> String {
    format!("q7{text}7q")
}

fn documents(stack: &Stack, library: &Library, values: &Value) -> Vec<Value> {
    let rendered = render_values(stack, library, values).unwrap_or_else(|error| panic!("{error}"));
    let mut documents = vec![
        rendered.foundation.body().clone(),
        rendered.service.body().clone(),
    ];
    let requests = [rendered.training_job, rendered.transform_job];
    documents.extend(
        requests
            .into_iter()
            .flatten()
            .map(|job| job.value().clone()),
    );
    documents
}

#[test]
fn no_value_gets_out_of_its_place() {
    let library = Library::builtin();
    for stack in stacks() {
        let values = template_values(&stack);
        let mut pointers = Vec::new();
        texts(&values, "", &mut pointers);
        assert!(pointers.len() > 30, "{pointers:?}");
        for pointer in pointers {
            let with = |text: &str, back: &str| -> Vec<Value> {
                let mut values = values.clone();
                *values.pointer_mut(&pointer).unwrap() = Value::String(put(text));
                let documents = documents(&stack, &library, &values);
                let one = |value: &Value| disarmed(value, false, back);
                documents.iter().map(one).collect()
            };
            let expected = with(HARMLESS, "\u{0}none");
            for hostile in HOSTILE {
                let found = with(hostile, &put(hostile));
                assert_eq!(found, expected, "{pointer} {hostile:?}");
            }
        }
    }
}

/// An open `${` in a `!Sub` would take in the text behind it; no way of writing it is safe.
#[test]
fn an_open_reference_is_refused_or_harmless() {
    let library = Library::builtin();
    let stack = stack("staging");
    let values = template_values(&stack);
    let mut pointers = Vec::new();
    texts(&values, "", &mut pointers);
    let mut refused = 0;
    for pointer in pointers {
        let with = |text: &str| {
            let mut values = values.clone();
            *values.pointer_mut(&pointer).unwrap() = Value::String(put(text));
            render_values(&stack, &library, &values)
        };
        match with("a ${b") {
            Err(error) => {
                assert!(error.to_string().contains("`${`"), "{error}");
                refused += 1;
            }
            Ok(rendered) => {
                let text = rendered.service.body().to_string();
                assert!(!text.contains("Fn::Sub\":\"q7a ${b"), "{pointer}");
            }
        }
    }
    assert!(refused > 2);
}
