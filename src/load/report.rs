//! What came of a load.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use super::recorder::{Kind, Recorder, Stretch};
use super::{Plan, Shape};

/// Percentiles that are shown.
const SHOWN: [f64; 6] = [50.0, 75.0, 90.0, 95.0, 99.0, 99.9];

/// What came of a load.
#[derive(Debug)]
pub struct Report {
    /// What was to be done.
    pub plan: Plan,
    /// How long was counted; less than planned when it was interrupted.
    pub elapsed: Duration,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// Answers with a 2xx status.
    pub answers: u64,
    /// All other ends, each with its number.
    pub errors: Vec<(Kind, u64)>,
    /// Requests that were sent later than planned: no connection was free, or this machine was too busy.
    pub late: u64,
    /// Latency, corrected for coordinated omission.
    pub latency: Percentiles,
    /// Latency as measured, where that is something else.
    pub measured: Option<Percentiles>,
    /// The course, stretch by stretch.
    pub course: Vec<Interval>,
}

/// A distribution of latencies.
#[derive(Debug)]
pub struct Percentiles(Histogram<u64>);

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// When it began, from the beginning of the count.
    pub from: Duration,
    /// Answers a second.
    pub rate: f64,
    /// Errors a second.
    pub errors: f64,
    /// Median latency of what ended in it; `None` when nothing did.
    pub p50: Option<Duration>,
    /// 99th percentile of the same.
    pub p99: Option<Duration>,
}

impl Report {
    /// Sums up what was counted; `counted` is for how long when it was interrupted.
    pub(super) fn of(plan: Plan, recorder: &Recorder, counted: Option<Duration>) -> Self {
        let (latency, measured) = match plan.shape {
            Shape::Open { .. } => (recorder.latency.clone(), None),
            Shape::Closed => {
                let measured = recorder.latency.clone();
                let usual = measured.value_at_quantile(0.5);
                (measured.clone_correct(usual), Some(Percentiles(measured)))
            }
        };
        let planned = counted.map_or(plan.duration, |counted| counted.min(plan.duration));
        Self {
            plan,
            elapsed: planned.max(recorder.last),
            interrupted: counted.is_some(),
            answers: recorder.answers,
            errors: recorder
                .errors
                .iter()
                .map(|(kind, count)| (*kind, *count))
                .collect(),
            late: recorder.late,
            latency: Percentiles(latency),
            measured,
            course: course(recorder, planned),
        }
    }

    /// All requests that were counted.
    pub fn requests(&self) -> u64 {
        self.answers + self.failed()
    }

    /// Those that ended in another way than with a 2xx status.
    pub fn failed(&self) -> u64 {
        self.errors.iter().map(|(_, count)| count).sum()
    }

    /// The same as a share of all, from 0 to 1.
    pub fn error_share(&self) -> f64 {
        ratio(self.failed(), self.requests())
    }

    /// Answers with a 2xx status a second.
    pub fn rate(&self) -> f64 {
        if self.elapsed.is_zero() {
            return 0.0;
        }
        float(self.answers) / self.elapsed.as_secs_f64()
    }

    /// The report as data; times in milliseconds.
    pub fn data(&self) -> Value {
        let (shape, rate) = match self.plan.shape {
            Shape::Open { rate } => ("open", Some(rate)),
            Shape::Closed => ("closed", None),
        };
        let errors: Map<String, Value> = self
            .errors
            .iter()
            .map(|(kind, count)| (kind.to_string(), json!(count)))
            .collect();
        let course: Vec<Value> = self
            .course
            .iter()
            .map(|interval| {
                json!({
                    "seconds": interval.from.as_secs_f64(),
                    "rate": interval.rate,
                    "errors": interval.errors,
                    "p50_ms": interval.p50.map(milliseconds),
                    "p99_ms": interval.p99.map(milliseconds),
                })
            })
            .collect();
        json!({
            "loop": shape,
            "planned_rate": rate,
            "connections": self.plan.connections,
            "warm_up_seconds": self.plan.warm_up.as_secs_f64(),
            "seconds": self.elapsed.as_secs_f64(),
            "interrupted": self.interrupted,
            "requests": self.requests(),
            "answers": self.answers,
            "rate": self.rate(),
            "late": self.late,
            "error_share": self.error_share(),
            "errors": errors,
            "latency_ms": self.latency.data(),
            "latency_as_measured_ms": self.measured.as_ref().map(Percentiles::data),
            "course": course,
        })
    }
}

impl Percentiles {
    /// The latency that so many percent of the requests did not exceed; `None` when there are none.
    pub fn at(&self, percent: f64) -> Option<Duration> {
        self.any(|histogram| histogram.value_at_quantile(percent / 100.0))
    }

    /// The longest latency.
    pub fn max(&self) -> Option<Duration> {
        self.any(Histogram::max)
    }

    /// The mean latency.
    pub fn mean(&self) -> Option<Duration> {
        (!self.0.is_empty()).then(|| Duration::from_secs_f64(self.0.mean() / 1e6))
    }

    /// The percentiles that are shown, each with its latency.
    pub fn shown(&self) -> impl Iterator<Item = (f64, Duration)> + '_ {
        SHOWN
            .into_iter()
            .filter_map(|percent| Some((percent, self.at(percent)?)))
    }

    fn any(&self, value: impl Fn(&Histogram<u64>) -> u64) -> Option<Duration> {
        (!self.0.is_empty()).then(|| Duration::from_micros(value(&self.0)))
    }

    fn data(&self) -> Value {
        let mut data: Map<String, Value> = self
            .shown()
            .map(|(percent, latency)| (format!("p{percent}"), json!(milliseconds(latency))))
            .collect();
        data.insert("max".to_owned(), json!(self.max().map(milliseconds)));
        data.insert("mean".to_owned(), json!(self.mean().map(milliseconds)));
        Value::Object(data)
    }
}

/// The stretches; the last one may be shorter.
fn course(recorder: &Recorder, planned: Duration) -> Vec<Interval> {
    let interval = |(index, stretch): (usize, &Stretch)| {
        let from = recorder.width * u32::try_from(index).unwrap_or(u32::MAX);
        let left = planned.saturating_sub(from);
        let width = if left.is_zero() {
            recorder.width
        } else {
            left.min(recorder.width)
        };
        let seconds = width.as_secs_f64();
        let at = |quantile| {
            let latency = &stretch.latency;
            (!latency.is_empty())
                .then(|| Duration::from_micros(latency.value_at_quantile(quantile)))
        };
        Interval {
            from,
            rate: float(stretch.answers) / seconds,
            errors: float(stretch.errors) / seconds,
            p50: at(0.5),
            p99: at(0.99),
        }
    };
    recorder
        .stretches
        .iter()
        .enumerate()
        .map(interval)
        .collect()
}

/// A time in milliseconds.
pub(super) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    float(part) / float(whole)
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 requests")]
fn float(count: u64) -> f64 {
    count as f64
}
