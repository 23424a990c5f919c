//! Models that are brought, labels of classes, and what the training code is told.

use super::*;
use crate::stack::resolved::ModelSource;

/// The good stack with a model that is brought in place of its data and training.
fn bringing(model: &str) -> String {
    let (start, rest) = GOOD.split_once("data:").unwrap();
    let (_, end) = rest.split_once("endpoint:").unwrap();
    format!("{start}model: {model}\nendpoint:{end}")
}

#[test]
fn a_model_that_is_there_already_takes_the_place_of_data_and_training() {
    let load = |model: &str| {
        let (folder, file) = project(&bringing(model));
        fs::write(folder.path().join("model.tar.gz"), "x").unwrap();
        StackFile::read(&file)?.environment("prod")
    };
    let stack = load("{ artifact: model.tar.gz }").unwrap();
    assert!(stack.training().is_none() && stack.data().is_none());
    let ModelSource::Brought(brought) = stack.model else {
        panic!()
    };
    assert_eq!(brought.name(), "model.tar.gz");
    let digest = "0".repeat(64);
    let s3 = format!("{{ artifact: s3://models/a/model.tar.gz, sha256: {digest:?} }}");
    let ModelSource::Brought(brought) = load(&s3).unwrap().model else {
        panic!()
    };
    assert_eq!(brought.name(), "s3://models/a/model.tar.gz");
    for (model, place, summary) in [
        (
            "{ artifact: other.tar.gz }",
            "other.tar.gz",
            "does not exist",
        ),
        ("{ artifact: rows.csv }", "rows.csv", "is no `.tar.gz`"),
        (
            "{ artifact: model.tar.gz, sha256: abc }",
            "abc",
            "no SHA-256",
        ),
        (
            "{ artifact: \"s3://models/a.tar.gz\" }",
            "\"s3://models/a.tar.gz\"",
            "which model",
        ),
        (
            "{ artifact: \"s3://models.tar.gz\" }",
            "\"s3://models.tar.gz\"",
            "no object in S3",
        ),
    ] {
        let problems = load(model).unwrap_err();
        let [problem] = problems.list() else {
            panic!("{problems}")
        };
        assert_eq!(underlined(&problems, problem), place, "{problems}");
        assert!(problem.summary.contains(summary), "{problems}");
    }
    let own = "s3://news-prod-111122223333-eu-west-1/a.tar.gz";
    let own = format!("{{ artifact: {own:?}, sha256: {digest:?} }}");
    let problems = load(&own).unwrap_err().to_string();
    assert!(problems.contains("the environment's own"), "{problems}");
}

#[test]
fn a_stack_trains_or_brings_its_model_and_does_one_of_both() {
    let both = changed("data:", "model: { artifact: model.tar.gz }\ndata:");
    let (folder, file) = project(&both);
    fs::write(folder.path().join("model.tar.gz"), "x").unwrap();
    let read = StackFile::read(&file).unwrap();
    let found = read.environment("prod").unwrap_err();
    let told: Vec<&str> = found
        .list()
        .iter()
        .map(|one| one.summary.as_str())
        .collect();
    assert_eq!(
        told,
        [
            "`data` does not go with `model`",
            "`training` does not go with `model`"
        ]
    );
    let neither = problems_of_neither();
    assert_eq!(
        neither,
        ["the stack lacks `data`", "the stack lacks `training`"]
    );
    // A section that cannot be read is no missing one.
    let broken = problems("data: { file: rows.csv }", "data: 5");
    assert_eq!(broken.list().len(), 1, "{broken}");
}

fn problems_of_neither() -> Vec<String> {
    let text = bringing("x").replace("model: x\n", "");
    let problems = load(&text, "prod").unwrap_err();
    problems
        .list()
        .iter()
        .map(|one| one.summary.clone())
        .collect()
}

#[test]
fn the_training_code_is_told_the_format_unless_it_says_not_to() {
    let format = "rows.csv, format: { separator: comma, columns: [a, b], text: a, label: b, classes: { x: X, y: Y } } }";
    let text = GOOD.replacen("rows.csv }", format, 1);
    let told = |text: &str| {
        let stack = load(text, "prod").unwrap();
        stack
            .training()
            .unwrap()
            .environment
            .get("DATA_FORMAT")
            .cloned()
    };
    assert_eq!(
        told(&text).unwrap(),
        r#"{"columns":2,"text":0,"label":1,"group":null,"time":null,"separator":",","quoted":false,"header":false,"classes":[["x","X"],["y","Y"]]}"#
    );
    assert_eq!(told(GOOD), None);
    let own = "ml.g4dn.xlarge\n  environment: { DATA_FORMAT: \"\" }";
    let own = text.replacen("ml.g4dn.xlarge", own, 1);
    assert_eq!(told(&own).as_deref(), Some(""));
    let many: Vec<String> = (0..200).map(|class| format!("c{class}")).collect();
    let long = text.replacen("{ x: X, y: Y }", &format!("[{}]", many.join(", ")), 1);
    let problems = load(&long, "prod").unwrap_err().to_string();
    assert!(
        problems.contains("cannot be told to the training code"),
        "{problems}"
    );
    let quiet = long.replacen(
        "ml.g4dn.xlarge",
        "ml.g4dn.xlarge\n  environment: { DATA_FORMAT: \"\" }",
        1,
    );
    assert!(load(&quiet, "prod").is_ok());
}
