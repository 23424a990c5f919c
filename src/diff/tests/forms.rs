//! How a comparison is told: as data, as a comment, with origins.

use super::*;

fn schema() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    jsonschema::draft202012::options().build(&schema).unwrap()
}

fn everything_changed() -> Report {
    let mut after = prod();
    let (_, bucket) = first(&mut after, "foundation", "AWS::S3::Bucket");
    bucket["BucketName"] = json!("another");
    let (_, role) = first(&mut after, "foundation", "AWS::IAM::Role");
    role["Policies"] = json!([]);
    let service = after.get_mut("service").unwrap();
    service["Resources"]
        .as_object_mut()
        .unwrap()
        .shift_remove("Function");
    service["Description"] = json!("other");
    let content = vec![ContentChange {
        what: Content::Data,
        path: "d".into(),
        state: ContentState::Moved { before: "e".into() },
    }];
    let archive = ContentChange::of_archives(
        Content::FunctionCode,
        "f".into(),
        &Digest::of_bytes(b"1"),
        &Digest::of_bytes(b"2"),
    );
    let content = content.into_iter().chain(archive).collect();
    let besides = Besides {
        content,
        model: Some(models()),
        settings: design(&shipped("staging"), &shipped("prod")).settings,
    };
    let environments = vec![
        compare_environment("prod", Some(&prod()), Some(&after), besides),
        compare_environment("new", None, Some(&prod()), Vec::new()),
        compare_environment("gone", Some(&prod()), None, Vec::new()),
    ];
    Report::new("s", "HEAD", environments, vec!["a note".into()])
}

#[test]
fn the_json_form_is_what_its_schema_says() {
    let report = serde_json::to_value(everything_changed()).unwrap();
    let problems: Vec<String> = schema()
        .iter_errors(&report)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(problems, [""; 0]);
    let mut wrong = report;
    wrong["environments"][0]["consequences"][0]["severity"] = json!("mild");
    assert!(!schema().is_valid(&wrong));
}

#[test]
fn the_schema_is_that_of_the_types() {
    let generated = schemars::schema_for!(Report);
    let text = format!("{:#}\n", serde_json::to_value(generated).unwrap());
    if text != SCHEMA {
        let path = std::env::temp_dir().join("deploy-diff-schema.json");
        std::fs::write(&path, text).unwrap();
        panic!(
            "src/diff/schema.json is out of date; {} is current",
            path.display()
        );
    }
}

#[test]
fn hostile_values_stay_in_their_cells() {
    let hostile = "a|b`c\\|d</td></details><img src=x> @octocat #1 https://x.y\n\n# h ${{ x }}";
    let mut after = prod();
    let (_, function) = first(&mut after, "service", "AWS::Lambda::Function");
    function["Description"] = json!(hostile);
    function["Environment"]["Variables"][hostile] = json!(hostile);
    after.get_mut("training-job").unwrap()["HyperParameters"][hostile] = json!(hostile);
    let (_, role) = first(&mut after, "foundation", "AWS::IAM::Role");
    let statement = json!({"Effect": "Allow", "Action": hostile, "Resource": hostile});
    role["Policies"][0]["PolicyDocument"]["Statement"] = statement;
    let diff = compare_environment("prod", Some(&prod()), Some(&after), Vec::new());
    let report = Report::new(hostile, hostile, vec![diff], vec![hostile.into()]);
    let text = markdown(&report);
    tables_hold(&text);
    assert!(!text.contains("<img") && !text.contains("</td>"), "{text}");
    assert_eq!(
        text.matches("<details>").count(),
        text.matches("</details>").count()
    );
    assert!(!text.lines().any(|line| line.starts_with("# h")));
    // Outside of code spans no mention is left.
    let outside: String = text.split('`').step_by(2).collect();
    assert!(!outside.contains("@octocat"), "{outside}");
    let human = human(&report);
    assert!(!human.contains("\u{1b}[31m@"));
}

#[test]
fn a_comment_is_never_too_long_and_says_what_is_left_out() {
    let mut after = prod();
    let resources = after.get_mut("service").unwrap()["Resources"]
        .as_object_mut()
        .unwrap();
    for number in 0..900 {
        let name = format!("Group{number}");
        let value = "é|".repeat(400);
        resources.insert(
            name,
            json!({"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": value}}),
        );
    }
    let diff = compare_environment("prod", Some(&prod()), Some(&after), Vec::new());
    let text = markdown(&Report::new("s", "main", vec![diff], Vec::new()));
    assert!(text.len() <= MARKDOWN_LIMIT && text.len() > MARKDOWN_LIMIT / 2);
    assert!(
        text.contains(" parts left out"),
        "{}",
        &text[text.len() - 300..]
    );
    tables_hold(&text);
}

#[test]
fn origins_are_shown_where_they_are_known() {
    let mut after = prod();
    let (id, function) = first(&mut after, "service", "AWS::Lambda::Function");
    function["Timeout"] = json!(7);
    let pointer = format!("/Resources/{id}/Properties/Timeout");
    let line = Line {
        file: "stack.yaml".into(),
        line: 12,
    };
    let find = |environment: &str, document: &str, at: &str| {
        assert_eq!((environment, document), ("prod", "service"));
        (at == pointer).then(|| Origin {
            rendered: None,
            template: None,
            stack: Some(line.clone()),
        })
    };
    let diff = compared(&prod(), &after);
    let report = Report::new("s", "HEAD", vec![diff], Vec::new()).with_origins(find);
    assert!(
        human(&report).contains("Timeout: 25 -> 7  [stack.yaml:12]"),
        "{}",
        human(&report)
    );
    assert!(
        markdown(&report).contains("`stack.yaml:12`"),
        "{}",
        markdown(&report)
    );
}
