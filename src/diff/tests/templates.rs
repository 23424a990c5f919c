//! Changes of templates, and what they do.

use super::*;

#[test]
fn the_same_on_both_sides_is_no_difference() {
    let diff = compared(&prod(), &prod());
    assert!(!diff.is_changed(), "{diff:#?}");
    assert_eq!(diff.consequences, []);
}

#[test]
fn another_instance_replaces_the_config_and_updates_the_endpoint_in_place() {
    let mut after = prod();
    let (_, config) = first(&mut after, "service", "AWS::SageMaker::EndpointConfig");
    config["ProductionVariants"][0]["InitialInstanceCount"] = json!(3);
    let diff = compared(&prod(), &after);
    assert_eq!(
        action(&diff, "AWS::SageMaker::EndpointConfig"),
        Some(Action::Replace)
    );
    assert_eq!(
        action(&diff, "AWS::SageMaker::Endpoint"),
        Some(Action::Update)
    );
    assert_eq!(action(&diff, "AWS::SageMaker::Model"), None);
    says(&diff, Severity::Info, "does not retrain");
    says(
        &diff,
        Severity::Info,
        "is updated without downtime: blue/green",
    );
    says(&diff, Severity::Info, "3 more `ml.m5.xlarge` run beside");
    says(
        &diff,
        Severity::Caution,
        "3 x `ml.m5.xlarge` in place of 2 x `ml.m5.xlarge`: costs more",
    );
    let changes = &diff.documents[0].changes;
    let config = changes
        .iter()
        .find(|one| one.action == Action::Replace)
        .unwrap();
    let property = &config.properties[0];
    assert_eq!(
        property.path,
        "ProductionVariants[AllTraffic].InitialInstanceCount"
    );
    assert_eq!(after["service"].pointer(&property.pointer), Some(&json!(3)));
    assert_eq!(
        property.rule.as_deref(),
        Some("ProductionVariants can be set at creation only")
    );
}

#[test]
fn another_bucket_loses_data_and_replaces_what_is_bound_to_it_in_both_templates() {
    let mut after = prod();
    let (_, bucket) = first(&mut after, "foundation", "AWS::S3::Bucket");
    bucket["BucketName"] = json!("another");
    let diff = compared(&prod(), &after);
    assert_eq!(action(&diff, "AWS::S3::Bucket"), Some(Action::Replace));
    assert_eq!(
        action(&diff, "AWS::S3::BucketPolicy"),
        Some(Action::Replace)
    );
    assert_eq!(action(&diff, "AWS::IAM::Role"), Some(Action::Update));
    assert_eq!(
        action(&diff, "AWS::SageMaker::Model"),
        Some(Action::Replace)
    );
    assert_eq!(action(&diff, "AWS::Lambda::Function"), Some(Action::Update));
    says(&diff, Severity::Danger, "the bucket `Bucket` is replaced");
}

#[test]
fn routes_and_origins_that_open_are_told() {
    let mut before = prod();
    let (_, route) = first(&mut before, "service", "AWS::ApiGatewayV2::Route");
    route["AuthorizationType"] = json!("AWS_IAM");
    let mut after = prod();
    let (_, route) = first(&mut after, "service", "AWS::ApiGatewayV2::Route");
    route["AuthorizationType"] = json!("NONE");
    let (_, api) = first(&mut after, "service", "AWS::ApiGatewayV2::Api");
    api["CorsConfiguration"] = json!({"AllowOrigins": ["*"]});
    after.get_mut("service").unwrap()["Resources"]["Extra"] = json!({
        "Type": "AWS::ApiGatewayV2::Route", "Properties": {"RouteKey": "GET /x"}});
    let diff = compared(&before, &after);
    says(&diff, Severity::Danger, "its authorization is taken away");
    says(
        &diff,
        Severity::Caution,
        "anybody can call the new route `GET /x`",
    );
    says(&diff, Severity::Caution, "web pages of every origin");
    assert_eq!(diff.consequences[0].severity, Severity::Danger);
    let back = compared(&after, &before);
    says(&back, Severity::Danger, "callers of `GET /x` get 404");
}

#[test]
fn a_permission_that_widens_is_told_and_an_equal_policy_is_not() {
    let mut after = prod();
    let (id, role) = first(&mut after, "foundation", "AWS::IAM::Role");
    let statements = role["Policies"][0]["PolicyDocument"]["Statement"]
        .as_array_mut()
        .unwrap();
    statements.reverse();
    assert!(!compared(&prod(), &after).is_changed());
    let (_, role) = first(&mut after, "foundation", "AWS::IAM::Role");
    let statements = role["Policies"][0]["PolicyDocument"]["Statement"]
        .as_array_mut()
        .unwrap();
    statements.push(json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}));
    let diff = compared(&prod(), &after);
    assert_eq!(action(&diff, "AWS::IAM::Role"), Some(Action::Update));
    says(
        &diff,
        Severity::Danger,
        &format!("`{id}` may now `s3:*` on `*`"),
    );
}

#[test]
fn a_named_resource_that_must_be_replaced_is_refused() {
    let mut after = prod();
    let (_, function) = first(&mut after, "service", "AWS::Lambda::Function");
    function["PackageType"] = json!("Image");
    let diff = compared(&prod(), &after);
    says(
        &diff,
        Severity::Danger,
        "CloudFormation refuses to replace `Function`",
    );
    // Its ARN is made from its name, so nothing follows.
    assert_eq!(action(&diff, "AWS::ApiGatewayV2::Integration"), None);
    assert_eq!(action(&diff, "AWS::Lambda::Permission"), None);
}

#[test]
fn a_name_instead_of_a_reference_to_it_is_no_difference() {
    let mut after = prod();
    let (_, function) = first(&mut after, "service", "AWS::Lambda::Function");
    let name = function["FunctionName"].clone();
    let (_, permission) = first(&mut after, "service", "AWS::Lambda::Permission");
    permission["FunctionName"] = name;
    let diff = compared(&prod(), &after);
    assert_eq!(action(&diff, "AWS::Lambda::Permission"), None, "{diff:#?}");
}

#[test]
fn order_and_retention_are_told_apart() {
    let mut after = prod();
    let resources = &mut after.get_mut("service").unwrap()["Resources"];
    resources["Endpoint"]["DependsOn"] = json!(["EndpointLogGroup"]);
    assert!(!compared(&prod(), &after).is_changed());
    let resources = &mut after.get_mut("service").unwrap()["Resources"];
    resources["Endpoint"]["DependsOn"] = json!(["EndpointLogGroup", "Function"]);
    let diff = compared(&prod(), &after);
    assert_eq!(
        action(&diff, "AWS::SageMaker::Endpoint"),
        Some(Action::Bookkeeping)
    );
    let (_, group) = first(&mut after, "service", "AWS::Logs::LogGroup");
    group["RetentionInDays"] = json!(7);
    says(
        &compared(&prod(), &after),
        Severity::Caution,
        "older than 7 days are deleted",
    );
}

#[test]
fn environments_that_come_and_go_are_told_without_every_resource() {
    let new = compare_environment("prod", None, Some(&prod()), Vec::new());
    assert_eq!(new.presence, Presence::New);
    says(&new, Severity::Info, "a new environment");
    let gone = compare_environment("prod", Some(&prod()), None, Vec::new());
    says(&gone, Severity::Danger, "`deploy down --env prod`");
    let report = Report::new("s", "HEAD", vec![gone], Vec::new());
    assert!(
        !human(&report).contains("EndpointConfig"),
        "{}",
        human(&report)
    );
}
