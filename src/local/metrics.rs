//! What the services measure, minute by minute: the numbers that alarms watch.
//!
//! Numbers live as long as the engine: they tell of a process that ends with it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::clock::Clock;

/// Minutes that are kept: a day, the longest time that an alarm may look at.
const KEPT: i64 = 24 * 60;

/// Values within one percent of each other count as one for percentiles.
const STEP: f64 = 1.01;

/// A name under which values are measured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series {
    /// Namespace, e.g. `AWS/SageMaker`.
    pub namespace: String,
    /// Name, e.g. `Invocations`.
    pub name: String,
    /// Names and values of the dimensions, in the order of their names.
    pub dimensions: Vec<(String, String)>,
}

impl Series {
    /// Names a series; the order of the dimensions does not matter.
    pub fn new(namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let mut dimensions: Vec<_> = dimensions.iter().map(own).collect();
        dimensions.sort();
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions,
        }
    }
}

/// Values of one period together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    count: u64,
    sum: f64,
    least: f64,
    most: f64,
    /// How many values lie in each step of one percent.
    steps: BTreeMap<i32, u64>,
}

impl Summary {
    fn add(&mut self, value: f64) {
        let one = Self {
            count: 1,
            sum: value,
            least: value,
            most: value,
            steps: BTreeMap::from([(step(value), 1)]),
        };
        self.join(&one);
    }

    fn join(&mut self, other: &Self) {
        let first = self.count == 0;
        self.least = if first {
            other.least
        } else {
            self.least.min(other.least)
        };
        self.most = if first {
            other.most
        } else {
            self.most.max(other.most)
        };
        self.count += other.count;
        self.sum += other.sum;
        for (step, count) in &other.steps {
            *self.steps.entry(*step).or_default() += count;
        }
    }

    /// Returns a statistic of the values.
    pub fn of(&self, statistic: Statistic) -> f64 {
        match statistic {
            Statistic::SampleCount => float(self.count),
            Statistic::Average => self.sum / float(self.count.max(1)),
            Statistic::Sum => self.sum,
            Statistic::Minimum => self.least,
            Statistic::Maximum => self.most,
            Statistic::Percentile(percent) => self.percentile(percent),
        }
    }

    fn percentile(&self, percent: f64) -> f64 {
        let rank = (float(self.count) * percent / 100.0).ceil().max(1.0);
        let mut seen = 0;
        for (step, count) in &self.steps {
            seen += count;
            if float(seen) >= rank {
                // The middle of the step, but never outside of what was measured.
                let value = STEP.powf(f64::from(*step) + 0.5);
                return value.clamp(self.least, self.most);
            }
        }
        self.most
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the logarithm of a number is small"
)]
fn step(value: f64) -> i32 {
    if value > 0.0 {
        (value.ln() / STEP.ln()).floor() as i32
    } else {
        i32::MIN
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody counts 2^53 values in a day"
)]
fn float(count: u64) -> f64 {
    count as f64
}

/// What is asked of the values of a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Statistic {
    /// Their number.
    SampleCount,
    /// Their mean.
    Average,
    /// Their sum.
    Sum,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
    /// The value that so many percent of them do not exceed.
    Percentile(f64),
}

impl Statistic {
    /// Reads a statistic as the API writes it, e.g. `Sum` or `p95`.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "SampleCount" => Self::SampleCount,
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            other => {
                let percent: f64 = other.strip_prefix('p')?.parse().ok()?;
                Self::Percentile(Some(percent).filter(|percent| (0.0..=100.0).contains(percent))?)
            }
        })
    }
}

/// All numbers of the engine.
#[derive(Debug)]
pub struct Metrics {
    clock: Clock,
    series: Mutex<BTreeMap<Series, VecDeque<(i64, Summary)>>>,
}

impl Metrics {
    /// Starts without any numbers.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            series: Mutex::default(),
        }
    }

    /// Adds a value that was measured just now.
    pub fn record(&self, namespace: &str, name: &str, dimensions: &[(&str, &str)], value: f64) {
        self.record_at(
            self.minute(),
            Series::new(namespace, name, dimensions),
            value,
        );
    }

    /// Adds a value that was measured in a minute since the Unix epoch.
    pub fn record_at(&self, minute: i64, series: Series, value: f64) {
        let oldest = self.minute() - KEPT;
        let mut all = self.lock();
        let minutes = all.entry(series).or_default();
        while minutes.front().is_some_and(|(kept, _)| *kept < oldest) {
            minutes.pop_front();
        }
        let place = minutes.partition_point(|(kept, _)| *kept < minute);
        if minutes.get(place).is_none_or(|(kept, _)| *kept != minute) {
            minutes.insert(place, (minute, Summary::default()));
        }
        minutes[place].1.add(value);
    }

    /// Returns what was measured in `minutes` minutes from `from` on; `None` when nothing was.
    pub fn over(&self, series: &Series, from: i64, minutes: i64) -> Option<Summary> {
        let all = self.lock();
        let kept = all.get(series)?.iter();
        let mut found = Summary::default();
        kept.filter(|(minute, _)| (from..from + minutes).contains(minute))
            .for_each(|(_, summary)| found.join(summary));
        (found.count > 0).then_some(found)
    }

    /// Returns the names of all series.
    pub fn names(&self) -> Vec<Series> {
        self.lock().keys().cloned().collect()
    }

    /// Returns the minute that it is, since the Unix epoch.
    pub fn minute(&self) -> i64 {
        self.clock.epoch_millis().div_euclid(60_000)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Series, VecDeque<(i64, Summary)>>> {
        // Adding a number cannot panic half-way, so a poisoned lock is still whole.
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series() -> Series {
        Series::new("N", "M", &[("B", "2"), ("A", "1")])
    }

    #[test]
    fn statistics_are_read_as_the_api_writes_them() {
        assert_eq!(Statistic::parse("Sum"), Some(Statistic::Sum));
        assert_eq!(Statistic::parse("p99.9"), Some(Statistic::Percentile(99.9)));
        assert_eq!(Statistic::parse("p101"), None);
        assert_eq!(Statistic::parse("Median"), None);
    }

    #[test]
    fn a_percentile_is_right_within_one_percent() {
        let mut summary = Summary::default();
        (1..=1000).for_each(|value| summary.add(f64::from(value)));
        let p95 = summary.of(Statistic::Percentile(95.0));
        assert!((p95 - 950.0).abs() < 9.5, "{p95}");
        assert!((summary.of(Statistic::Percentile(100.0)) - 1000.0).abs() < 10.0);
        assert!((summary.of(Statistic::Average) - 500.5).abs() < 1e-9);
        let mut zeros = Summary::default();
        zeros.add(0.0);
        assert!(zeros.of(Statistic::Percentile(50.0)).abs() < 1e-9);
    }

    #[tokio::test(start_paused = true)]
    async fn values_stay_a_day_in_their_minute() {
        let metrics = Metrics::new(Clock::start());
        let first = metrics.minute();
        metrics.record("N", "M", &[("A", "1"), ("B", "2")], 2.0);
        metrics.record("N", "M", &[("B", "2"), ("A", "1")], 4.0);
        metrics.record_at(first - 1, series(), 100.0);
        let now = metrics.over(&series(), first, 1).unwrap();
        assert!((now.of(Statistic::Sum) - 6.0).abs() < 1e-9);
        let both = metrics.over(&series(), first - 1, 2).unwrap();
        assert!((both.of(Statistic::Maximum) - 100.0).abs() < 1e-9);
        assert_eq!(metrics.over(&series(), first + 1, 5), None);
        assert_eq!(metrics.names(), [series()]);
        tokio::time::advance(std::time::Duration::from_hours(25)).await;
        metrics.record("N", "M", &[("A", "1"), ("B", "2")], 1.0);
        assert_eq!(metrics.over(&series(), first - 1, 2), None);
    }
}
