//! The shipped stack's templates, as they are rendered for `staging`, on `MiniStack`: foundation, then
//! service, an answer through the HTTP API, a change, and nothing left.
//!
//! `MiniStack` has no `SageMaker`, so the service comes without model and endpoint, and its function's
//! code is one that answers by itself.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use deploy::bundle::Bundles;
use deploy::cloud::Cloud;
use deploy::cloud::artifacts::Source;
use deploy::cloud::condition::StackStatus as Status;
use deploy::cloud::logs::Streams;
use deploy::cloud::stacks::{ChangeKind, ChangeRequest, DriftMode, StackState};
use deploy::plan::{Desired, Purpose};
use deploy::render::{Library, render};
use deploy::stack::{Stack, StackFile};
use serde_json::{Value, json};

use super::server::{REGION, SHIPPED_ACCOUNT as ACCOUNT, ministack};
use super::{carried_out, deleted, emptied};
use crate::support::repository;

/// The shipped environment with a function that answers by itself.
struct Shipped {
    stack: Stack,
    desired: Desired,
    service: Value,
    code: tempfile::TempDir,
    cloud: Cloud,
}

impl Shipped {
    async fn new() -> Self {
        let file = repository().join("stacks/news-classifier/stack.yaml");
        let mut stack = StackFile::read(&file)
            .unwrap()
            .environment("staging")
            .unwrap();
        assert_eq!(
            (stack.account.as_str(), stack.region.as_str()),
            (ACCOUNT, REGION)
        );
        let code = tempfile::tempdir().unwrap();
        stack.function.code = code.path().to_owned();
        write_function(&code, "first");
        let rendered = render(&stack, &Library::builtin()).unwrap();
        let desired = Desired::new(&stack, &rendered, &Bundles::of(&stack).unwrap());
        let service = without_sagemaker(rendered.service.body());
        let cloud = ministack().cloud(ACCOUNT).await;
        Self {
            stack,
            desired,
            service,
            code,
            cloud,
        }
    }

    fn calls(calls: &[(&str, &str, Value)]) -> Vec<Value> {
        ministack().second_client(ACCOUNT, calls)
    }

    fn request(&self, stack: &str, kind: ChangeKind, template: String) -> ChangeRequest {
        ChangeRequest {
            stack: stack.to_owned(),
            kind,
            name: format!("deploy-{kind:?}"),
            template,
            parameters: BTreeMap::from([("Fingerprint".to_owned(), "0f".repeat(32))]),
            tags: self.desired.tags.clone(),
            drift: DriftMode::Leave,
        }
    }

    async fn foundation(&self) -> StackState {
        let wanted = &self.desired.foundation;
        let create = self.request(&wanted.name, ChangeKind::Create, wanted.template.clone());
        carried_out(&self.cloud, &create, Status::CreateComplete).await
    }

    /// Uploads the function's code and brings the service to it.
    async fn service(&mut self, kind: ChangeKind, foundation: &StackState) -> StackState {
        let rendered = render(&self.stack, &Library::builtin()).unwrap();
        let bundles = Bundles::of(&self.stack).unwrap();
        self.desired = Desired::new(&self.stack, &rendered, &bundles);
        let mut uploads = self.desired.uploads.iter();
        let archive = uploads
            .find(|upload| upload.purpose == Purpose::Function)
            .unwrap();
        let bucket = &self.desired.deployment.names.bucket;
        let artifacts = &self.cloud.artifacts;
        artifacts
            .put(bucket, &archive.key, &archive.source, &|_| {})
            .await
            .unwrap();

        let name = &self.desired.service.name;
        let mut request = self.request(name, kind, self.service.to_string());
        let values = [
            ("BucketName", bucket.as_str()),
            ("HostingRoleArn", &foundation.outputs["HostingRoleArn"]),
            ("FunctionRoleArn", &foundation.outputs["FunctionRoleArn"]),
            ("ModelDataKey", "training/job/output/model.tar.gz"),
            ("TrainingKey", self.desired.training_key.as_str()),
            ("FunctionCodeKey", &archive.key),
        ];
        let values = values.map(|(key, value)| (key.to_owned(), value.to_owned()));
        request.parameters.extend(values);
        let expected = match kind {
            ChangeKind::Create => Status::CreateComplete,
            ChangeKind::Update => Status::UpdateComplete,
        };
        carried_out(&self.cloud, &request, expected).await
    }

    /// What the HTTP API answers.
    async fn answer(&self, service: &StackState) -> Value {
        // The endpoint that MiniStack names is a host name that few machines resolve; this is the same.
        let id = &service.outputs["ApiId"];
        let url = format!(
            "{}/_aws/execute-api/{id}/$default/classify",
            ministack().url()
        );
        let answer = self
            .cloud
            .web
            .post_json(&url, r#"{"headline":"x"}"#)
            .await
            .unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }
}

/// Writes a function that tells what it was called with.
fn write_function(code: &tempfile::TempDir, version: &str) {
    let text = format!(
        r#"import json, os
def handler(event, context):
    print("asked for", event["body"])
    answer = {{"version": "{version}", "route": event["routeKey"], "asked": json.loads(event["body"]),
              "endpoint": os.environ["ENDPOINT_NAME"]}}
    return {{"statusCode": 200, "headers": {{"content-type": "application/json"}}, "body": json.dumps(answer)}}
"#
    );
    fs::write(code.path().join("lambda_function.py"), text).unwrap();
}

fn without_sagemaker(template: &Value) -> Value {
    let mut template = template.clone();
    let resources = template["Resources"].as_object_mut().unwrap();
    let before = resources.len();
    resources.retain(|_, resource| {
        !resource["Type"]
            .as_str()
            .unwrap()
            .starts_with("AWS::SageMaker::")
    });
    assert_eq!(resources.len(), before - 3);
    let outputs = template["Outputs"].as_object_mut().unwrap();
    outputs
        .retain(|name, _| !["EndpointName", "EndpointConfigName", "ModelName"].contains(&&**name));
    template
}

/// The bucket's settings as the foundation's template asks for them.
fn check_bucket(bucket: &str) {
    let name = || json!({ "Bucket": bucket });
    let seen = Shipped::calls(&[
        ("s3", "get_bucket_versioning", name()),
        ("s3", "get_bucket_encryption", name()),
        ("s3", "get_public_access_block", name()),
        ("s3", "get_bucket_ownership_controls", name()),
        ("s3", "get_bucket_policy", name()),
    ]);
    assert_eq!(seen[0]["Status"], "Enabled");
    let encryption = &seen[1]["ServerSideEncryptionConfiguration"]["Rules"][0];
    assert_eq!(
        encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"],
        "AES256"
    );
    let block = seen[2]["PublicAccessBlockConfiguration"]
        .as_object()
        .unwrap();
    assert_eq!(block.len(), 4);
    assert!(block.values().all(|value| value == true), "{block:?}");
    assert_eq!(
        seen[3]["OwnershipControls"]["Rules"][0]["ObjectOwnership"],
        "BucketOwnerEnforced"
    );
    // MiniStack does not apply the template's lifecycle rules.
    let policy: Value = serde_json::from_str(seen[4]["Policy"].as_str().unwrap()).unwrap();
    let statement = &policy["Statement"][0];
    assert_eq!(
        (&statement["Effect"], &statement["Action"]),
        (&"Deny".into(), &"s3:*".into())
    );
    assert_eq!(
        statement["Condition"]["Bool"]["aws:SecureTransport"],
        "false"
    );
    let arn = format!("arn:aws:s3:::{bucket}");
    assert_eq!(statement["Resource"], json!([arn, format!("{arn}/*")]));
}

/// The roles' policies as the template asks for them, with every name in place.
fn check_roles(shipped: &Shipped, foundation: &StackState) {
    let bucket = &shipped.desired.deployment.names.bucket;
    for (output, policy, principal, resource) in [
        (
            "TrainingRoleArn",
            "training",
            "sagemaker",
            format!("arn:aws:s3:::{bucket}/data/*"),
        ),
        (
            "HostingRoleArn",
            "hosting",
            "sagemaker",
            format!("arn:aws:s3:::{bucket}/training/*"),
        ),
        (
            "FunctionRoleArn",
            "function",
            "lambda",
            format!("arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/news-classifier-staging"),
        ),
    ] {
        let name = foundation.outputs[output].rsplit('/').next().unwrap();
        let seen = Shipped::calls(&[
            ("iam", "get_role", json!({ "RoleName": name })),
            ("iam", "list_role_policies", json!({ "RoleName": name })),
            (
                "iam",
                "get_role_policy",
                json!({ "RoleName": name, "PolicyName": policy }),
            ),
        ]);
        let trust = &seen[0]["Role"]["AssumeRolePolicyDocument"]["Statement"][0];
        assert_eq!(
            trust["Principal"]["Service"],
            format!("{principal}.amazonaws.com")
        );
        assert_eq!(
            trust.get("Condition").is_some(),
            principal == "sagemaker",
            "{trust}"
        );
        assert_eq!(seen[1]["PolicyNames"], json!([policy]));
        let text = seen[2]["PolicyDocument"].to_string();
        assert!(text.contains(&resource), "{resource} is not in {text}");
        assert!(!text.contains("${AWS"), "{text}");
    }
}

/// The function, its log group and the API as the service's template asks for them.
fn check_service(shipped: &Shipped, service: &StackState) {
    let names = &shipped.desired.deployment.names;
    let api = || json!({ "ApiId": service.outputs["ApiId"] });
    let seen = Shipped::calls(&[
        (
            "lambda",
            "get_function",
            json!({ "FunctionName": names.function }),
        ),
        (
            "logs",
            "describe_log_groups",
            json!({ "logGroupNamePrefix": names.function_log_group }),
        ),
        ("apigatewayv2", "get_api", api()),
        ("apigatewayv2", "get_routes", api()),
        ("apigatewayv2", "get_stages", api()),
        (
            "lambda",
            "get_policy",
            json!({ "FunctionName": names.function }),
        ),
    ]);
    let function = &seen[0]["Configuration"];
    let mut uploads = shipped.desired.uploads.iter();
    let archive = uploads
        .find(|upload| upload.purpose == Purpose::Function)
        .unwrap();
    let Source::Bytes(bytes) = &archive.source else {
        panic!("the function's code is not in memory");
    };
    // The code that was uploaded is the code that runs.
    let digest = hex::decode(deploy::bundle::Digest::of_bytes(bytes).as_str()).unwrap();
    assert_eq!(function["CodeSha256"], BASE64_STANDARD.encode(digest));
    for (field, value) in [
        ("Handler", json!("lambda_function.handler")),
        ("Runtime", json!("python3.12")),
        ("MemorySize", json!(256)),
        ("Timeout", json!(25)),
        // The stand-in does not know an endpoint's attributes and gives an empty name; that the function gets
        // the real one is seen with the local engine, where it calls the endpoint.
        (
            "Environment",
            json!({ "Variables": { "ENDPOINT_NAME": "" } }),
        ),
    ] {
        assert_eq!(function[field], value, "{field}");
    }
    let tags: BTreeMap<String, String> = serde_json::from_value(seen[0]["Tags"].clone()).unwrap();
    for (key, value) in &shipped.desired.tags {
        assert_eq!(tags.get(key), Some(value), "{key}");
    }
    assert_eq!(seen[1]["logGroups"][0]["retentionInDays"], 30);
    assert_eq!(seen[2]["Tags"]["deploy:environment"], "staging");
    let stage = &seen[4]["Items"][0];
    assert_eq!(stage["StageName"], "$default");
    assert_eq!(stage["AutoDeploy"], true);
    // MiniStack does not tell the throttle.
    assert!(
        stage["AccessLogSettings"]["Format"]
            .as_str()
            .unwrap()
            .contains("$context.requestId")
    );
    check_routes(&seen[3], &seen[5]);
}

/// The example's API has two routes, each with a permission of its own.
fn check_routes(routes: &Value, policy: &Value) {
    let items = routes["Items"].as_array().unwrap();
    let mut routes: Vec<&str> = items
        .iter()
        .filter_map(|route| route["RouteKey"].as_str())
        .collect();
    routes.sort_unstable();
    assert_eq!(routes, ["GET /health", "POST /classify"]);
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let source = |statement: &Value| statement["Condition"]["ArnLike"]["AWS:SourceArn"].to_string();
    let mut sources: Vec<String> = statements.iter().map(source).collect();
    sources.sort_unstable();
    assert_eq!(sources.len(), 2, "{sources:?}");
    assert!(sources[0].ends_with("/*/GET/health\""), "{sources:?}");
    assert!(sources[1].ends_with("/*/POST/classify\""), "{sources:?}");
}

#[tokio::test]
async fn the_shipped_templates_are_brought_up_answer_change_and_go() {
    let mut shipped = Shipped::new().await;
    let foundation = shipped.foundation().await;
    let names = shipped.desired.deployment.names.clone();
    assert_eq!(foundation.outputs["BucketName"], names.bucket);
    assert_eq!(foundation.tags, shipped.desired.tags);
    check_bucket(&names.bucket);
    check_roles(&shipped, &foundation);

    let service = shipped.service(ChangeKind::Create, &foundation).await;
    check_service(&shipped, &service);
    let expected = |version: &str| {
        json!({
            "version": version,
            "route": "POST /classify",
            "asked": { "headline": "x" },
            "endpoint": "", // see `check_service`
        })
    };
    assert_eq!(shipped.answer(&service).await, expected("first"));
    let log = shipped
        .cloud
        .logs
        .read(&names.function_log_group, "", None, Streams::Known)
        .await
        .unwrap();
    let said = |text: &str| log.lines.iter().any(|line| line.text.contains(text));
    assert!(
        said(r#"asked for {"headline":"x"}"#) && said("REPORT"),
        "{log:?}"
    );

    // Other code is another key, and so a change of the stack.
    write_function(&shipped.code, "second");
    let service = shipped.service(ChangeKind::Update, &foundation).await;
    check_service(&shipped, &service);
    assert_eq!(shipped.answer(&service).await, expected("second"));

    deleted(&shipped.cloud, &service).await;
    emptied(&shipped.cloud, &names.bucket).await;
    deleted(&shipped.cloud, &foundation).await;
    let gone = Shipped::calls(&[
        ("s3", "list_buckets", json!({})),
        ("iam", "list_roles", json!({})),
        ("lambda", "list_functions", json!({})),
        ("apigatewayv2", "get_apis", json!({})),
        ("logs", "describe_log_groups", json!({})),
    ]);
    for (answer, list) in gone
        .iter()
        .zip(["Buckets", "Roles", "Functions", "Items", "logGroups"])
    {
        let none = answer[list].as_array().is_none_or(Vec::is_empty);
        assert!(none, "left: {answer}");
    }
}
