//! The operations on numbers.

use serde_json::{Map, Value, json};

use super::CloudWatch;
use super::alarm::{invalid, number, series};
use crate::local::metrics::{Series, Statistic};
use crate::local::wire::ApiError;

/// Most numbers in one answer.
const MOST: i64 = 1440;

/// The periods that are asked for, in minutes since the Unix epoch.
struct Span {
    from: i64,
    until: i64,
    period: i64,
}

impl Span {
    fn read(times: &Value, period: &Value) -> Result<Self, ApiError> {
        let minute = |member: &str| {
            let seconds = number(&times[member]);
            seconds
                .map(minute_of)
                .ok_or_else(|| invalid(format!("The parameter {member} is required.")))
        };
        let period = number(period).map(minute_of).filter(|period| *period > 0);
        let period = period.ok_or_else(|| {
            invalid("the local engine does not emulate a Period of less than a minute")
        })?;
        let (from, until) = (minute("StartTime")?, minute("EndTime")?);
        let span = Self {
            from: from - from.rem_euclid(period),
            // A time within a minute asks for that minute too.
            until: until.max(from) + 1,
            period,
        };
        if (span.until - span.from) / period > MOST {
            return Err(invalid(format!(
                "You have requested more than the limit of {MOST} datapoints."
            )));
        }
        Ok(span)
    }

    fn starts(&self) -> impl DoubleEndedIterator<Item = i64> {
        let count = (self.until - self.from + self.period - 1) / self.period;
        let (from, period) = (self.from, self.period);
        (0..count).map(move |number| from + number * period)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "times that people name are small enough"
)]
fn minute_of(seconds: f64) -> i64 {
    (seconds / 60.0).floor() as i64
}

impl CloudWatch {
    pub(super) fn put_data(&self, input: &Value) -> Result<Value, ApiError> {
        let data = input["MetricData"].as_array().into_iter().flatten();
        for datum in data {
            let mut named = datum.clone();
            named["Namespace"] = input["Namespace"].clone();
            let series = series(&named)?;
            let at = number(&datum["Timestamp"]).map_or_else(|| self.metrics.minute(), minute_of);
            if datum.get("StatisticValues").is_some() || datum.get("Counts").is_some() {
                return Err(invalid(
                    "the local engine does not emulate StatisticValues and Counts of a metric",
                ));
            }
            let several = datum["Values"].as_array().into_iter().flatten();
            for value in several.chain(datum.get("Value")).filter_map(number) {
                self.metrics.record_at(at, series.clone(), value);
            }
        }
        Ok(json!({}))
    }

    pub(super) fn get_statistics(&self, input: &Value) -> Result<Value, ApiError> {
        let series = series(input)?;
        let span = Span::read(input, &input["Period"])?;
        let plain = statistics(&input["Statistics"])?;
        let extended = statistics(&input["ExtendedStatistics"])?;
        let points = span.starts().filter_map(|start| {
            let summary = self.metrics.over(&series, start, span.period)?;
            let mut point = json!({ "Timestamp": start * 60, "Unit": "None" });
            for (name, statistic) in &plain {
                point[name] = summary.of(*statistic).into();
            }
            if !extended.is_empty() {
                let values = extended.iter();
                let values: Map<String, Value> = values
                    .map(|(name, statistic)| (name.clone(), summary.of(*statistic).into()))
                    .collect();
                point["ExtendedStatistics"] = values.into();
            }
            Some(point)
        });
        Ok(json!({ "Label": series.name, "Datapoints": points.collect::<Vec<_>>() }))
    }

    pub(super) fn get_data(&self, input: &Value) -> Result<Value, ApiError> {
        let queries = input["MetricDataQueries"].as_array().into_iter().flatten();
        let newest_first = input["ScanBy"] != "TimestampAscending";
        let mut results = Vec::new();
        for query in queries {
            let asked = query.get("MetricStat").ok_or_else(|| {
                invalid("the local engine does not emulate expressions over metrics")
            })?;
            let series = series(&asked["Metric"])?;
            let span = Span::read(input, &asked["Period"])?;
            let statistic = asked["Stat"].as_str().and_then(Statistic::parse);
            let statistic =
                statistic.ok_or_else(|| invalid("The value for parameter Stat is invalid."))?;
            let mut points: Vec<(i64, f64)> = span
                .starts()
                .filter_map(|start| {
                    let summary = self.metrics.over(&series, start, span.period)?;
                    Some((start * 60, summary.of(statistic)))
                })
                .collect();
            if newest_first {
                points.reverse();
            }
            let (times, values): (Vec<i64>, Vec<f64>) = points.into_iter().unzip();
            results.push(json!({
                "Id": query["Id"],
                "Label": query["Label"].as_str().unwrap_or(&series.name),
                "Timestamps": times,
                "Values": values,
                "StatusCode": "Complete",
            }));
        }
        Ok(json!({ "MetricDataResults": results, "Messages": [] }))
    }

    pub(super) fn list_metrics(&self, input: &Value) -> Value {
        let fits = |series: &Series| {
            let is = |member: &str, value: &str| {
                input[member].as_str().is_none_or(|wanted| wanted == value)
            };
            is("Namespace", &series.namespace) && is("MetricName", &series.name)
        };
        let names = self.metrics.names().into_iter().filter(fits);
        let described = names.map(|series| {
            let dimensions = series.dimensions.iter();
            let dimensions =
                dimensions.map(|(name, value)| json!({ "Name": name, "Value": value }));
            json!({
                "Namespace": series.namespace,
                "MetricName": series.name,
                "Dimensions": dimensions.collect::<Vec<_>>(),
            })
        });
        json!({ "Metrics": described.collect::<Vec<_>>() })
    }
}

fn statistics(names: &Value) -> Result<Vec<(String, Statistic)>, ApiError> {
    let names = names.as_array().into_iter().flatten();
    names
        .filter_map(Value::as_str)
        .map(|name| {
            let statistic = Statistic::parse(name);
            let statistic =
                statistic.ok_or_else(|| invalid(format!("The statistic {name} is not known.")))?;
            Ok((name.to_owned(), statistic))
        })
        .collect()
}
