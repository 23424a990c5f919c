//! The commands around an environment that is up, with the shipped binary, and the engine's page in a browser.

mod graph;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use deploy::local::PythonSpec;
use serde_json::Value;

use crate::faults::{GOOD_INFERENCE, training_of, with_script_on};
use crate::shell;
use crate::support::project::{Project, eventually};
use crate::support::{repository, tools};

/// An interpreter with what the function needs: boto3, and nothing else.
pub(crate) fn python() -> std::path::PathBuf {
    tools::environment(PythonSpec::Project {
        folder: repository().join("tests/it/drift"),
        group: "client".to_owned(),
    })
    .unwrap_or_else(|error| panic!("cannot prepare Python: {error}"))
}

fn up(python: &std::path::Path) -> Project {
    let script = format!(
        "print('eval_accuracy=0.93')\n{}",
        training_of(GOOD_INFERENCE)
    );
    let project = with_script_on(python, &script);
    let stack = "stacks/tiny/stack.yaml";
    let text = fs::read_to_string(project.path().join(stack)).unwrap();
    project.write(stack, &format!("alarms: {{}}\n{text}"));
    project.deploy(&["up"]).ok();
    project
}

#[test]
fn an_environment_that_is_up_is_used_and_looked_at() {
    let python = python();
    let project = up(&python);
    let outputs = project.deploy(&["outputs", "--output", "json"]).ok().json();
    let url = outputs["ClassifyUrl"].as_str().unwrap();
    asks(&project, url);
    loads(&project, url);
    tells_logs(&project);
    tells_status(&project);
    graph::draws(&project, &python);
    graph::tells_infrastructure(&project);
    project
        .deploy(&["batch", "run", "texts.txt", "--save", "batch.jsonl"])
        .ok();
    tells_no_secret(&project);
    is_at_home_in_a_shell(&project);
    let page = opens(&project);
    tools::must_succeed(
        Command::new(&python)
            .arg(repository().join("tests/it/commands/page.py"))
            .arg(page)
            .arg(url)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONPATH", repository().join("training-code/tests")),
    );
}

/// With everything that there is to be said, no key, token or signature is.
fn tells_no_secret(project: &Project) {
    let key = project
        .deploy(&["local", "key", "--env", "local"])
        .ok()
        .json();
    let secrets = ["AccessKeyId", "SecretAccessKey"].map(|name| key[name].as_str().unwrap());
    let file = fs::read_to_string(project.path().join(".deploy/local/credentials")).unwrap();
    let own = file.lines().filter_map(|line| line.split_once('='));
    let own = own
        .map(|(_, value)| value.trim())
        .filter(|value| value.len() > 15);
    let secrets: Vec<&str> = secrets.into_iter().chain(own).collect();
    assert!(secrets.len() >= 4, "{secrets:?}");
    let signature = regex::Regex::new("(?i)signature=[0-9a-f]{16}|credential=[A-Z0-9]").unwrap();
    for command in [
        &["up", "-vv", "--yes"][..],
        &["status", "-vv"],
        &["invoke", "-vv", "--endpoint", "one"],
        &["logs", "-vv", "--output", "json"],
    ] {
        let run = project.deploy(command).ok();
        assert!(run.stderr.contains("aws_smithy_runtime"), "{run}");
        for secret in &secrets {
            assert!(!run.stderr.contains(secret), "{command:?} tells {secret}");
        }
        let found = signature.find(&run.stderr);
        assert!(found.is_none(), "{command:?} tells {found:?}");
    }
    let brief = project.deploy(&["status", "-v"]).ok().stderr;
    assert!(
        brief.contains("DescribeStacks http://127.0.0.1:"),
        "{brief}"
    );
    assert!(brief.contains(": 200 in "), "{brief}");
    assert!(!brief.contains("aws_smithy_runtime"), "{brief}");
}

/// Releases are completed, a quiet run is quiet, a locale without UTF-8 gets ASCII, and a narrow terminal gets blocks.
fn is_at_home_in_a_shell(project: &Project) {
    let history = project.deploy(&["history", "--output", "json"]).ok().json();
    let release = history["releases"][0]["id"].as_str().unwrap();
    let offered = shell::offered(project, &["deploy", "rollback", "local", "--to", ""]);
    assert!(offered.iter().any(|one| one == release), "{offered:?}");
    assert_eq!(project.deploy(&["up", "--quiet"]).ok().stderr, "");
    let run = project.deploy_with(&["up"], |command| {
        command.env("LC_ALL", "C");
    });
    let said = run.ok().stderr;
    assert!(said.is_ascii() && said.contains("verification ~"), "{said}");
    let run = project.deploy_with(&["history"], |command| {
        command.env("COLUMNS", "40");
    });
    let narrow = run.ok().stdout;
    assert!(
        narrow.contains(&format!("\nrelease: {release}\n")),
        "{narrow}"
    );
    assert!(
        narrow.lines().all(|line| line.chars().count() <= 40),
        "{narrow}"
    );
}

/// The address of the engine's page, which a browser is led to by a file that nobody else reads.
fn opens(project: &Project) -> String {
    let printed = project.deploy(&["open", "--print"]).ok().stdout;
    let address = printed.trim();
    let root = format!("http://127.0.0.1:{}/?key=", project.port());
    assert!(address.starts_with(&root), "{address}");
    project.write(
        "bin/xdg-open",
        "#!/bin/sh\nprintf %s \"$1\" > \"$OPENED\"\n",
    );
    let program = project.path().join("bin/xdg-open");
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    let opened = project.path().join("opened.txt");
    let run = project.deploy_with(&["open"], |command| {
        let bin = project.path().join("bin");
        command
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("OPENED", &opened)
            .env("DISPLAY", ":0");
    });
    assert_eq!(run.ok().stdout, printed);
    let read = || fs::read_to_string(&opened).unwrap_or_default();
    eventually("nothing is opened", || !read().is_empty());
    let file = read();
    assert!(!file.contains("key="), "{file}");
    let page = fs::read_to_string(file).unwrap();
    assert!(page.contains(address), "{page}");
    let run = project.deploy_with(&["open"], |command| {
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER"] {
            command.env_remove(name);
        }
    });
    run.failed(1, &["error[no-browser]", "`--print` only prints"]);
    address.to_owned()
}

fn asks(project: &Project, url: &str) {
    let one = project.deploy(&["outputs", "ClassifyUrl"]).ok();
    assert_eq!(one.stdout.trim(), url);
    project
        .deploy(&["outputs", "Nope"])
        .failed(64, &["Nope", "ClassifyUrl"]);
    project.write("texts.txt", "one\n\n two \n");
    for way in [&[][..], &["--endpoint"], &["--lambda"]] {
        let arguments = ["invoke", "--file", "texts.txt", "--output", "json"];
        let run = project.deploy(&[&arguments[..], way].concat()).ok();
        let answers = run.json();
        assert_eq!(answers[1]["text"], "two", "{run}");
        assert_eq!(answers[1]["answer"]["predicted_label"], "Business", "{run}");
        assert_eq!(answers.as_array().unwrap().len(), 2);
    }
    // Standard input is empty here.
    project.deploy(&["invoke"]).failed(64, &["no texts"]);
    // The function takes no blank text.
    project
        .deploy(&["invoke", "  "])
        .failed(1, &["error[api-refused]", "HTTP 400"]);
}

fn loads(project: &Project, url: &str) {
    let base = [
        "load",
        "--rate",
        "20/s",
        "--duration",
        "2s",
        "--warm-up",
        "0s",
    ];
    let good = [
        "--assert",
        "errors<=0",
        "--report",
        "load.html",
        "--output",
        "json",
    ];
    let run = project.deploy(&[&base[..], &good].concat()).ok();
    let report = run.json();
    assert_eq!(report["url"], url);
    assert_eq!(report["requests"], 40, "{run}");
    assert_eq!(report["assertions"][0]["holds"], true, "{run}");
    assert!(report["latency_ms"]["p99"].as_f64().unwrap() > 0.0, "{run}");
    let page = fs::read_to_string(project.path().join("load.html")).unwrap();
    assert!(page.contains("Throughput") && page.contains("tiny/local"));

    let bad = project.deploy(&[&base[..], &["--assert", "p50<0.001ms"]].concat());
    let bad = bad.failed(1, &["1 of 2 assertions fail"]);
    assert!(bad.stdout.contains("FAILS"), "{bad}");
    // There is no way to name another address, and no way to write over what is no page.
    project
        .deploy(&[&base[..], &["http://example.com/"]].concat())
        .failed(64, &["unexpected argument"]);
    project
        .deploy(&[&base[..], &["--report", "texts.txt"]].concat())
        .failed(64, &["no HTML page"]);
    project.deploy(&["load"]).failed(64, &["--rate"]);
}

fn tells_logs(project: &Project) {
    let all = project.deploy(&["logs", "--output", "json"]).ok();
    let lines: Vec<Value> = all
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for component in ["training", "endpoint", "function", "api"] {
        let has = lines.iter().any(|line| line["component"] == component);
        assert!(has, "{component}: {all}");
    }
    let times: Vec<&str> = lines
        .iter()
        .map(|line| line["time"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted());
    let found = project
        .deploy(&["logs", "training", "--grep", "eval_accuracy"])
        .ok();
    assert_eq!(found.stdout.lines().count(), 1, "{found}");

    // Follows what is written from now on, until Ctrl-C.
    let file = project.path().join("followed.txt");
    let mut child = project
        .command(&["logs", "api", "--follow", "--since", "0s"])
        .stdout(fs::File::create(&file).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let followed = || fs::read_to_string(&file).unwrap();
    eventually("a call is followed", || {
        project.deploy(&["invoke", "followed"]).ok();
        followed().contains("POST /classify")
    });
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

fn tells_status(project: &Project) {
    let run = project.deploy(&["status", "--output", "json"]).ok();
    let status = run.json();
    assert_eq!(status["endpoint"]["status"], "InService", "{run}");
    assert_eq!(status["endpoint"]["as_deployed"], true, "{run}");
    assert_eq!(status["metrics"]["eval_accuracy"], 0.93, "{run}");
    assert!(status["traffic"]["calls"].as_u64().unwrap() >= 80, "{run}");
    let text = project.deploy(&["status"]).ok().stdout;
    for part in [
        "tiny/local",
        "InService, changed",
        "eval_accuracy 0.9300",
        "in the last 5 minutes",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn what_is_not_up_cannot_be_used() {
    let project = with_script_on(&python(), "");
    for command in [
        &["invoke", "x"][..],
        &["load", "--rate", "1/s"],
        &["outputs"],
        &["open", "--print"],
    ] {
        project
            .deploy(command)
            .failed(1, &["is not up", "deploy up"]);
    }
    project.deploy(&["logs"]).failed(1, &["never up"]);
    assert_eq!(project.engine(), None);
}
