//! What a stack file says, with its defaults.

use super::super::super::resolved::{DataSource, Protection, Python, Target};
use super::*;

#[test]
fn a_good_stack_is_resolved_with_its_defaults() {
    let stack = load(GOOD, "prod").unwrap();
    assert_eq!(stack.names.endpoint, "news-prod");
    assert_eq!(stack.protection, Protection::Protected);
    assert_eq!(stack.training().unwrap().volume.to_string(), "50 GiB");
    assert_eq!(stack.function.timeout.seconds(), 25);
    assert_eq!(
        (
            stack.api.routes[0].method.as_str(),
            stack.api.throttle.burst
        ),
        ("POST", 100)
    );
    assert_eq!(stack.logs.retention_days, 30);
    assert!(matches!(&stack.data().unwrap().source, DataSource::File(path) if path.is_absolute()));
    assert!(stack.training().unwrap().code.is_absolute());
    assert!(
        stack
            .training()
            .unwrap()
            .image
            .uri
            .starts_with("763104351884.dkr.ecr.eu-west-1.amazonaws.com/")
    );
    assert!(stack.endpoint.image.uri.contains("-cpu-"));
    assert_eq!(stack.tags["deploy:environment"], "prod");
    let Target::Aws(target) = stack.target else {
        panic!()
    };
    assert_eq!(
        (target.account.as_str(), target.profile),
        ("111122223333", None)
    );
}

#[test]
fn a_role_is_of_the_environments_account() {
    let role = r#", role: { arn: "arn:aws:iam::111122223333:role/team/ci+deploy", external_id: "a:b/c", session_name: ci@news } }"#;
    let text = changed("eu-west-1 }", &format!("eu-west-1{role}"));
    let Target::Aws(target) = load(&text, "prod").unwrap().target else {
        panic!()
    };
    let role = target.role.unwrap();
    assert_eq!(role.arn, "arn:aws:iam::111122223333:role/team/ci+deploy");
    assert_eq!(role.external_id.as_deref(), Some("a:b/c"));
    assert_eq!(role.session_name.as_deref(), Some("ci@news"));
}

#[test]
fn a_service_role_and_a_boundary_are_of_the_account_or_of_aws() {
    let service = "arn:aws:iam::111122223333:role/cfn";
    let text = changed(
        "eu-west-1 }",
        &format!("eu-west-1, service_role: \"{service}\" }}"),
    );
    for boundary in [
        "arn:aws:iam::aws:policy/PowerUserAccess",
        "arn:aws:iam::111122223333:policy/team/b",
    ] {
        let text = format!("permissions_boundary: \"{boundary}\"\n{text}");
        let stack = load(&text, "prod").unwrap();
        assert_eq!(stack.permissions_boundary.as_deref(), Some(boundary));
        let Target::Aws(target) = stack.target else {
            panic!()
        };
        assert_eq!(target.service_role.as_deref(), Some(service));
    }
}

#[test]
fn hyperparameters_become_strings() {
    let stack = load(GOOD, "prod").unwrap();
    let given: Vec<(&str, &str)> = stack
        .training()
        .unwrap()
        .hyperparameters
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    let expected = [
        ("epochs", "2"),
        ("fast", "true"),
        ("name", "x y"),
        ("rate", "5e-5"),
    ];
    let rate: f64 = given[3].1.parse().unwrap();
    assert_eq!(given[..3], expected[..3]);
    assert!((rate - 5e-5).abs() < 1e-12);
}

#[test]
fn an_image_is_pinned_to_a_digest_and_known_to_be_patched_until_a_day() {
    let stack = load(&changed("stack: news", "stack: news"), "prod").unwrap();
    let image = &stack.training().unwrap().image;
    assert!(
        image.uri.contains("huggingface-pytorch-training:2.8.0"),
        "{}",
        image.uri
    );
    assert_eq!(image.patched_until.unwrap().to_string(), "2026-08-06");
    let digest = format!("sha256:{}", "0a".repeat(32));
    let old = r#"transformers: "4.56.2" }"#;
    let new = format!(r#"transformers: "4.56.2", digest: "{digest}" }}"#);
    let stack = load(&changed(old, &new), "prod").unwrap();
    let uri = &stack.training().unwrap().image.uri;
    assert!(
        uri.ends_with(&format!("/huggingface-pytorch-training@{digest}")),
        "{uri}"
    );
}

#[test]
fn a_local_environment_needs_no_account_and_no_gpu() {
    let text = changed("instance: ml.g4dn.xlarge", "instance: ml.m5.large");
    let stack = load(&text, "local").unwrap();
    assert_eq!(stack.account.as_str(), "000000000000");
    assert!(stack.training().unwrap().image.uri.starts_with("local/"));
    let Target::Local(local) = stack.target else {
        panic!()
    };
    assert_eq!(local.port, 4599);
    assert!(matches!(local.python, Python::Interpreter(path) if path.is_absolute()));
}
