//! Reads metrics out of a job's output by regular expression.

use std::sync::{Mutex, PoisonError};

use regex::Regex;

use super::super::state::Metric;
use super::request::Algorithm;
use crate::local::wire::ApiError;

/// The last value of every metric so far.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    definitions: Vec<(String, Regex)>,
    last: Mutex<Vec<Metric>>,
}

impl Metrics {
    /// Prepares the metrics of an algorithm.
    pub(super) fn new(algorithm: &Algorithm) -> Result<Self, ApiError> {
        let definitions = algorithm
            .metric_definitions
            .iter()
            .map(|definition| Ok((definition.name.clone(), definition.compile()?)))
            .collect::<Result<_, ApiError>>()?;
        Ok(Self {
            definitions,
            last: Mutex::default(),
        })
    }

    /// Looks for values in a line that was written `at` seconds since the Unix epoch.
    pub(super) fn scan(&self, line: &str, at: f64) {
        for (name, regex) in &self.definitions {
            let values = regex
                .captures_iter(line)
                .filter_map(|found| found.get(1)?.as_str().parse().ok());
            if let Some(value) = values.last().filter(|value: &f64| value.is_finite()) {
                self.set(name, value, at);
            }
        }
    }

    /// Returns the last values, in the order in which they first came.
    pub(super) fn last(&self) -> Vec<Metric> {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, name: &str, value: f64, at: f64) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match last.iter_mut().find(|metric| metric.name == name) {
            Some(metric) => (metric.value, metric.at) = (value, at),
            None => last.push(Metric {
                name: name.to_owned(),
                value,
                at,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::request::MetricDefinition;
    use super::*;

    #[test]
    fn the_last_value_counts() {
        let definition = |name: &str, regex: &str| MetricDefinition {
            name: name.into(),
            regex: regex.into(),
        };
        let metrics = Metrics::new(&Algorithm {
            training_image: "i".into(),
            training_input_mode: None,
            metric_definitions: vec![
                definition("loss", r"loss=([0-9.]+|nan)"),
                definition("accuracy", r"accuracy=([0-9.]+)"),
            ],
            container_entrypoint: Vec::new(),
            container_arguments: Vec::new(),
        })
        .unwrap();
        metrics.scan("loss=0.9 then loss=0.8", 1.0);
        metrics.scan("nothing here", 2.0);
        metrics.scan("accuracy=0.5 loss=nan", 3.0);
        let last: Vec<_> = metrics
            .last()
            .into_iter()
            .map(|m| (m.name, m.value, m.at))
            .collect();
        assert_eq!(
            last,
            [
                ("loss".to_owned(), 0.8, 1.0),
                ("accuracy".to_owned(), 0.5, 3.0)
            ]
        );
    }
}
