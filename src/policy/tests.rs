//! All policies together: on the shipped stack, on arbitrary JSON, and in reports.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::report::{Report, json as to_json, sarif};
use super::*;
use crate::render::{Library, render};
use crate::stack::{Protection, StackFile};

fn service(body: &Value) -> Subject<'_> {
    Subject {
        stack: "s",
        environment: "e",
        protection: Protection::Protected,
        documents: [
            DocumentName::Foundation,
            DocumentName::Service,
            DocumentName::TrainingJob,
            DocumentName::TransformJob,
        ]
        .map(|name| Document {
            name,
            body,
            text: Cow::Owned(body.to_string()),
        })
        .into(),
    }
}

fn report(findings: &[Finding]) -> Report<'_> {
    Report {
        stack: "s",
        environments: vec!["e"],
        findings: findings.iter().collect(),
        threshold: Severity::Error,
        stack_file: "stacks/s/stack.yaml".into(),
    }
}

/// Violates many policies at once, with a secret in each place that a message could repeat.
fn bad() -> (Value, String) {
    let secret = format!("hf_{}", "aB3".repeat(12));
    let body = json!({"Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "PublicRead"}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument":
            {"Statement": [{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}]}}]}},
        "Model": {"Type": "AWS::SageMaker::Model", "Properties": {"PrimaryContainer":
            {"Image": format!("r/i:{secret}"), "Environment": {&secret: &secret}}}},
        &secret: {"Type": "AWS::ApiGatewayV2::Route", "Properties": {"RouteKey": &secret}},
    }});
    (body, secret)
}

#[test]
fn the_shipped_stack_has_no_errors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = StackFile::read(&root.join("stacks/news-classifier/stack.yaml")).unwrap();
    for stack in file.all().unwrap() {
        let rendered = render(&stack, &Library::builtin()).unwrap();
        let examined = examine(&Subject::new(&stack, &rendered), &BTreeMap::new());
        for finding in &examined.findings {
            println!(
                "{} {} {:?} {}",
                finding.policy.severity, finding.policy.id, finding.resource, finding.message
            );
            assert!(finding.line > 1, "{finding:?}");
            let waivable = finding.policy.severity < Severity::Error;
            assert!(waivable, "{}: {finding:?}", stack.environment);
        }
        assert!(!examined.findings.is_empty(), "the notes are true of it");
    }
}

#[test]
fn a_waived_finding_stays_with_its_reason_and_does_not_count() {
    let (body, _) = bad();
    let subject = service(&body);
    let waivers = BTreeMap::from([("S3-PUBLIC-ACL".to_owned(), "an open data set".to_owned())]);
    let examined = examine(&subject, &waivers);
    let of = |id: &str| {
        examined
            .findings
            .iter()
            .find(|f| f.policy.id == id)
            .unwrap()
    };
    let waived = of("S3-PUBLIC-ACL");
    assert_eq!(waived.waived.as_deref(), Some("an open data set"));
    assert!(!waived.counts(Severity::Note));
    assert!(of("IAM-ACTION-WILDCARD").counts(Severity::Error));
    assert_eq!(waived.property(), "AccessControl");
    let json = to_json(&report(&examined.findings));
    let listed = json["findings"].as_array().unwrap();
    let listed = listed
        .iter()
        .find(|found| found["id"] == "S3-PUBLIC-ACL")
        .unwrap();
    assert_eq!(listed["waived"], "an open data set");
    assert_eq!(listed["file"], "stacks/s/rendered/e/foundation.yaml");
}

#[test]
fn no_report_repeats_a_secret() {
    let (body, secret) = bad();
    let examined = examine(&service(&body), &BTreeMap::new());
    assert!(
        examined
            .findings
            .iter()
            .any(|f| f.policy.id == "SECRET-FORMAT")
    );
    for text in [
        to_json(&report(&examined.findings)).to_string(),
        sarif_text(&examined.findings),
        format!("{:?}", examined.findings),
    ] {
        assert!(!text.contains(&secret), "{text}");
    }
}

fn sarif_text(findings: &[Finding]) -> String {
    sarif(&report(findings)).to_string()
}

#[test]
fn a_fingerprint_survives_other_statements_and_tells_environments_apart() {
    let statement = |sid: &str, action: &str| json!({"Sid": sid, "Effect": "Allow", "Action": action, "Resource": "arn:aws:s3:::b"});
    let role = |statements: Value| {
        json!({"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"Policies":
            [{"PolicyName": "p", "PolicyDocument": {"Statement": statements}}]}}}})
    };
    let fingerprint = |body: &Value, environment: &str| {
        let mut subject = service(body);
        subject.environment = environment;
        let examined = examine(&subject, &BTreeMap::new());
        let found = examined
            .findings
            .iter()
            .find(|f| f.policy.id == "IAM-ACTION-WILDCARD");
        found.unwrap().fingerprint.clone()
    };
    let one = role(json!([statement("A", "s3:*")]));
    let two = role(json!([
        statement("New", "s3:GetObject"),
        statement("A", "s3:*")
    ]));
    assert_eq!(fingerprint(&one, "e"), fingerprint(&two, "e"));
    assert_ne!(fingerprint(&one, "e"), fingerprint(&one, "f"));
}

/// The schema is OASIS's for SARIF 2.1.0, as the crate `serde-sarif` 0.8.0 ships it (`src/schema.json`),
/// without its blanks.
#[test]
fn sarif_is_valid_by_the_schema_of_its_standard() {
    let mut schema: Value =
        serde_json::from_str(include_str!("../../tests/data/sarif-2.1.0.json")).unwrap();
    // The pattern of the published schema that is no valid expression; no log of ours has a language.
    for definition in ["run", "toolComponent"] {
        schema["definitions"][definition]["properties"]["language"]["pattern"] = json!("^$");
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    let (body, _) = bad();
    let waivers = BTreeMap::from([("S3-PUBLIC-ACL".to_owned(), "an open data set".to_owned())]);
    let mut examined = examine(&service(&body), &waivers);
    examined.trace(|document, _| {
        (document == DocumentName::Service).then(|| Origin {
            template: "service.yaml.tera:3".into(),
            stack_line: Some(7),
        })
    });
    let empty: Vec<Finding> = Vec::new();
    for findings in [&examined.findings, &empty] {
        let log = sarif(&report(findings));
        let errors: Vec<String> = validator
            .iter_errors(&log)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
        let run = &log["runs"][0];
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(
                run["tool"]["driver"]["rules"][index]["id"],
                result["ruleId"]
            );
            let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            assert!(
                uri.as_str().unwrap().starts_with("stacks/s/rendered/e/"),
                "{uri}"
            );
        }
    }
    let log = sarif(&report(&examined.findings));
    let results = log["runs"][0]["results"].as_array().unwrap();
    let traced = |result: &&Value| result["properties"]["document"] == "service";
    let traced = results.iter().find(traced).unwrap();
    let related = &traced["relatedLocations"][0]["physicalLocation"];
    assert_eq!(related["artifactLocation"]["uri"], "stacks/s/stack.yaml");
    assert_eq!(related["region"]["startLine"], 7);
    // The validator is not one that takes anything.
    let mut wrong = sarif(&report(&examined.findings));
    wrong["runs"][0]["results"][0]["level"] = json!("fatal");
    assert!(!validator.is_valid(&wrong));
}

/// Texts that templates have, and others.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 /~:*${}.-]{0,12}",
        prop::sample::select(vec![
            "*",
            "s3:*",
            "Allow",
            "Deny",
            "AWS::S3::Bucket",
            "AWS::IAM::Role",
            "2",
            "true",
            "AWS::Lambda::Function",
            "AWS::SageMaker::EndpointConfig",
            "AWS::ApiGatewayV2::Stage",
            "AWS::SageMaker::NotebookInstance",
            "AWS::ApiGatewayV2::Route",
            "AWS::SageMaker::Model",
            "AWS::S3::BucketPolicy",
            "AWS::Lambda::Permission",
            "AWS::SageMaker::Endpoint",
        ])
        .prop_map(str::to_owned),
    ]
}

/// Keys that templates have, and others.
fn keys() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z/~]{0,6}",
        prop::sample::select(vec![
            "Resources",
            "Properties",
            "Type",
            "Statement",
            "Effect",
            "Action",
            "Resource",
            "Principal",
            "Condition",
            "PolicyDocument",
            "AssumeRolePolicyDocument",
            "Policies",
            "Bucket",
            "Rules",
            "ProductionVariants",
            "InitialInstanceCount",
            "Timeout",
            "Ref",
            "Fn::Sub",
            "Fn::GetAtt",
            "Key",
            "Value",
            "Password",
            "Parameters",
            "Containers",
            "ResourceConfig",
            "InstanceType",
            "DefaultRouteSettings",
            "AllowOrigins",
        ])
        .prop_map(str::to_owned),
    ]
}

/// JSON that looks like a template often enough to get into every policy.
fn template_like() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 120, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((keys(), inner), 0..6)
                .prop_map(|pairs| Value::Object(Map::from_iter(pairs))),
        ]
    })
}

proptest! {
    #[test]
    fn no_policy_panics_and_every_place_is_there(properties in template_like(), kind in 0usize..12) {
        let kinds = [
            "AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::IAM::Role", "AWS::Lambda::Function",
            "AWS::SageMaker::EndpointConfig", "AWS::SageMaker::Endpoint", "AWS::SageMaker::Model",
            "AWS::ApiGatewayV2::Stage", "AWS::ApiGatewayV2::Route", "AWS::Lambda::Permission",
            "AWS::SageMaker::NotebookInstance", "AWS::ApiGatewayV2::Integration",
        ];
        let wrapped = json!({"Resources": {"a/b~": {"Type": kinds[kind], "Properties": properties}}});
        for body in [&wrapped, &properties] {
            let subject = service(body);
            for finding in &examine(&subject, &BTreeMap::new()).findings {
                prop_assert!(body.pointer(&finding.pointer).is_some(), "{finding:?}");
                prop_assert!(finding.line >= 1);
            }
        }
    }
}
