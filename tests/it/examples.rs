//! The stacks under `stacks/examples`, each brought up with the shipped binary on the local engine, asked, and
//! removed. Their models are tiny here; everything else is as it is shipped.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::commands::python;
use crate::support::project::{Project, eventually, some_headlines};
use crate::support::{cache, free_port, repository, tools};

/// The project's stack file.
const STACK: &str = "stacks/tiny/stack.yaml";
/// What the local environments of the examples train.
const MINILM: &str = "base_model: minilm-l6";

/// A project with an example as its only stack, run by this interpreter.
fn project(example: &str, python: &Path) -> Project {
    let folder = repository().join("stacks/examples").join(example);
    let text = fs::read_to_string(folder.join("stack.yaml")).unwrap();
    let repository = repository();
    let code = repository.join("training-code");
    let text = text
        .replace("../../../training-code", code.to_str().unwrap())
        .replace("../../news-classifier/data/headlines.csv", "headlines.csv")
        .replace(
            "../sms-spam/",
            &format!("{}/", folder.with_file_name("sms-spam").display()),
        );
    // The shipped file names a project, whose environment the tests have by another name.
    let (before, rest) = text.split_once("local: { python: { ").unwrap();
    let (_, after) = rest.split_once(" }").unwrap();
    let interpreter = format!("local: {{ python: {{ interpreter: {} }}", python.display());
    let project = Project::new(&format!("{before}{interpreter}{after}"));
    project.write("stacks/tiny/headlines.csv", &some_headlines(1500));
    copy(&folder, &project.path().join("stacks/tiny"));
    project
}

/// Copies what an example has beside its stack file.
fn copy(from: &Path, into: &Path) {
    fs::create_dir_all(into).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = (entry.as_ref().unwrap().path(), entry.unwrap().file_name());
        if path.is_dir() {
            copy(&path, &into.join(name));
        } else if name != "stack.yaml" {
            fs::copy(&path, into.join(name)).unwrap();
        }
    }
}

fn edit(project: &Project, from: &str, to: &str) {
    let text = fs::read_to_string(project.path().join(STACK)).unwrap();
    assert!(text.contains(from), "{from:?} is not in\n{text}");
    project.write(STACK, &text.replacen(from, to, 1));
}

fn json(project: &Project, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--output", "json"]].concat();
    project.deploy(&arguments).ok().json()
}

/// What the API answers to a text.
fn label(project: &Project, text: &str) -> String {
    let answers = json(project, &["invoke", text]);
    let label = answers[0]["answer"]["predicted_label"].as_str();
    label.unwrap_or_else(|| panic!("{answers}")).to_owned()
}

fn step<'a>(up: &'a Value, kind: &str) -> Option<&'a Value> {
    let mut steps = up["plan"].as_array().unwrap().iter();
    steps.find(|step| step["kind"] == kind)
}

fn gone(project: &Project) {
    project.deploy(&["down"]).ok();
    assert!(!project.path().join(".deploy").exists());
}

#[test]
fn serverless_serves_without_instances() {
    let project = project("serverless", &tools::interpreter("test"));
    edit(&project, MINILM, "base_model: tiny-random");
    let up = json(&project, &["up"]);
    let endpoint = up["outputs"]["EndpointName"].as_str().unwrap();
    assert!(endpoint.ends_with("-serverless"), "{endpoint}");
    let status = json(&project, &["status"]);
    assert_eq!(status["endpoint"]["status"], "InService", "{status}");
    let known = ["Business", "Science", "Entertainment", "Health"];
    let label = label(&project, "Fed official says weak data caused by weather");
    assert!(known.contains(&label.as_str()), "{label}");
    gone(&project);
}

#[test]
fn another_task_has_its_own_columns_and_labels() {
    let project = project("sms-spam", &tools::interpreter("test"));
    edit(&project, MINILM, "base_model: tiny-random");
    edit(
        &project,
        "epochs: 3, batch_size: 16, learning_rate: 1e-4",
        "epochs: 8, batch_size: 8, learning_rate: 2e-3",
    );
    let up = json(&project, &["up"]);
    let measured = up["training"]["metrics"]["eval_macro_f1"].as_f64().unwrap();
    assert!(measured >= 0.8, "{measured}");
    let winner = "WINNER! Claim your free gift card now: call 09012345";
    assert_eq!(label(&project, winner), "spam");
    let ham = "Thanks for dinner, see you on Saturday then, Anna";
    assert_eq!(label(&project, ham), "ham");
    let report = json(&project, &["report"]);
    let labels = report["metrics"]["labels"].as_array().unwrap();
    assert_eq!(labels, &["ham", "spam"]);
    // What is no class is refused before anything is paid for.
    let path = "stacks/tiny/data/messages.csv";
    let data = fs::read_to_string(project.path().join(path)).unwrap();
    project.write(path, &data.replace("\nham,", "\nhams,"));
    project
        .deploy(&["up"])
        .failed(1, &["`hams` is none of the classes ham, spam"]);
    gone(&project);
}

#[test]
fn training_on_two_instances_makes_one_model() {
    let project = project("several-instances", &tools::interpreter("test"));
    edit(&project, MINILM, "base_model: tiny-random");
    edit(&project, "learning_rate: 1e-4", "learning_rate: 1e-3");
    let up = json(&project, &["up"]);
    let measured = up["training"]["metrics"]["eval_macro_f1"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&measured), "{measured}");
    let job = up["training"]["name"].as_str().unwrap();
    let log = project.deploy(&["train", "logs", job]).ok().stdout;
    for line in [
        "hosts=2 processes_per_host=1 launching torchrun",
        "eval_macro_f1=",
    ] {
        assert!(log.contains(line), "{line} is not in\n{log}");
    }
    // The first instance says it; had both trained by themselves, both would.
    assert_eq!(log.matches("eval_macro_f1=").count(), 1, "{log}");
    assert_eq!(log.matches("launching torchrun").count(), 2, "{log}");
    let report = json(&project, &["report"]);
    assert_eq!(report["metrics"]["run"]["devices"], 2, "{report}");
    label(&project, "Fed official says weak data caused by weather");
    gone(&project);
}

#[test]
fn a_brought_model_serves_without_training() {
    let project = project("own-model", &python());
    let plan = project.deploy(&["plan"]).ok().stdout;
    assert!(
        plan.contains("brings model.tar.gz (a45a1b18607c37ed…)"),
        "{plan}"
    );
    let up = json(&project, &["up"]);
    assert!(
        step(&up, "training").is_none() && step(&up, "data").is_none(),
        "{up}"
    );
    assert_eq!(step(&up, "artifact").unwrap()["action"], "create");
    assert_eq!(label(&project, "Excellent, I love it"), "positive");
    assert_eq!(label(&project, "A terrible waste"), "negative");
    assert_eq!(json(&project, &["up"])["changed"], false);

    let history = json(&project, &["history"]);
    let model = &history["releases"][0]["model"];
    assert_eq!(model["job"], Value::Null, "{history}");
    let key = model["training_key"].as_str().unwrap();
    assert_eq!(model["artifact"]["sha256"], key);
    assert!(
        model["artifact"]["key"]
            .as_str()
            .unwrap()
            .ends_with(&format!("/brought/{key}/model.tar.gz"))
    );
    let status = json(&project, &["status", "--deep"]);
    assert_eq!(status["release"]["proven"], true, "{status}");
    project
        .deploy(&["train"])
        .failed(64, &["nothing to train", "model.tar.gz"]);
    project
        .deploy(&["report"])
        .failed(64, &["no report", "model.tar.gz is brought"]);

    another_model(&project);
    project.deploy(&["rollback", "local"]).ok();
    assert_eq!(label(&project, "Excellent, I love it"), "positive");
    gone(&project);
}

/// Another archive is another model, and none that is not meant gets through.
fn another_model(project: &Project) {
    let folder = project.path().join("stacks/tiny/model");
    project.write(
        "stacks/tiny/model/config.json",
        r#"{"id2label": {"0": "bad", "1": "good"}}"#,
    );
    let archive = project.path().join("stacks/tiny/model.tar.gz");
    tools::must_succeed(
        Command::new("tar")
            .arg("-czf")
            .arg(&archive)
            .arg("-C")
            .arg(folder)
            .arg("."),
    );
    edit(
        project,
        "artifact: model.tar.gz",
        &format!("sha256: \"{}\"\n  artifact: model.tar.gz", "0".repeat(64)),
    );
    project
        .deploy(&["up"])
        .failed(1, &["is another model", "model.sha256"]);
    edit(project, &format!("sha256: \"{}\"\n  ", "0".repeat(64)), "");
    let up = json(project, &["up"]);
    assert_eq!(step(&up, "artifact").unwrap()["action"], "create", "{up}");
    assert_eq!(label(project, "Excellent, I love it"), "good");
    // What cannot be unpacked is told before anything is changed.
    project.write("stacks/tiny/model.tar.gz", "weights");
    project
        .deploy(&["up"])
        .failed(1, &["no tar archive", "tar -czf"]);
}

#[test]
fn a_brought_model_is_promoted_and_no_gate_can_ask_what_nobody_measured() {
    let project = project("own-model", &python());
    let text = fs::read_to_string(project.path().join(STACK)).unwrap();
    let (stack, local) = text.split_once("  local:\n    target: local\n").unwrap();
    let (local, _) = local.split_once("  staging:").unwrap();
    let environment = |name: &str, place: &str, more: &str| {
        let local = local.replacen("local: {", &format!("local: {{ {place},"), 1);
        format!("  {name}:\n    target: local\n{more}{local}")
    };
    let staging = environment("staging", "account: \"111111111111\"", "");
    let prod = |terms: &str| {
        let more = format!("    promotes_from: staging\n    promotion: {terms}\n");
        environment(
            "prod",
            "account: \"222222222222\", region: eu-west-1",
            &more,
        )
    };
    let gated = prod("{ gates: { eval_macro_f1: \">= 0.8\" } }");
    project.write(STACK, &format!("{stack}{staging}{gated}"));
    project.deploy(&["validate"]).failed(
        64,
        &["the gate `eval_macro_f1` is on a metric that nobody reports"],
    );
    project.write(STACK, &format!("{stack}{staging}{}", prod("{}")));
    project.deploy(&["up", "--env", "staging"]).ok();
    project.deploy(&["promote", "staging", "prod"]).ok();
    let answers = json(&project, &["invoke", "Excellent", "--env", "prod"]);
    assert_eq!(answers[0]["answer"]["predicted_label"], "positive");
    for environment in ["prod", "staging"] {
        project.deploy(&["down", "--env", environment]).ok();
    }
}

/// An ordinary client of the engine: a program for Python with boto3.
fn client(project: &Project, python: &Path, program: &str) -> Command {
    let credentials = project.path().join(".deploy/local/credentials");
    let address = format!("http://127.0.0.1:{}", project.port());
    let mut command = Command::new(python);
    command
        .args(["-c", program])
        .env("AWS_SHARED_CREDENTIALS_FILE", credentials)
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_ENDPOINT_URL", address);
    command
}

/// Makes a bucket with an archive in it, as anybody may.
const PUT: &str = "import boto3, sys; s3 = boto3.client('s3'); s3.create_bucket(Bucket='shared-models'); \
                   s3.upload_file(sys.argv[1], 'shared-models', 'sentiment/model.tar.gz')";

#[test]
fn a_brought_model_is_taken_from_s3_by_its_digest() {
    let python = python();
    let project = project("own-model", &python);
    edit(
        &project,
        "artifact: model.tar.gz",
        "artifact: s3://shared-models/sentiment/model.tar.gz",
    );
    project
        .deploy(&["up"])
        .failed(64, &["nobody says which model this is", "sha256sum"]);
    let sha256 = "a45a1b18607c37ed3858a4482fd9918314c536ace60a0e7b9a7d94955ac8960f";
    edit(
        &project,
        "  artifact:",
        &format!("  sha256: {sha256}\n  artifact:"),
    );
    // There is no such object yet.
    project.deploy(&["up"]).failed(
        1,
        &["s3://shared-models/sentiment/model.tar.gz", "not there"],
    );
    tools::must_succeed(
        client(&project, &python, PUT).arg(project.path().join("stacks/tiny/model.tar.gz")),
    );
    project.deploy(&["up"]).ok();
    assert_eq!(label(&project, "Excellent, I love it"), "positive");
    project.deploy(&["down"]).ok();
}

#[test]
fn the_brought_archive_is_the_folder_beside_it() {
    let folder = repository().join("stacks/examples/own-model");
    let packed = fs::File::open(folder.join("model.tar.gz")).unwrap();
    let mut archive = tar::Archive::new(GzDecoder::new(packed));
    let mut found = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_file() {
            let name = entry.path().unwrap().into_owned();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            found.insert(name, text);
        }
    }
    let read = |name: &str| fs::read_to_string(folder.join("model").join(name)).unwrap();
    let names = ["config.json", "weights.json", "code/inference.py"];
    let expected = names.map(|name| (name.into(), read(name)));
    assert_eq!(found, BTreeMap::from(expected));
}

#[test]
fn the_python_of_an_own_image_stands_for_it_and_answers_alike() {
    let image = repository().join("stacks/examples/own-image/image");
    let python = tools::environment(deploy::local::PythonSpec::Project {
        folder: image.clone(),
        group: "local".to_owned(),
    });
    let python = python.unwrap_or_else(|error| panic!("cannot prepare Python: {error}"));
    let project = project("own-image", &python);
    let up = project.deploy(&["up"]).ok();
    assert!(
        up.stderr.contains("no container is run on this machine"),
        "{up}"
    );
    assert!(
        up.stderr.contains("`training.image` and `endpoint.image`"),
        "{up}"
    );
    let text = "WINNER! Claim your free gift card now: call 09012345";
    let answers = json(&project, &["invoke", text]);
    let answer = &answers[0]["answer"];
    assert_eq!(answer["predicted_label"], "spam", "{answers}");
    assert_eq!(
        &served_by_the_image(&project, &python, &image, text),
        answer
    );
    gone(&project);
}

/// What the image's own server answers with the model that the local engine has trained.
fn served_by_the_image(project: &Project, python: &Path, image: &Path, text: &str) -> Value {
    let history = json(project, &["history"]);
    let model = history["releases"][0]["model"]["artifact"]["key"]
        .as_str()
        .unwrap();
    let base = project.path().join("opt-ml");
    let fetch = "import boto3, sys, tarfile; s3 = boto3.client('s3'); \
                 bucket = s3.list_buckets()['Buckets'][0]['Name']; \
                 s3.download_file(bucket, sys.argv[1], 'model.tar.gz'); \
                 tarfile.open('model.tar.gz').extractall(sys.argv[2])";
    tools::must_succeed(
        client(project, python, fetch)
            .arg(model)
            .arg(base.join("model"))
            .current_dir(project.path()),
    );
    let port = free_port();
    let mut server = Command::new(python)
        .arg(image.join("serve.py"))
        .arg("serve")
        .env("SAGEMAKER_BASE_DIR", &base)
        .env("SAGEMAKER_BIND_TO_PORT", port.to_string())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("the image's server does not answer", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let body = serde_json::json!({ "inputs": text }).to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "POST /invocations HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let answer = BufReader::new(stream).lines().last().unwrap().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

#[test]
fn the_pull_of_an_own_image_is_of_one_repository() {
    let path = repository().join("stacks/examples/own-image/rendered/staging/foundation.yaml");
    let text = fs::read_to_string(path).unwrap();
    let role = |name: &str| {
        let (_, rest) = text.split_once(&format!("  {name}:\n")).unwrap();
        rest.split("\n\n").next().unwrap().to_owned()
    };
    for name in ["TrainingRole", "HostingRole"] {
        let role = role(name);
        let own = "repository/own-image";
        assert!(
            role.contains(own) && !role.contains("763104351884"),
            "{role}"
        );
    }
}

#[test]
fn a_bare_command_means_the_news_classifier_and_examples_are_named() {
    let here = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_deploy"))
            .args(arguments)
            .current_dir(repository())
            .env("DEPLOY_CACHE", cache())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(here(&["validate"]).contains("stacks/news-classifier/stack.yaml: valid"));
    for example in [
        "serverless",
        "own-model",
        "own-image",
        "sms-spam",
        "several-instances",
    ] {
        let name = format!("examples/{example}");
        let said = here(&["validate", "--stack", &name]);
        assert!(
            said.contains(&format!("{name}/stack.yaml: valid")),
            "{said}"
        );
    }
}
