//! Conditions on metrics: the fields `training.gates` and `promotion.gates`.

use indexmap::IndexMap;

use super::super::check::Check;
use super::super::problem::Problem;
use super::super::resolved::{Comparison, Gate};
use super::super::suggest;
use crate::stack::codes;

/// What compares with the model that serves.
const REGRESSION: &str = "regression";
/// How such a condition ends.
const AGAINST: &str = "against serving";

/// Resolves the gates, each of which needs its metric, and how much worse than in the model that serves
/// their metrics may be.
pub(super) fn resolve(
    check: &mut Check<'_>,
    section: &str,
    given: Option<&IndexMap<String, String>>,
    metrics: &IndexMap<String, String>,
) -> (Vec<Gate>, Option<f64>) {
    let mut gates = Vec::new();
    let mut regression = None;
    for (metric, text) in given.into_iter().flatten() {
        let field = &[section, "gates", metric.as_str()];
        if metric == REGRESSION && !metrics.contains_key(metric) {
            regression = self::regression(text);
            check.require(regression.is_some(), field, || {
                Problem::new(
                    &codes::INVALID_GATE,
                    format!("`{text}` does not say how much worse a model may be"),
                )
                .help(format!("write it as in \"<= 0.01 {AGAINST}\""))
            });
            continue;
        }
        check.require(metrics.contains_key(metric), field, || {
            let known: Vec<&str> = metrics.keys().map(String::as_str).collect();
            Problem::new(
                &codes::GATE_WITHOUT_METRIC,
                format!("the gate `{metric}` is on a metric that nobody reports"),
            )
            .because("a gate looks at a metric of `training.metrics`")
            .help(suggest::remedy(metric, &known))
        });
        match parse(text) {
            Some((comparison, threshold)) => gates.push(Gate {
                metric: metric.clone(),
                comparison,
                threshold,
            }),
            None => check.fail(field, no_condition(text)),
        }
    }
    check.require(
        regression.is_none() || !gates.is_empty(),
        &[section, "gates", REGRESSION],
        || {
            Problem::new(
                &codes::GATE_WITHOUT_METRIC,
                "there is no metric to compare with that of the model that serves",
            )
            .because("a regression is looked for in the metrics that have a gate of their own")
            .help("add a gate, such as `eval_accuracy: \">= 0.5\"`")
        },
    );
    (gates, regression)
}

/// Reads `<= 0.01 against serving`.
fn regression(text: &str) -> Option<f64> {
    match parse(text.strip_suffix(AGAINST)?)? {
        (Comparison::AtMost, most) if most >= 0.0 => Some(most),
        _ => None,
    }
}

/// Says that a text is no condition.
pub(super) fn no_condition(text: &str) -> Problem {
    Problem::new(
        &codes::INVALID_GATE,
        format!("`{text}` is no condition of a gate"),
    )
    .help("write `>=`, `>`, `<=` or `<` and a number, as in \">= 0.93\"")
}

/// Reads `>= 0.93`.
pub(super) fn parse(text: &str) -> Option<(Comparison, f64)> {
    let comparison = Comparison::ALL
        .into_iter()
        .find(|comparison| text.starts_with(comparison.symbol()))?;
    let number = text.strip_prefix(comparison.symbol())?.trim();
    let plain = number.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
    let threshold: f64 = number.parse().ok().filter(|_| plain)?;
    threshold.is_finite().then_some((comparison, threshold))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read() {
        for (text, expected) in [
            (">= 0.93", Some((Comparison::AtLeast, 0.93))),
            ("> 1", Some((Comparison::Above, 1.0))),
            ("<=-0.5", Some((Comparison::AtMost, -0.5))),
            ("< 1e-3", Some((Comparison::Below, 1e-3))),
            ("0.93", None),
            ("== 0.93", None),
            (">= nan", None),
            (">= inf", None),
            (">= 0,93", None),
            (">=", None),
            ("", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_regression_has_a_most_and_what_it_is_against() {
        assert_eq!(regression("<= 0.01 against serving"), Some(0.01));
        assert_eq!(regression("<=0 against serving"), Some(0.0));
        for wrong in [
            "<= 0.01",
            "< 0.01 against serving",
            "<= -1 against serving",
            ">= 0.01 against serving",
        ] {
            assert_eq!(regression(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_gate_holds_at_its_bound_or_beyond() {
        let gate = |comparison| Gate {
            metric: "m".into(),
            comparison,
            threshold: 0.5,
        };
        for (comparison, below, at, above) in [
            (Comparison::AtLeast, false, true, true),
            (Comparison::Above, false, false, true),
            (Comparison::AtMost, true, true, false),
            (Comparison::Below, true, false, false),
        ] {
            let gate = gate(comparison);
            assert_eq!(
                (gate.passes(0.4), gate.passes(0.5), gate.passes(0.6)),
                (below, at, above),
                "{gate}"
            );
            assert!(!gate.passes(f64::NAN));
        }
    }
}
