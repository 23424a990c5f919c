//! What the figures of a load must be, e.g. `p95<200ms`.

use std::fmt;
use std::str::FromStr;

use super::report::{Report, milliseconds};

/// Errors, in percent of all requests, that are let pass where a latency is asked for and nothing is said
/// of errors.
const IMPLIED_PERCENT: f64 = 1.0;

/// What a figure must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Assertion {
    text: String,
    figure: Figure,
    comparison: Comparison,
    /// In the figure's unit.
    limit: f64,
}

/// A figure of a report.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Figure {
    /// Milliseconds at a percentile.
    Percentile(f64),
    /// Milliseconds.
    Mean,
    /// Milliseconds.
    Max,
    /// Errors in percent of all requests.
    ErrorPercent,
    /// Errors.
    Errors,
    /// Answers a second.
    Rate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    More,
    AtLeast,
}

/// Why a text is no assertion.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// There is no comparison in it.
    #[error("there is no `<`, `<=`, `>` or `>=` in it; write e.g. `p95<200ms`")]
    Comparison,
    /// What is compared is not known.
    #[error("`{0}` is none of p50, p95, p99.9 (any percentile), mean, max, errors, rate")]
    Figure(String),
    /// The limit is not of the figure's kind.
    #[error("`{0}` is no limit of it; write {1}")]
    Limit(String, &'static str),
}

impl Assertion {
    /// What goes without saying: whoever asks for a latency, which is that of answers, and says nothing of
    /// errors does not want a service that answers hardly anybody.
    pub fn implied(given: &[Self]) -> Option<Self> {
        let says = |about: fn(Figure) -> bool| given.iter().any(|each| about(each.figure));
        (says(Figure::is_latency) && !says(Figure::is_errors)).then(|| Self {
            text: format!("errors<={IMPLIED_PERCENT}%"),
            figure: Figure::ErrorPercent,
            comparison: Comparison::AtMost,
            limit: IMPLIED_PERCENT,
        })
    }

    /// What the figure is, for people, and whether that will do. A latency that there is none of will
    /// not do.
    pub fn check(&self, report: &Report) -> (String, bool) {
        let Some(value) = self.figure.of(report) else {
            return ("there was no answer".to_owned(), false);
        };
        let holds = match self.comparison {
            Comparison::Less => value < self.limit,
            Comparison::AtMost => value <= self.limit,
            Comparison::More => value > self.limit,
            Comparison::AtLeast => value >= self.limit,
        };
        (self.figure.written(value), holds)
    }
}

impl fmt::Display for Assertion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for Assertion {
    type Err = AssertionError;

    fn from_str(text: &str) -> Result<Self, AssertionError> {
        let at = text.find(['<', '>']).ok_or(AssertionError::Comparison)?;
        let (name, rest) = text.split_at(at);
        let (comparison, limit) = if let Some(limit) = rest.strip_prefix("<=") {
            (Comparison::AtMost, limit)
        } else if let Some(limit) = rest.strip_prefix(">=") {
            (Comparison::AtLeast, limit)
        } else if let Some(limit) = rest.strip_prefix('<') {
            (Comparison::Less, limit)
        } else {
            (Comparison::More, &rest[1..])
        };
        let (name, limit) = (name.trim(), limit.trim());
        let figure = Figure::named(name, limit.ends_with('%'))
            .ok_or_else(|| AssertionError::Figure(name.to_owned()))?;
        Ok(Self {
            text: text.trim().to_owned(),
            figure,
            comparison,
            limit: figure.limit(limit)?,
        })
    }
}

impl Figure {
    fn is_latency(self) -> bool {
        matches!(self, Self::Percentile(_) | Self::Mean | Self::Max)
    }

    fn is_errors(self) -> bool {
        matches!(self, Self::ErrorPercent | Self::Errors)
    }

    fn named(name: &str, in_percent: bool) -> Option<Self> {
        match name {
            "mean" => Some(Self::Mean),
            "max" => Some(Self::Max),
            "errors" if in_percent => Some(Self::ErrorPercent),
            "errors" => Some(Self::Errors),
            "rate" => Some(Self::Rate),
            _ => {
                let percent: f64 = name.strip_prefix('p')?.parse().ok()?;
                let possible = percent > 0.0 && percent <= 100.0;
                possible.then_some(Self::Percentile(percent))
            }
        }
    }

    fn limit(self, text: &str) -> Result<f64, AssertionError> {
        let (number, example) = match self {
            Self::Percentile(_) | Self::Mean | Self::Max => (time(text), "a time, e.g. `200ms`"),
            Self::ErrorPercent => (number(text, "%"), "a share, e.g. `0.1%`"),
            Self::Errors => (
                number(text, ""),
                "a number, e.g. `10`, or a share, e.g. `0.1%`",
            ),
            Self::Rate => (number(text, "/s"), "a rate, e.g. `100/s`"),
        };
        number.ok_or_else(|| AssertionError::Limit(text.to_owned(), example))
    }

    fn of(self, report: &Report) -> Option<f64> {
        let latency = &report.latency;
        match self {
            Self::Percentile(percent) => latency.at(percent).map(milliseconds),
            Self::Mean => latency.mean().map(milliseconds),
            Self::Max => latency.max().map(milliseconds),
            Self::ErrorPercent => Some(report.error_share() * 100.0),
            #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 requests")]
            Self::Errors => Some(report.failed() as f64),
            Self::Rate => Some(report.rate()),
        }
    }

    fn written(self, value: f64) -> String {
        match self {
            Self::Percentile(_) | Self::Mean | Self::Max => format!("{value:.1} ms"),
            Self::ErrorPercent => format!("{value:.3} %"),
            Self::Errors => format!("{value}"),
            Self::Rate => format!("{value:.1}/s"),
        }
    }
}

/// Reads a time; the result is in milliseconds.
fn time(text: &str) -> Option<f64> {
    [("us", 0.001), ("ms", 1.0), ("s", 1000.0)]
        .into_iter()
        .find_map(|(unit, factor)| Some(number(text, unit)? * factor))
}

/// Reads a number that is not negative, with its unit.
fn number(text: &str, unit: &str) -> Option<f64> {
    let number = text.strip_suffix(unit)?.trim_end();
    let plain = number
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    number.parse().ok().filter(|_| plain)
}
