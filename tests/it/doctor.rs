//! `deploy doctor` as it is shipped: on this machine, and against an engine that stands for AWS.

use std::net::TcpListener;

use serde_json::Value;

use crate::support::engine::with_engine_as_aws;
use crate::support::free_port;
use crate::support::project::{Project, Run, some_headlines, tiny_stack};

const ACCOUNT: &str = "111122223333";
const STAGING: &str = "  staging:\n    target: { account: \"111122223333\", region: eu-west-1 }\n";

fn project() -> Project {
    let stack = tiny_stack("{ interpreter: /usr/bin/python3 }");
    let project = Project::new(&format!("{stack}{STAGING}"));
    project.write("stacks/tiny/headlines.csv", &some_headlines(20));
    project
}

/// The checks by their ids, and whether all is well.
fn checks(run: &Run) -> (bool, Value) {
    let data = run.json();
    let list = data["checks"].as_array().unwrap().iter();
    let pairs = list.map(|check| (check["id"].as_str().unwrap().to_owned(), check.clone()));
    let checks = pairs.collect::<serde_json::Map<_, _>>();
    (data["ok"] == true, Value::Object(checks))
}

#[test]
fn a_machine_is_looked_over_and_nothing_is_made() {
    let project = project();
    let run = project.deploy(&["doctor", "--output", "json"]);
    let (ok, found) = checks(&run);
    assert_eq!(run.code, i32::from(!ok), "{run}");
    for id in ["python", "disk", "folder", "port", "cache"] {
        assert_eq!(found[id]["state"], "ok", "{id}: {run}");
    }
    for id in ["memory", "git"] {
        assert_ne!(found[id]["state"], "failed", "{id}: {run}");
    }
    assert!(!project.path().join(".deploy").exists());
    assert_eq!(project.engine(), None);

    let _taken = TcpListener::bind(("127.0.0.1", project.port())).unwrap();
    let run = project.deploy(&["doctor"]);
    let run = run.failed(1, &["1 check failed"]);
    let line = run
        .stdout
        .lines()
        .find(|line| line.contains("engine and port"))
        .unwrap();
    assert!(
        line.starts_with("failed") && line.contains("--local-port"),
        "{line}"
    );
}

#[test]
fn offline_only_what_needs_no_network_is_told() {
    let project = project();
    let run = project.deploy(&[
        "doctor",
        "--env",
        "staging",
        "--offline",
        "--output",
        "json",
    ]);
    let (ok, found) = checks(&run.ok());
    assert!(ok);
    for id in [
        "credentials",
        "account",
        "clock",
        "reach",
        "permissions",
        "bucket",
        "quotas",
    ] {
        assert_eq!(found[id]["state"], "skipped", "{id}");
    }
    assert_eq!(found["instance.hosting.ml.m5.large"]["state"], "ok");
    assert_eq!(
        found["instance.training.ml.g4dn.xlarge"]["state"],
        "skipped"
    );
    // The facts that come with deploy say when AWS ends to patch it.
    assert_eq!(found["image.endpoint"]["state"], "warning");
}

/// Looks an account over that may have one `ml.m5.large` for endpoints, and no GPU.
fn doctor(project: &Project, account: &str) -> Run {
    let quotas = [
        ("ml.m5.large for endpoint usage", 1.0),
        ("ml.g4dn.xlarge for training job usage", 0.0),
    ];
    let arguments = ["doctor", "--env", "staging", "--output", "json"];
    with_engine_as_aws(project, account, &quotas, &arguments)
}

#[test]
fn an_account_is_looked_over_with_what_is_not_known_said_to_be_so() {
    let project = project();
    let run = doctor(&project, ACCOUNT);
    let (ok, found) = checks(&run);
    assert!(!ok && run.code == 1, "{run}");
    let state = |id: &str| found[id]["state"].as_str().unwrap_or("none").to_owned();
    assert_eq!(state("credentials"), "ok", "{run}");
    let source = found["credentials"]["found"].as_str().unwrap();
    assert!(
        source.contains("AWS_ACCESS_KEY_ID") && !source.contains("AKIA"),
        "{source}"
    );
    for id in ["account", "clock", "reach.AWS_ENDPOINT_URL", "bucket"] {
        assert_eq!(state(id), "ok", "{id}: {run}");
    }
    // The keys are those of the root user, of whom IAM is not asked.
    assert_eq!(state("permissions"), "warning", "{run}");
    assert_eq!(
        state("quota.ml.g4dn.xlarge for training job usage"),
        "failed",
        "{run}"
    );
    // Enough to serve, too few for an update beside it.
    assert_eq!(
        state("quota.ml.m5.large for endpoint usage"),
        "warning",
        "{run}"
    );
    assert_eq!(
        state("quota.ml.m5.large for transform job usage"),
        "skipped",
        "{run}"
    );
    assert_eq!(
        state("instance.training.ml.g4dn.xlarge"),
        "skipped",
        "{run}"
    );
    assert!(run.stderr.contains("1 check failed"), "{run}");
}

#[test]
fn credentials_of_another_account_are_named() {
    let project = project();
    let run = doctor(&project, "444455556666");
    let (_, found) = checks(&run);
    assert_eq!(found["account"]["state"], "failed", "{run}");
    let text = found["account"]["found"].as_str().unwrap();
    assert!(
        text.contains("444455556666") && text.contains(ACCOUNT),
        "{text}"
    );
    assert!(
        found["account"]["fix"]
            .as_str()
            .unwrap()
            .contains("target.account")
    );
}

#[test]
fn without_credentials_one_check_fails_and_not_all_of_them() {
    let project = project();
    let home = project.path().to_owned();
    let run = project.deploy_with(
        &["doctor", "--env", "staging", "--output", "json"],
        |command| {
            for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"] {
                command.env_remove(name);
            }
            command
                .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
                .env("AWS_EC2_METADATA_DISABLED", "true")
                .env("HOME", &home);
        },
    );
    assert_eq!(run.code, 1, "{run}");
    let (_, found) = checks(&run);
    assert_eq!(found["credentials"]["state"], "failed", "{run}");
    for id in ["account", "permissions", "bucket", "quotas", "clock"] {
        assert_eq!(found[id]["state"], "skipped", "{id}: {run}");
    }
    assert_eq!(found["reach.AWS_ENDPOINT_URL"]["state"], "failed", "{run}");
}

#[test]
fn one_reason_why_no_service_can_be_reached_is_one_line() {
    let project = project();
    let closed = free_port();
    let doctor = |more: &[&str]| {
        let arguments = [&["doctor", "--env", "staging"][..], more].concat();
        project.deploy_with(&arguments, |command| {
            command
                .env_remove("AWS_ENDPOINT_URL")
                .env_remove("NO_PROXY")
                .env_remove("no_proxy")
                .env("AWS_ACCESS_KEY_ID", "AKIASIMULATED")
                .env("AWS_SECRET_ACCESS_KEY", "simulated")
                .env("AWS_EC2_METADATA_DISABLED", "true")
                .env("HTTPS_PROXY", format!("http://127.0.0.1:{closed}"));
        })
    };
    let run = doctor(&[]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    let reach = lines.iter().filter(|line| line.contains("reach "));
    let reach: Vec<&&str> = reach.collect();
    assert_eq!(reach.len(), 1, "{run}");
    for part in [
        "failed   reach AWS ",
        "no service can be reached (sts, cloudformation, s3, ",
        "by the proxy",
        " -> ",
    ] {
        assert!(reach[0].contains(part), "{part}: {run}");
    }
    let (_, found) = checks(&doctor(&["--output", "json"]));
    let found = found.as_object().unwrap();
    let services = found.keys().filter(|id| id.starts_with("reach."));
    assert_eq!(services.count(), 11, "JSON has each of them");
    assert_eq!(found["reach.s3"]["state"], "failed");
    assert_eq!(
        found["reach.s3"]["address"],
        "https://s3.eu-west-1.amazonaws.com/"
    );
}
