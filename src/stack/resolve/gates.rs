//! The field `training.gates`.

use indexmap::IndexMap;

use super::super::check::Check;
use super::super::problem::Problem;
use super::super::resolved::{Comparison, Gate};
use super::super::suggest;

/// Resolves the gates; each needs its metric.
pub(super) fn resolve(
    check: &mut Check<'_>,
    given: Option<&IndexMap<String, String>>,
    metrics: &IndexMap<String, String>,
) -> Vec<Gate> {
    let mut gates = Vec::new();
    for (metric, text) in given.into_iter().flatten() {
        let field = &["training", "gates", metric.as_str()];
        check.require(metrics.contains_key(metric), field, || {
            let known: Vec<&str> = metrics.keys().map(String::as_str).collect();
            Problem::new(format!(
                "the gate `{metric}` is on a metric that nobody reports"
            ))
            .because("a gate looks at a metric of `training.metrics`")
            .help(suggest::remedy(metric, &known))
        });
        match parse(text) {
            Some((comparison, threshold)) => gates.push(Gate {
                metric: metric.clone(),
                comparison,
                threshold,
            }),
            None => check.fail(
                field,
                Problem::new(format!("`{text}` is no condition of a gate"))
                    .help("write `>=`, `>`, `<=` or `<` and a number, as in \">= 0.93\""),
            ),
        }
    }
    gates
}

/// Reads `>= 0.93`.
fn parse(text: &str) -> Option<(Comparison, f64)> {
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
