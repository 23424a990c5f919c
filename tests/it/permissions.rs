//! `deploy permissions` and `deploy bootstrap` as they are shipped.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::project::{Project, some_headlines, tiny_stack};
use crate::support::{repository, tools};

fn project() -> Project {
    let project = Project::new(&tiny_stack("{ interpreter: /usr/bin/python3 }"));
    project.write("stacks/tiny/headlines.csv", &some_headlines(20));
    project
}

/// The shipped stack, in a project of its own.
fn shipped() -> Project {
    let folder = repository().join("stacks/news-classifier");
    let text = fs::read_to_string(folder.join("stack.yaml")).unwrap();
    Project::new(
        &text
            .replace("../../", &format!("{}/", repository().display()))
            .replace("file: data/", &format!("file: {}/data/", folder.display())),
    )
}

fn actions(document: &Value) -> BTreeSet<String> {
    let documents = document
        .as_array()
        .cloned()
        .unwrap_or_else(|| vec![document.clone()]);
    let statements = documents
        .iter()
        .flat_map(|one| one["Statement"].as_array().unwrap().clone());
    statements
        .flat_map(|statement| match statement["Action"].clone() {
            Value::Array(actions) => actions,
            action => vec![action],
        })
        .map(|action| action.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_policy_is_printed_for_a_purpose() {
    let project = shipped();
    let print = |more: &[&str]| {
        let arguments = [&["permissions", "--env", "staging"], more].concat();
        project.deploy(&arguments).ok().json()
    };
    let all = actions(&print(&[]));
    let reads = actions(&print(&["--for", "diff", "--for", "status"]));
    assert!(reads.is_subset(&all) && all.contains("iam:CreateRole"));
    assert!(!reads.contains("iam:CreateRole") && reads.contains("cloudformation:DescribeStacks"));
    let role = actions(&print(&["--service-role"]));
    assert!(
        role.contains("lambda:CreateFunction") && !role.contains("cloudformation:CreateChangeSet")
    );
    project
        .deploy(&["permissions", "--env", "staging", "--for", "everything"])
        .failed(64, &["possible values"]);
}

#[test]
fn a_program_gets_the_documents_always_in_one_shape() {
    let project = shipped();
    let print = |more: &[&str]| {
        let base = ["permissions", "--env", "staging", "--output", "json"];
        project.deploy(&[&base[..], more].concat()).ok().json()
    };
    let reads = print(&["--for", "status"]);
    assert_eq!(reads["environment"], "staging");
    assert_eq!(reads["purposes"], serde_json::json!(["status"]));
    assert_eq!(reads["documents"].as_array().unwrap().len(), 1);
    assert_eq!(reads["template"], Value::Null);
    let bare = ["permissions", "--env", "staging", "--for", "status"];
    assert_eq!(reads["documents"][0], project.deploy(&bare).ok().json());
    let all = print(&["--format", "cloudformation"]);
    let count = all["documents"].as_array().unwrap().len();
    let resources = all["template"]["Resources"].as_object().unwrap();
    assert_eq!(
        (count, all["unknown_types"].as_array()),
        (resources.len(), Some(&vec![]))
    );
}

#[test]
fn managed_policies_are_sound_templates() {
    let project = shipped();
    let lint = tools::interpreter("check").with_file_name("cfn-lint");
    for environment in ["staging", "prod"] {
        let print = [
            "permissions",
            "--env",
            environment,
            "--format",
            "cloudformation",
        ];
        let bootstrap = [
            "bootstrap",
            "--env",
            environment,
            "--render",
            "--service-role",
        ];
        let bootstrap = [bootstrap.as_slice(), &["--repository", "acme/news"]].concat();
        for (name, arguments) in [
            ("policies.json", print.as_slice()),
            ("bootstrap.yaml", &bootstrap),
        ] {
            let template = project.deploy(arguments).ok().stdout;
            project.write(name, &template);
            let path = project.path().join(name);
            let checked = Command::new(&lint)
                // The registry schema of stages names apigateway:TagResource, which cfn-lint's list of actions lacks.
                .args([
                    "--ignore-checks",
                    "W3037",
                    "--regions",
                    "eu-west-1",
                    "--template",
                ])
                .arg(&path)
                .output()
                .unwrap();
            let found = String::from_utf8_lossy(&checked.stdout);
            assert!(found.trim().is_empty(), "{environment} {name}: {found}");
        }
    }
}

#[test]
fn roles_are_for_one_repository_and_its_environment() {
    let project = shipped();
    let print = |more: &[&str]| {
        let arguments = [
            "bootstrap",
            "--env",
            "prod",
            "--render",
            "--repository",
            "acme/news",
        ];
        project.deploy(&[&arguments, more].concat()).ok().stdout
    };
    let template = print(&["--service-role"]);
    for line in [
        "\"repo:acme/news:environment:prod\"",
        "\"repo:acme/news:pull_request\"",
        "token.actions.githubusercontent.com:aud: sts.amazonaws.com",
        "Federated: !Ref GitHub",
        "Service: \"cloudformation.amazonaws.com\"",
        "\"iam:PassedToService\": \"cloudformation.amazonaws.com\"",
    ] {
        assert!(template.contains(line), "{line} is not in\n{template}");
    }
    assert!(!template.contains("repo:acme/news:*"));
    let plain = print(&["--existing-provider", "--service-role"]);
    assert!(
        !plain.contains("AWS::IAM::OIDCProvider") && plain.contains("oidc-provider/token.actions")
    );
    for bad in ["acme", "acme/*", "a/b/c", "/news"] {
        project
            .deploy(&["bootstrap", "--env", "prod", "--repository", bad])
            .failed(64, &["owner/name"]);
    }
}

#[test]
fn roles_are_made_once_kept_and_removed() {
    let project = project();
    let arguments = [
        "bootstrap",
        "--repository",
        "acme/news",
        "--service-role",
        "--output",
        "json",
    ];
    let made = project.deploy(&arguments).ok().json();
    let role = made["roles"]["DeployRole"].as_str().unwrap();
    assert!(
        role.starts_with("arn:aws:iam::000000000000:role/deploy-tiny-local-DeployRole-"),
        "{role}"
    );
    assert!(made["roles"]["ServiceRole"].is_string() && made["roles"]["ReviewRole"].is_string());
    assert_eq!(project.deploy(&arguments).ok().json(), made);
    // They are no part of the environment: removing that leaves them.
    project
        .deploy(&["bootstrap", "--repository", "acme/other"])
        .ok();
    let removed = project
        .deploy(&["bootstrap", "--remove", "--output", "json"])
        .ok()
        .json();
    assert_eq!(removed["removed"], true);
    let again = project
        .deploy(&["bootstrap", "--remove", "--output", "json"])
        .ok()
        .json();
    assert_eq!(again["removed"], false);
    project.deploy(&["bootstrap"]).failed(64, &["--repository"]);
}

#[test]
fn without_credentials_nothing_is_made_and_a_hint_is_given() {
    let project = shipped();
    let arguments = ["bootstrap", "--env", "staging", "--repository", "acme/news"];
    let run = project.deploy_with(&arguments, |command| {
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"] {
            command.env_remove(name);
        }
        command
            .env("HOME", project.path())
            .env("AWS_EC2_METADATA_DISABLED", "true");
    });
    run.failed(
        1,
        &[
            "cannot see whose credentials these are",
            "cause[credentials-missing]",
            "hint: log in",
        ],
    );
}
