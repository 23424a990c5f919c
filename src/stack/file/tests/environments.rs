//! Environments over the stack, and beside one another.

use super::super::super::resolved::Capacity;
use super::*;

#[test]
fn an_unknown_environment_is_told_with_the_known_ones() {
    let error = load(GOOD, "prd").unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("`local`, `prod`") && text.contains("did you mean `prod`?"),
        "{text}"
    );
}

#[test]
fn a_local_environment_may_play_any_account() {
    let named = changed(
        "local: { python",
        "local: { account: \"222233334444\", region: eu-west-1, python",
    );
    let stack = load(&named, "local").unwrap();
    assert_eq!(stack.account.as_str(), "222233334444");
    assert_eq!(stack.names.bucket, "news-local-222233334444-eu-west-1");
    let short = changed("local: { python", "local: { account: \"2222\", python");
    let problems = load(&short, "local").unwrap_err();
    assert!(problems.to_string().contains("twelve digits"), "{problems}");
}

#[test]
fn a_local_environment_without_python_says_what_to_add() {
    let text = changed(", local: { python: { interpreter: code/train.py } }", "");
    let error = load(&text, "local").unwrap_err().to_string();
    assert!(
        error.contains("needs a Python") && error.contains("interpreter"),
        "{error}"
    );
}

#[test]
fn an_environment_lies_over_the_stack() {
    let text = changed(
        "    protected: true",
        "    training: { hyperparameters: { epochs: 9 } }\n    endpoint: { count: 2 }",
    );
    let stack = load(&text, "prod").unwrap();
    assert_eq!(stack.training().unwrap().hyperparameters["epochs"], "9");
    assert_eq!(stack.training().unwrap().hyperparameters["name"], "x y");
    let capacity = |stack: Stack| match stack.endpoint.capacity {
        Capacity::Instances(capacity) => capacity,
        Capacity::Serverless(_) => panic!("serverless"),
    };
    let prod = capacity(stack);
    assert_eq!(
        (prod.count, prod.instances),
        (2, vec!["ml.m5.large".to_owned()])
    );
    assert_eq!(capacity(load(&text, "local").unwrap()).count, 1);
}

#[test]
fn fields_of_an_environment_do_not_belong_in_the_stack_nor_the_other_way_round() {
    let text = changed("tags: { team: a }", "protected: true");
    assert!(
        load(&text, "prod")
            .unwrap_err()
            .to_string()
            .contains("belongs in an environment")
    );
    let text = changed("    protected: true", "    stack: other");
    assert!(
        load(&text, "prod")
            .unwrap_err()
            .to_string()
            .contains("cannot change `stack`")
    );
}

#[test]
fn names_are_checked_after_composition() {
    let text = changed("stack: news", &format!("stack: {}", "n".repeat(40)));
    let error = load(&text, "prod").unwrap_err().to_string();
    assert!(error.contains("over the limit of 63"), "{error}");
}

#[test]
fn all_environments_share_a_mistake_only_once() {
    let (_folder, file) = project(&changed("handler: app.handler", "handler: app"));
    let problems = StackFile::read(&file).unwrap().all().unwrap_err();
    assert_eq!(problems.list().len(), 1, "{problems}");
    let (_folder, file) = project(GOOD);
    assert_eq!(StackFile::read(&file).unwrap().all().unwrap().len(), 2);
}

#[test]
fn the_content_digest_ignores_comments_and_other_environments() {
    let digest = |text: &str| load(text, "prod").unwrap().content_digest;
    let original = digest(GOOD);
    assert_eq!(original, digest(&changed("tags:", "# why\ntags:")));
    let local = changed("target: local,", "target: local, logs: { retention: 7d },");
    assert_eq!(original, digest(&local));
    assert_ne!(original, digest(&changed("team: a", "team: b")));
}

#[test]
fn null_in_an_environment_removes_what_the_stack_says() {
    let text = changed("tags: { team: a }", "alarms: {}\nnotebook: {}");
    let text = text.replace(
        "    protected: true",
        "    alarms: null\n    training: { hyperparameters: { epochs: null } }",
    );
    let stack = load(&text, "prod").unwrap();
    assert!(stack.alarms.is_none() && stack.notebook.is_some());
    assert!(
        !stack
            .training()
            .unwrap()
            .hyperparameters
            .contains_key("epochs")
    );
    let local = load(&text, "local").unwrap();
    assert!(local.alarms.is_some());
    let empty = text.replace("alarms: null", "alarms:");
    let error = load(&empty, "prod").unwrap_err().to_string();
    assert!(error.contains("write `null` to remove"), "{error}");
    let above = changed("tags: { team: a }", "alarms: null");
    let error = load(&above, "prod").unwrap_err().to_string();
    assert!(error.contains("`alarms` has no value"), "{error}");
}
