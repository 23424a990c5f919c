//! Environments that take releases over.

use super::super::super::resolved::{Comparison, Promotion};
use super::*;

#[test]
fn a_ring_of_promotions_is_told_at_each_of_its_environments() {
    let text = changed("    protected: true", "    promotes_from: stage")
        + "  stage: { target: { account: \"111122223333\", region: eu-west-1 }, promotes_from: prod }\n  late: { target: { account: \"111122223333\", region: eu-west-1 }, promotes_from: prod }\n";
    let (_folder, file) = project(&text);
    let problems = StackFile::read(&file).unwrap().all().unwrap_err();
    assert_eq!(problems.list().len(), 2, "{problems}");
    assert!(
        problems.to_string().contains("prod from stage from prod"),
        "{problems}"
    );
    let text = text.replace("promotes_from: prod }\n  late", "protected: true }\n  late");
    let stack = load(&text, "prod").unwrap();
    assert_eq!(stack.promotion.unwrap().from.as_str(), "stage");
}

/// The promotion of the good stack's `prod`, written so, from a data set with a format.
fn promotion(text: &str) -> Result<Promotion, Problems> {
    let text = changed(
        "    protected: true",
        &format!("    promotes_from: local\n    promotion: {text}"),
    );
    let format = "rows.csv, format: { columns: [a, b], text: a, label: b, classes: [x, y] } }";
    let text = text.replacen("rows.csv }", format, 1);
    load(&text, "prod").map(|stack| stack.promotion.unwrap())
}

#[test]
fn a_promotion_has_defaults_and_the_gates_of_the_training() {
    let gated = |own: &str| {
        let gates =
            "ml.g4dn.xlarge\n  gates: { loss: \"< 2\", regression: \"<= 0.1 against serving\" }";
        let text = changed("ml.g4dn.xlarge", gates).replace(
            "    protected: true",
            &format!("    promotes_from: local\n    promotion: {own}"),
        );
        load(&text, "prod").unwrap().promotion.unwrap()
    };
    let plain = gated("{}");
    assert_eq!(plain.gates[0].to_string(), "loss < 2");
    assert_eq!(plain.regression, Some(0.1));
    assert_eq!((plain.bake.seconds(), plain.max_age), (0, None));
    assert_eq!(
        (plain.holdout, plain.load, plain.approvals),
        (None, None, None)
    );
    let own = gated("{ gates: { loss: \"< 1\" } }");
    assert_eq!((own.gates[0].threshold, own.regression), (1.0, None));

    let full = promotion(
        "{ load: { p95: 500ms }, approvals: { ci: true }, holdout: { file: rows.csv, labels: { x: Xs }, accuracy: \">= 0.9\" } }",
    )
    .unwrap();
    let probe = full.load.unwrap();
    assert_eq!((probe.connections, probe.duration.seconds()), (4, 20));
    assert_eq!(probe.percentiles[&95].milliseconds(), 500);
    assert_eq!(probe.errors_percent, 0);
    let approvals = full.approvals.unwrap();
    assert_eq!((approvals.needed, approvals.ci), (1, true));
    let holdout = full.holdout.unwrap();
    assert_eq!((holdout.limit, holdout.labels["x"].as_str()), (1000, "Xs"));
    assert_eq!(holdout.accuracy, Some((Comparison::AtLeast, 0.9)));
    assert_eq!((holdout.macro_f1, holdout.format.text), (None, 0));
}

#[test]
fn a_holdout_that_asks_nothing_or_no_condition_is_told_at_its_place() {
    for (text, place, summary) in [
        (
            "{ holdout: { file: rows.csv } }",
            "holdout",
            "nothing is asked of the answers",
        ),
        (
            "{ holdout: { file: rows.csv, macro_f1: \"0.9\" } }",
            "\"0.9\"",
            "no condition of a gate",
        ),
    ] {
        let problems = promotion(text).unwrap_err();
        let [problem] = problems.list() else {
            panic!("{problems}")
        };
        assert_eq!(underlined(&problems, problem), place, "{problems}");
        assert!(problem.summary.contains(summary), "{problems}");
    }
}
