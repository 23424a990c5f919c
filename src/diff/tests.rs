//! Tests of whole comparisons, on the shipped templates and changes made to them.

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::bundle::{Bundles, Digest};
use crate::release::testing::release;
use crate::render::{Library, render};
use crate::stack::{Stack, StackFile};

fn shipped(environment: &str) -> Stack {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/news-classifier/stack.yaml");
    StackFile::read(&path)
        .unwrap()
        .environment(environment)
        .unwrap()
}

fn documents(stack: &Stack) -> Documents {
    documents_of(&render(stack, &Library::builtin()).unwrap()).unwrap()
}

fn prod() -> Documents {
    static PROD: LazyLock<Documents> = LazyLock::new(|| documents(&shipped("prod")));
    PROD.clone()
}

fn compared(before: &Documents, after: &Documents) -> EnvironmentDiff {
    compare_environment("prod", Some(before), Some(after), Vec::new())
}

/// The first resource of a type in a document.
fn first<'a>(documents: &'a mut Documents, document: &str, kind: &str) -> (String, &'a mut Value) {
    let resources = documents.get_mut(document).unwrap()["Resources"]
        .as_object_mut()
        .unwrap();
    let (id, resource) = resources
        .iter_mut()
        .find(|(_, one)| one["Type"] == kind)
        .unwrap();
    (id.clone(), &mut resource["Properties"])
}

fn action(diff: &EnvironmentDiff, kind: &str) -> Option<Action> {
    let mut changes = diff.documents.iter().flat_map(|document| &document.changes);
    let change = changes.find(|change| change.kind.as_deref() == Some(kind));
    change.map(|change| change.action)
}

fn says(diff: &EnvironmentDiff, severity: Severity, text: &str) {
    let found = diff
        .consequences
        .iter()
        .any(|one| one.severity == severity && one.text.contains(text));
    assert!(
        found,
        "{severity:?} {text:?} is not in {:#?}",
        diff.consequences
    );
}

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
fn a_hyperparameter_retrains_and_the_new_model_goes_all_the_way() {
    let mut after = prod();
    let request = after.get_mut("training-job").unwrap();
    request["HyperParameters"]["learning_rate"] = json!("0.00003");
    let diff = compared(&prod(), &after);
    says(
        &diff,
        Severity::Caution,
        "it retrains: hyperparameter `learning_rate` `0.00005` -> `0.00003`",
    );
    assert_eq!(
        action(&diff, "AWS::SageMaker::Model"),
        Some(Action::Replace)
    );
    assert_eq!(
        action(&diff, "AWS::SageMaker::EndpointConfig"),
        Some(Action::Replace)
    );
    assert_eq!(
        action(&diff, "AWS::SageMaker::Endpoint"),
        Some(Action::Update)
    );
    assert_eq!(action(&diff, "AWS::Lambda::Function"), None);
}

#[test]
fn changed_code_is_told_with_its_files() {
    let changed = |what, file: &str| ContentChange {
        what,
        path: "code".into(),
        state: ContentState::Changed {
            files: vec![file.into()],
        },
    };
    let content = vec![
        changed(Content::TrainingCode, "~ code/train.py"),
        changed(Content::FunctionCode, "+ fn/a.py"),
    ];
    let diff = compare_environment("prod", Some(&prod()), Some(&prod()), content);
    assert!(diff.is_changed());
    says(
        &diff,
        Severity::Caution,
        "it retrains: code changed: 1 file",
    );
    says(&diff, Severity::Info, "the function's code changes: 1 file");
    assert_eq!(
        action(&diff, "AWS::SageMaker::Model"),
        Some(Action::Replace)
    );
    assert_eq!(action(&diff, "AWS::Lambda::Function"), Some(Action::Update));
}

#[test]
fn another_model_that_is_brought_is_told_and_reaches_the_endpoint() {
    let with = |state: ContentState| {
        let model = ContentChange {
            what: Content::Model,
            path: "model.tar.gz".into(),
            state,
        };
        // Nothing is trained on either side.
        let mut untrained = prod();
        untrained.remove("training-job");
        compare_environment("prod", Some(&untrained), Some(&untrained), vec![model])
    };
    let diff = with(ContentState::Changed {
        files: vec!["~ model.tar.gz".into()],
    });
    let told = "another model is brought: `model.tar.gz` changed";
    says(&diff, Severity::Caution, told);
    let replaced = action(&diff, "AWS::SageMaker::Model");
    assert_eq!(replaced, Some(Action::Replace));
    let diff = with(ContentState::Unknown {
        because: "git does not track it".into(),
    });
    assert!(!diff.is_changed());
    says(&diff, Severity::Caution, "cannot be told from here");
}

#[test]
fn what_git_does_not_know_is_not_taken_for_unchanged() {
    let content = vec![ContentChange {
        what: Content::Data,
        path: "d.csv".into(),
        state: ContentState::Unknown {
            because: "git does not track it".into(),
        },
    }];
    let diff = compare_environment("prod", Some(&prod()), Some(&prod()), content);
    assert!(!diff.is_changed());
    says(
        &diff,
        Severity::Caution,
        "cannot be told from here: data: git does not track it",
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

/// The parts of a training request that count are those of the training key.
#[test]
fn retraining_is_predicted_as_the_training_key_has_it() {
    let base = shipped("staging");
    let mut variants: Vec<Stack> = Vec::new();
    let mut vary = |change: &dyn Fn(&mut Stack)| {
        let mut stack = base.clone();
        change(&mut stack);
        variants.push(stack);
    };
    vary(&|stack| stack.recipe().training.image.uri.push('x'));
    vary(&|stack| stack.recipe().training.entry_point = "other.py".into());
    vary(&|stack| {
        stack
            .recipe()
            .training
            .hyperparameters
            .insert("epochs".into(), "9".into());
    });
    vary(&|stack| {
        stack.recipe().training.hyperparameters.remove("epochs");
    });
    vary(&|stack| {
        stack
            .recipe()
            .training
            .environment
            .insert("A".into(), "b".into());
    });
    vary(&|stack| stack.recipe().training.count = 2);
    vary(&|stack| stack.recipe().training.max_run = "3h".parse().unwrap());
    vary(&|stack| stack.recipe().training.volume = "60 GiB".parse().unwrap());
    vary(&|stack| stack.recipe().training.metrics.clear());
    vary(&|stack| {
        stack.tags.insert("a".into(), "b".into());
    });
    let key = Bundles::of(&base).unwrap().training_key;
    let before = documents(&base);
    for stack in variants {
        let diff = compared(&before, &documents(&stack));
        assert!(diff.is_changed());
        let retrains = diff
            .consequences
            .iter()
            .any(|one| one.text.starts_with("it retrains"));
        let other_key = Bundles::of(&stack).unwrap().training_key != key;
        assert_eq!(retrains, other_key, "{:#?}", diff.consequences);
    }
}

/// Two releases with other models, the second without the label `a`.
fn models() -> ModelDiff {
    let mut before = release(1, "s");
    before.model.classes = [("a", 0.5), ("b|c", 0.5)]
        .map(|(l, f)| (l.to_owned(), f))
        .into();
    let mut after = release(2, "t");
    after.model.training_key = Digest::of_bytes(b"other");
    after.model.classes = [("b|c".to_owned(), 0.75)].into();
    let [before, after] = [&before, &after].map(|one| Some(Compared::Released(one)));
    ModelDiff::between(before, after)
}

#[test]
fn another_model_is_told_with_its_labels_and_reaches_the_endpoint() {
    let besides = Besides {
        model: Some(models()),
        ..Besides::default()
    };
    let diff = compare_environment("prod", Some(&prod()), Some(&prod()), besides);
    assert!(diff.is_changed());
    says(&diff, Severity::Danger, "`a`: no longer among the labels");
    says(&diff, Severity::Info, "another model: training key");
    says(&diff, Severity::Info, "is updated without downtime");
    assert_eq!(
        action(&diff, "AWS::SageMaker::Endpoint"),
        Some(Action::Update)
    );
    let report = Report::new("s", "one", vec![diff], Vec::new()).about("other");
    let text = human(&report);
    for part in [
        "s: other against one",
        "F1 of b|c: 0.5000 -> 0.7500  (+0.2500)",
        "another model",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let page = markdown(&report);
    tables_hold(&page);
    assert!(
        page.contains("| <code>F1 of b&#124;c</code> | `0.5000` | `0.7500` | `+0.2500` |"),
        "{page}"
    );

    let mut same = models();
    same.after.clone_from(&same.before);
    let besides = Besides {
        model: Some(same),
        ..Besides::default()
    };
    let diff = compare_environment("prod", Some(&prod()), Some(&prod()), besides);
    assert!(!diff.is_changed());
}

#[test]
fn two_environments_differ_in_what_the_stack_file_says_and_not_in_names() {
    let (staging, prod) = (shipped("staging"), shipped("prod"));
    let moved = documents(&prod.in_place_of(&staging));
    let besides = design(&staging, &prod);
    let diff = compare_environment("prod", Some(&documents(&staging)), Some(&moved), besides);
    let changed = diff.documents.iter().flat_map(|one| &one.changes);
    let paths = changed
        .flat_map(|change| &change.properties)
        .filter(|one| one.because.is_none());
    let mut paths: Vec<&str> = paths.map(|one| one.path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(
        paths,
        [
            "ProductionVariants[AllTraffic].InitialInstanceCount",
            "ProductionVariants[AllTraffic].InstanceType",
            "RetentionInDays",
        ]
    );
    let setting = |name: &str, after: &str| SettingChange {
        setting: name.into(),
        before: None,
        after: Some(after.into()),
    };
    let expected = [
        setting("protected", "true"),
        setting("promotes_from", "staging"),
    ];
    assert_eq!(diff.settings, expected);
    assert_eq!(diff.content, []);
    let text = human(&Report::new("s", "staging", vec![diff], Vec::new()).about("prod"));
    assert!(text.contains("protected: (none) -> true"), "{text}");
}

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

/// Every row of a table has the cells of its head, whatever the values are.
fn tables_hold(markdown: &str) {
    let mut cells = None;
    for line in markdown.lines() {
        if line.starts_with('|') {
            let count = line.matches('|').count();
            assert_eq!(*cells.get_or_insert(count), count, "{line}");
        } else {
            cells = None;
        }
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

/// The shipped service and foundation, some resources and properties left out.
fn thinned(resources: u64, properties: u64) -> Documents {
    let mut documents = prod();
    let mut number = 0;
    for document in documents.values_mut() {
        let Some(all) = document.get_mut("Resources").and_then(Value::as_object_mut) else {
            continue;
        };
        all.retain(|_, resource| {
            number += 1;
            if properties >> (number % 64) & 1 == 1
                && let Some(map) = resource["Properties"].as_object_mut()
            {
                let last = map.keys().next_back().cloned();
                last.and_then(|name| map.shift_remove(&name));
            }
            resources >> (number % 64) & 1 == 0
        });
    }
    documents
}

fn ids(diff: &EnvironmentDiff, action: Action) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for document in &diff.documents {
        let changes = document
            .changes
            .iter()
            .filter(|change| change.action == action);
        found.extend(changes.map(|change| (document.document.clone(), change.id.clone())));
    }
    found.sort();
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_comparison_with_itself_is_empty_and_turned_around_swaps_added_and_removed(
        one in any::<u64>(), other in any::<u64>(), less in any::<u64>(), more in any::<u64>(),
    ) {
        let (before, after) = (thinned(one, less), thinned(other, more));
        prop_assert!(!compared(&before, &before).is_changed());
        let (there, back) = (compared(&before, &after), compared(&after, &before));
        prop_assert_eq!(ids(&there, Action::Add), ids(&back, Action::Remove));
        prop_assert_eq!(ids(&there, Action::Remove), ids(&back, Action::Add));
    }

    #[test]
    fn the_order_of_a_template_means_nothing(one in any::<u64>(), less in any::<u64>()) {
        let turned = |documents: &Documents| -> Documents {
            let mut documents = documents.clone();
            for document in documents.values_mut() {
                document.sort_all_objects();
            }
            documents
        };
        let (before, after) = (prod(), thinned(one, less));
        let straight = compared(&before, &after);
        let other = compared(&turned(&before), &turned(&after));
        for action in [Action::Add, Action::Remove, Action::Replace, Action::MayReplace, Action::Update] {
            prop_assert_eq!(ids(&straight, action), ids(&other, action));
        }
        prop_assert_eq!(straight.consequences, other.consequences);
    }
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
