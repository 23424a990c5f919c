//! Changes of what decides the model, and of the model.

use super::*;
use crate::bundle::Bundles;

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
