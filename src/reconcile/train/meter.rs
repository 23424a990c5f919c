//! Reads metrics from log lines, as SageMaker does: by the expressions of the request, whose first group is
//! the value.

use regex::Regex;
use serde_json::Value;

/// Expressions by the names of their metrics.
#[derive(Debug, Default)]
pub(super) struct Meter(Vec<(String, Regex)>);

impl Meter {
    /// Takes the metric definitions of a rendered request. An expression that is none reads nothing: the
    /// stack file's were checked, and SageMaker refuses others.
    pub(super) fn of(request: &Value) -> Self {
        let definitions = request["AlgorithmSpecification"]["MetricDefinitions"].as_array();
        let read = |definition: &Value| {
            let regex = Regex::new(definition["Regex"].as_str()?).ok()?;
            Some((definition["Name"].as_str()?.to_owned(), regex))
        };
        Self(definitions.into_iter().flatten().filter_map(read).collect())
    }

    /// The values of a line, in the order of the definitions.
    pub(super) fn values(&self, line: &str) -> Vec<(String, f64)> {
        let mut values = Vec::new();
        for (name, regex) in &self.0 {
            for found in regex.captures_iter(line) {
                let number = found.get(1).and_then(|group| group.as_str().parse().ok());
                values.extend(number.map(|number: f64| (name.clone(), number)));
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_by_the_first_group() {
        let metric = |name: &str, regex: &str| json!({ "Name": name, "Regex": regex });
        let meter = Meter::of(&json!({ "AlgorithmSpecification": { "MetricDefinitions": [
            metric("loss", "loss=([0-9.eE+-]+)"),
            metric("f1", "f1=([0-9.]+)"),
            metric("broken", "("),
        ] } }));
        let pair = |name: &str, value: f64| (name.to_owned(), value);
        assert_eq!(
            meter.values("step=3 loss=1.5e-1 f1=0.93"),
            [pair("loss", 0.15), pair("f1", 0.93)]
        );
        assert_eq!(meter.values("loss=high f1="), []);
        assert_eq!(
            meter.values("loss=2 loss=1"),
            [pair("loss", 2.0), pair("loss", 1.0)]
        );
        assert!(Meter::of(&Value::Null).values("loss=1").is_empty());
    }
}
