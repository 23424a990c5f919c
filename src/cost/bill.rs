//! The bill: what each thing costs, and what is not known.

use jiff::civil::Date;
use serde::Serialize;

use super::MONTH;
use super::prices::{PriceKey, Prices, Unit};
use super::usage::{Fleet, Usage};
use crate::stack::Use;

/// What an environment costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bill {
    /// The currency.
    pub currency: String,
    /// The day that the prices are of; `None` where they do not say.
    pub prices_of: Option<Date>,
    /// What is paid for although nobody uses it.
    pub idle: Vec<Line>,
    /// The sum of that.
    pub total: Total,
    /// What a training run costs; `None` for an environment that does not train.
    pub training: Option<Run>,
    /// What an instance of a batch job costs by the hour, all of them together.
    pub batch: Option<Line>,
    /// What is paid for by use: each is of a thousand calls.
    pub thousand_calls: Vec<Line>,
}

/// One thing that is paid for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What it is.
    pub what: String,
    /// How much of it.
    pub quantity: String,
    /// What that costs: by the hour, or for what stands in [`Bill`]; `None` where no price is known.
    pub amount: Option<f64>,
    /// What has no known price, as a price file names it.
    pub unknown: Option<String>,
    /// What else is to be known.
    pub remark: Option<String>,
}

/// A sum.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Total {
    /// By the hour.
    pub hourly: f64,
    /// By the month.
    pub monthly: f64,
    /// Whether everything is in it; where not, it is the least that it can be.
    pub complete: bool,
}

/// A training run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// What it runs on, all instances together, by the hour.
    pub hour: Line,
    /// What the last one cost, in words and money; `None` where there was none, or nobody looked.
    pub last: Option<Line>,
    /// What the longest one that the stack file allows costs.
    pub at_most: Option<f64>,
    /// Whether it runs on spare capacity, which costs less by a part that nobody knows before.
    pub spot: bool,
}

/// A training job that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// Its name.
    pub job: String,
    /// What it ran on.
    pub fleet: Fleet,
    /// Seconds that are billed: of spare capacity fewer than it ran.
    pub billed_seconds: u64,
}

impl Measured {
    /// What its price is of.
    pub fn key(&self) -> PriceKey {
        PriceKey::Instance(Use::Training, self.fleet.instance.clone())
    }
}

/// Reckons what an environment costs. `unmeasured` is what is paid for in an amount that nobody knows.
pub fn bill(
    usage: &Usage,
    last: Option<&Measured>,
    unmeasured: &[&'static str],
    prices: &Prices,
) -> Bill {
    let mut idle: Vec<Line> = usage
        .idle
        .iter()
        .map(|item| {
            let line = line(
                item.what,
                item.quantity.clone(),
                &item.key,
                item.hourly,
                prices,
            );
            line.remarked(item.remark)
        })
        .collect();
    idle.extend(unmeasured.iter().map(|what| Line {
        what: (*what).to_owned(),
        quantity: "not known".to_owned(),
        amount: None,
        unknown: None,
        remark: None,
    }));
    let hourly = idle.iter().filter_map(|line| line.amount).sum();
    Bill {
        currency: prices.currency.clone(),
        prices_of: prices.date,
        total: Total {
            hourly,
            monthly: hourly * MONTH,
            complete: idle.iter().all(|line| line.amount.is_some()),
        },
        idle,
        training: usage
            .training
            .as_ref()
            .map(|fleet| run(usage, fleet, last, prices)),
        batch: usage.batch.as_ref().map(|fleet| {
            let line = fleet_line("batch job", fleet, Use::Transform, prices);
            line.remarked(Some("while one runs"))
        }),
        thousand_calls: thousand(usage, prices),
    }
}

fn run(usage: &Usage, fleet: &Fleet, last: Option<&Measured>, prices: &Prices) -> Run {
    let hour = fleet_line("training", fleet, Use::Training, prices);
    let at_most = hour.amount.zip(usage.longest_run);
    Run {
        last: last.map(|job| {
            let fleet = &job.fleet;
            let hours = seconds(job.billed_seconds) / 3_600.0;
            let quantity = format!(
                "{} x {}, {} s billed",
                fleet.count, fleet.instance, job.billed_seconds
            );
            let units = of(fleet.count) * hours;
            line("last run", quantity, &job.key(), units, prices).remarked(Some(&job.job))
        }),
        at_most: at_most.map(|(hourly, longest)| hourly * seconds(longest) / 3_600.0),
        spot: usage.spot,
        hour,
    }
}

/// What a thousand calls cost. How long each works is not known, so that is told by the second.
fn thousand(usage: &Usage, prices: &Prices) -> Vec<Line> {
    let calls = 1e3 / 1e6;
    let mut lines = Vec::new();
    let mut add = |what: &str, quantity: String, unit, units| {
        lines.push(line(what, quantity, &PriceKey::Other(unit), units, prices));
    };
    if usage.api {
        add("HTTP API", "1000 calls".to_owned(), Unit::ApiMillion, calls);
    }
    if let Some(memory) = usage.function_gb {
        add(
            "function",
            "1000 calls".to_owned(),
            Unit::FunctionMillion,
            calls,
        );
        let quantity = format!("1000 x 1 s of {memory} GB");
        add(
            "function's time",
            quantity,
            Unit::FunctionGbSecond,
            1e3 * memory,
        );
    }
    if let Some(memory) = usage.serverless_gb {
        let quantity = format!("1000 x 1 s of {memory} GB");
        add(
            "endpoint's time",
            quantity,
            Unit::ServerlessGbSecond,
            1e3 * memory,
        );
    }
    lines
}

fn fleet_line(what: &str, fleet: &Fleet, purpose: Use, prices: &Prices) -> Line {
    let quantity = format!("{} x {}", fleet.count, fleet.instance);
    let key = PriceKey::Instance(purpose, fleet.instance.clone());
    line(what, quantity, &key, of(fleet.count), prices)
}

fn line(what: &str, quantity: String, key: &PriceKey, units: f64, prices: &Prices) -> Line {
    let price = prices.get(key);
    Line {
        what: what.to_owned(),
        quantity,
        amount: price.map(|price| price * units),
        unknown: price.is_none().then(|| key.to_string()),
        remark: None,
    }
}

impl Line {
    fn remarked(mut self, remark: Option<&str>) -> Self {
        self.remark = remark.map(str::to_owned);
        self
    }
}

fn of(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

/// Seconds of a job, of which there are never more than in 28 days.
fn seconds(seconds: u64) -> f64 {
    of(seconds)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PRICES: &str = "\
currency: USD
date: 2026-11-01
hosting: { ml.m5.large: 0.128 }
training: { ml.g4dn.xlarge: 0.8 }
other: { api_million: 1, function_million: 0.2, function_gb_second: 0.00001 }
";

    fn usage() -> Usage {
        let template = json!({ "Resources": {
            "Config": { "Type": "AWS::SageMaker::EndpointConfig", "Properties": {
                "ProductionVariants": [{ "InstanceType": "ml.m5.large", "InitialInstanceCount": 2 }] } },
            "Function": { "Type": "AWS::Lambda::Function", "Properties": { "MemorySize": 512 } },
            "Api": { "Type": "AWS::ApiGatewayV2::Api", "Properties": {} },
        } });
        let request = json!({
            "ResourceConfig": { "InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1 },
            "StoppingCondition": { "MaxRuntimeInSeconds": 7200 },
        });
        Usage::of_templates([&template]).with_training(&request)
    }

    fn of_file(last: Option<&Measured>, unmeasured: &[&'static str]) -> Bill {
        bill(
            &usage(),
            last,
            unmeasured,
            &Prices::read(PRICES, "eu-west-1").unwrap(),
        )
    }

    #[test]
    fn the_sum_is_whole_only_where_everything_has_a_price() {
        let whole = of_file(None, &[]);
        assert_eq!(whole.idle[0].amount, Some(0.256));
        assert!(whole.total.complete);
        assert!((whole.total.monthly - 0.256 * 730.0).abs() < 1e-9);
        let least = of_file(None, &["storage"]);
        assert!(!least.total.complete);
        assert_eq!(least.total.hourly.to_bits(), whole.total.hourly.to_bits());
        let nothing = Prices::read("currency: USD", "eu-west-1").unwrap();
        let unknown = bill(&usage(), None, &[], &nothing);
        assert_eq!(
            unknown.idle[0].unknown.as_deref(),
            Some("hosting.ml.m5.large")
        );
        assert_eq!((unknown.total.hourly, unknown.total.complete), (0.0, false));
        assert_eq!(unknown.training.unwrap().at_most, None);
    }

    #[test]
    fn a_run_is_what_the_last_one_was_billed_and_at_most_what_is_allowed() {
        let last = Measured {
            job: "news-1".into(),
            fleet: Fleet {
                instance: "ml.g4dn.xlarge".into(),
                count: 2,
            },
            billed_seconds: 900,
        };
        let run = of_file(Some(&last), &[]).training.unwrap();
        assert_eq!(run.hour.amount, Some(0.8));
        assert_eq!(run.at_most, Some(1.6));
        let last = run.last.unwrap();
        assert_eq!(last.amount, Some(0.4));
        assert_eq!(last.remark.as_deref(), Some("news-1"));
    }

    #[test]
    fn calls_are_told_by_the_thousand_and_their_time_by_the_second() {
        let lines = of_file(None, &[]).thousand_calls;
        for (line, expected) in lines.iter().zip([0.001, 0.0002, 0.005]) {
            let amount = line.amount.unwrap();
            assert!((amount - expected).abs() < 1e-12, "{line:?}");
        }
        assert_eq!(lines[2].quantity, "1000 x 1 s of 0.5 GB");
    }
}
