//! One small template per rule.

use serde_json::{Value, json};

use super::super::change::{Action, EnvironmentDiff, Severity};
use super::super::{Documents, compare_environment};

const ENDPOINT: &str = "AWS::SageMaker::Endpoint";
const CONFIG: &str = "AWS::SageMaker::EndpointConfig";

/// A service of resources, each by its type and properties; its id is its place.
fn service(resources: &[(&str, &Value)]) -> Documents {
    let mut all = serde_json::Map::new();
    for (number, (kind, properties)) in resources.iter().enumerate() {
        if !properties.is_null() {
            all.insert(
                format!("R{number}"),
                json!({"Type": kind, "Properties": properties}),
            );
        }
    }
    Documents::from([("service".to_owned(), json!({ "Resources": all }))])
}

fn between(before: &Documents, after: &Documents) -> EnvironmentDiff {
    compare_environment("prod", Some(before), Some(after), Vec::new())
}

/// What is said when one resource changes; `null` is one that is not there.
fn said(kind: &str, before: &Value, after: &Value) -> Vec<(Severity, String)> {
    let diff = between(&service(&[(kind, before)]), &service(&[(kind, after)]));
    let said = diff.consequences.into_iter();
    said.map(|one| (one.severity, one.text)).collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of rules, read as one")]
fn each_rule_speaks_when_it_should_and_not_the_other_way_round() {
    use Severity::{Caution, Danger, Info};
    let stage = |rate: &Value| json!({"StageName": "$default", "DefaultRouteSettings": {"ThrottlingRateLimit": rate}});
    let target = |most: u64| json!({"MaxCapacity": most});
    let notebook =
        |access: &str| json!({"InstanceType": "ml.t3.medium", "DirectInternetAccess": access});
    let serverless = json!({"ProductionVariants": [
        {"VariantName": "a", "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}]});
    let config = |instance: &str| {
        json!({"ProductionVariants": [
            {"VariantName": "a", "InstanceType": instance, "InitialInstanceCount": "1"}]})
    };
    let mut captured = config("ml.m5.large");
    captured["DataCaptureConfig"] = json!({"EnableCapture": true});
    let block = |value: &Value| {
        json!({"PublicAccessBlockConfiguration": {"BlockPublicAcls": true,
        "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": value}})
    };
    let versions = |status: &str| {
        let mut bucket = block(&json!(true));
        bucket["VersioningConfiguration"] = json!({"Status": status});
        bucket
    };
    let null = Value::Null;
    let rules: [(&str, Value, Value, Severity, &str); 17] = [
        (
            "AWS::ApiGatewayV2::Stage",
            stage(&json!(50)),
            stage(&json!("80")),
            Caution,
            "more is let through: 80 calls a second in place of 50",
        ),
        (
            "AWS::ApiGatewayV2::Stage",
            stage(&json!(50)),
            json!({"StageName": "$default"}),
            Caution,
            "the limit of 50 calls a second is taken away",
        ),
        (
            "AWS::ApiGatewayV2::Stage",
            json!({"StageName": "a"}),
            json!({"StageName": "b"}),
            Danger,
            "its address differs",
        ),
        (
            "AWS::ApiGatewayV2::Api",
            json!({"ProtocolType": "HTTP"}),
            json!({"ProtocolType": "WEBSOCKET"}),
            Danger,
            "gets another address",
        ),
        (
            "AWS::ApplicationAutoScaling::ScalableTarget",
            target(4),
            target(8),
            Caution,
            "up to 8 instances in place of 4",
        ),
        (
            "AWS::SageMaker::NotebookInstance",
            notebook("Disabled"),
            notebook("Enabled"),
            Caution,
            "can reach the internet directly",
        ),
        (
            "AWS::SageMaker::NotebookInstance",
            notebook("Disabled"),
            null.clone(),
            Danger,
            "the files on its volume are deleted",
        ),
        (
            CONFIG,
            config("ml.m5.large"),
            serverless.clone(),
            Danger,
            "from instances to serverless, which SageMaker refuses",
        ),
        (
            CONFIG,
            config("ml.m5.large"),
            captured.clone(),
            Caution,
            "what callers send and are answered is kept",
        ),
        (
            CONFIG,
            config("ml.m5.large"),
            config("ml.c5.large"),
            Caution,
            "another kind, look up its price",
        ),
        (
            "AWS::S3::Bucket",
            block(&json!("true")),
            block(&json!(false)),
            Danger,
            "can be made public: RestrictPublicBuckets is off",
        ),
        (
            "AWS::S3::Bucket",
            versions("Enabled"),
            versions("Suspended"),
            Danger,
            "keeps no old versions",
        ),
        (
            "AWS::Lambda::Url",
            json!({"AuthType": "AWS_IAM"}),
            json!({"AuthType": "NONE"}),
            Danger,
            "by its own URL",
        ),
        (
            "AWS::SageMaker::Model",
            json!({"VpcConfig": {"Subnets": ["s"]}}),
            json!({}),
            Caution,
            "leaves its VPC",
        ),
        (
            CONFIG,
            json!({"KmsKeyId": "k"}),
            json!({}),
            Caution,
            "no longer encrypted with its own key",
        ),
        (
            "AWS::CloudWatch::Alarm",
            json!({"Threshold": 1}),
            null.clone(),
            Caution,
            "nobody is told any more",
        ),
        (
            "AWS::KMS::Key",
            json!({"Enabled": true}),
            null,
            Danger,
            "cannot be read afterwards",
        ),
    ];
    for (kind, before, after, severity, text) in rules {
        let there = said(kind, &before, &after);
        let found = |said: &[(Severity, String)]| {
            said.iter()
                .any(|(one, said)| *one == severity && said.contains(text))
        };
        assert!(found(&there), "{kind} {text:?} is not in {there:#?}");
        let back = said(kind, &after, &before);
        // Another address is another one both ways, and so is another kind.
        let both_ways = text.contains("address") || text.contains("look up");
        assert_eq!(found(&back), both_ways, "{kind}: {back:#?}");
    }
    let down = said(CONFIG, &config("ml.m5.xlarge"), &config("ml.m5.large"));
    assert!(
        down.iter()
            .any(|(one, said)| *one == Info && said.ends_with("costs less")),
        "{down:?}"
    );
}

/// An endpoint whose configuration gets another number of instances.
fn rollout(deployment: &Value) -> Vec<String> {
    let config = |count: u64| {
        json!({"ProductionVariants": [
            {"VariantName": "a", "InstanceType": "ml.m5.large", "InitialInstanceCount": count}]})
    };
    let endpoint = json!({"EndpointName": "e", "DeploymentConfig": deployment,
        "EndpointConfigName": {"Fn::GetAtt": ["R0", "EndpointConfigName"]}});
    let side = |count| service(&[(CONFIG, &config(count)), (ENDPOINT, &endpoint)]);
    let diff = between(&side(3), &side(5));
    diff.consequences.into_iter().map(|one| one.text).collect()
}

#[test]
fn the_way_of_a_rollout_and_its_extra_instances_are_told() {
    let routing = |kind: &str, name: &str| {
        rollout(
            &json!({"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration":
            {"Type": kind, name: {"Type": "CAPACITY_PERCENT", "Value": 25}}}}),
        )
    };
    let has = |said: &[String], text: &str| {
        assert!(
            said.iter().any(|one| one.contains(text)),
            "{text:?} is not in {said:#?}"
        );
    };
    has(&rollout(&Value::Null), "blue/green, all traffic at once");
    has(&rollout(&Value::Null), "5 more `ml.m5.large` run beside");
    has(
        &routing("CANARY", "CanarySize"),
        "blue/green, 25% of the traffic first",
    );
    has(&routing("LINEAR", "LinearStepSize"), "in steps of 25%");
    let rolling = |kind: &str, value: u64| {
        rollout(
            &json!({"RollingUpdatePolicy": {"MaximumBatchSize": {"Type": kind, "Value": value}}}),
        )
    };
    has(&rolling("CAPACITY_PERCENT", 25), "rolling, 25% at a time");
    has(
        &rolling("CAPACITY_PERCENT", 25),
        "up to 2 more `ml.m5.large`",
    );
    has(&rolling("INSTANCE_COUNT", 1), "up to 1 more `ml.m5.large`");
}

#[test]
fn an_endpoint_with_another_name_is_replaced_and_one_that_goes_answers_nobody() {
    let endpoint = |name: &str| json!({"EndpointName": name, "EndpointConfigName": "c"});
    let renamed = said(ENDPOINT, &endpoint("a"), &endpoint("b"));
    assert!(
        renamed[0].1.contains("the endpoint `a` is replaced by `b`"),
        "{renamed:?}"
    );
    let gone = said(ENDPOINT, &endpoint("a"), &Value::Null);
    assert_eq!(
        gone[0],
        (
            Severity::Danger,
            "the endpoint `a` is removed: nothing answers".into()
        )
    );
}

#[test]
fn an_endpoint_of_the_other_kind_under_another_name_has_no_downtime() {
    let side = |name: &str, variant: &Value| {
        let config = json!({ "ProductionVariants": [variant] });
        let endpoint = json!({"EndpointName": name,
            "EndpointConfigName": {"Fn::GetAtt": ["R0", "EndpointConfigName"]}});
        service(&[(CONFIG, &config), (ENDPOINT, &endpoint)])
    };
    let instances = side(
        "e",
        &json!({"VariantName": "a", "InstanceType": "ml.m5.large"}),
    );
    let serverless = json!({"VariantName": "a", "ServerlessConfig": {"MemorySizeInMB": 2048}});
    for (before, after) in [
        (&instances, &side("e-serverless", &serverless)),
        (&side("e-serverless", &serverless), &instances),
    ] {
        let diff = between(before, after);
        let mut said = diff.consequences.iter();
        assert!(
            said.any(|one| one.severity == Severity::Info && one.text.contains("no downtime")),
            "{:#?}",
            diff.consequences
        );
        let refused = |text: &str| text.contains("refuses") || text.contains("changed back");
        assert!(!diff.consequences.iter().any(|one| refused(&one.text)));
    }
}

#[test]
fn what_is_retained_is_not_lost() {
    let side = |there: bool| {
        let mut documents = service(&[]);
        if there {
            documents.get_mut("service").unwrap()["Resources"]["B"] =
                json!({"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {}});
        }
        documents
    };
    let diff = between(&side(true), &side(false));
    assert_eq!(diff.consequences[0].severity, Severity::Caution);
    assert!(
        diff.consequences[0]
            .text
            .contains("is kept, outside the stack")
    );
}

#[test]
fn another_condition_or_default_may_replace_and_another_type_is_refused() {
    let side = |condition: &str, default: &str, kind: &str| {
        Documents::from([(
            "service".to_owned(),
            json!({
                "Conditions": {"Big": {"Fn::Equals": [condition, "x"]}},
                "Parameters": {"Key": {"Type": "String", "Default": default}},
                "Resources": {
                    "A": {"Type": CONFIG, "Properties": {"KmsKeyId": {"Fn::If": ["Big", "a", "b"]}}},
                    "B": {"Type": CONFIG, "Properties": {"KmsKeyId": {"Ref": "Key"}}},
                    "C": {"Type": kind, "Properties": {}},
                },
            }),
        )])
    };
    let topic = "AWS::SNS::Topic";
    let actions = |after: &Documents| -> Vec<(String, Action)> {
        let diff = between(&side("a", "k", topic), after);
        let changes = diff
            .documents
            .into_iter()
            .flat_map(|document| document.changes);
        let resources = changes.filter(|change| change.kind.is_some());
        resources.map(|change| (change.id, change.action)).collect()
    };
    assert_eq!(
        actions(&side("b", "k", topic)),
        [("A".to_owned(), Action::MayReplace)]
    );
    assert_eq!(
        actions(&side("a", "l", topic)),
        [("B".to_owned(), Action::MayReplace)]
    );
    let other = side("a", "k", "AWS::Logs::LogGroup");
    assert_eq!(actions(&other), [("C".to_owned(), Action::Replace)]);
    let diff = between(&side("a", "k", topic), &other);
    assert!(
        diff.consequences
            .iter()
            .any(|one| one.text.contains("refuses to change the type"))
    );
}
