//! Alarms: what they are made from, and how numbers are held against them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::local::metrics::{Metrics, Series, Statistic};
use crate::local::wire::ApiError;

/// The longest time that an alarm looks at, in minutes.
const DAY: i64 = 24 * 60;

/// `StateValue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlarmState {
    /// All is well.
    Ok,
    /// It rings.
    Alarm,
    /// There is nothing to decide by.
    InsufficientData,
}

impl AlarmState {
    /// Returns the API's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }

    /// Reads the API's word.
    pub(super) fn parse(word: &str) -> Option<Self> {
        let all = [Self::Ok, Self::Alarm, Self::InsufficientData];
        all.into_iter().find(|state| state.word() == word)
    }
}

/// An alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Alarm {
    pub(super) name: String,
    pub(super) arn: String,
    /// What it was made from, without its tags.
    pub(super) request: Value,
    pub(super) tags: BTreeMap<String, String>,
    /// Which resource of which stack it is, so that a repeated creation finds its own work.
    pub(super) owner: String,
    pub(super) state: AlarmState,
    pub(super) reason: String,
    /// When it came into its state, in seconds since the Unix epoch.
    pub(super) since: f64,
    /// When it was made or changed, in seconds since the Unix epoch.
    pub(super) modified: f64,
}

/// Returns the ARN of the alarm called `name`.
pub(super) fn arn(account: &str, region: &str, name: &str) -> String {
    format!("arn:aws:cloudwatch:{region}:{account}:alarm:{name}")
}

impl Alarm {
    /// Makes an alarm that nothing was held against yet.
    ///
    /// # Errors
    /// The request is wrong, or asks for what the engine does not emulate.
    pub(super) fn new(arn: String, name: &str, input: &Value, now: f64) -> Result<Self, ApiError> {
        let mut request = input.clone();
        if let Some(members) = request.as_object_mut() {
            members.shift_remove("Tags");
            members.insert("AlarmName".to_owned(), name.into());
        }
        Watch::read(&request)?;
        Ok(Self {
            name: name.to_owned(),
            arn,
            request,
            tags: tags(input),
            owner: String::new(),
            state: AlarmState::InsufficientData,
            reason: "Unchecked: Initial alarm creation".to_owned(),
            since: now,
            modified: now,
        })
    }

    /// Keeps the state of the alarm that it takes the place of, until the next look.
    pub(super) fn go_on_from(&mut self, known: &Self) {
        self.state = known.state;
        self.reason.clone_from(&known.reason);
        self.since = known.since;
    }

    /// Describes the alarm as `DescribeAlarms` does.
    pub(super) fn describe(&self) -> Value {
        let mut described = self.request.clone();
        for (member, value) in [
            ("AlarmArn", json!(self.arn)),
            ("StateValue", json!(self.state.word())),
            ("StateReason", json!(self.reason)),
            ("StateUpdatedTimestamp", json!(self.since)),
            ("AlarmConfigurationUpdatedTimestamp", json!(self.modified)),
            ("ActionsEnabled", json!(true)),
        ] {
            described[member] = value;
        }
        described
    }
}

/// Reads a list of tags.
pub(super) fn tags(input: &Value) -> BTreeMap<String, String> {
    let text = |tag: &Value, member: &str| tag[member].as_str().unwrap_or_default().to_owned();
    let tags = input["Tags"].as_array().into_iter().flatten();
    tags.map(|tag| (text(tag, "Key"), text(tag, "Value")))
        .collect()
}

/// What a number must be to ring the alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    AtLeast,
    Above,
    Below,
    AtMost,
}

impl Comparison {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "GreaterThanOrEqualToThreshold" => Self::AtLeast,
            "GreaterThanThreshold" => Self::Above,
            "LessThanThreshold" => Self::Below,
            "LessThanOrEqualToThreshold" => Self::AtMost,
            _ => return None,
        })
    }

    fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::AtLeast => value >= threshold,
            Self::Above => value > threshold,
            Self::Below => value < threshold,
            Self::AtMost => value <= threshold,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::AtLeast => "greater than or equal to",
            Self::Above => "greater than",
            Self::Below => "less than",
            Self::AtMost => "less than or equal to",
        }
    }
}

/// What a period without a number counts as (`TreatMissingData`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    Breaching,
    NotBreaching,
    Ignore,
    Unknown,
}

/// What an alarm watches, as its request says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Watch {
    series: Series,
    statistic: Statistic,
    /// Minutes.
    period: i64,
    periods: i64,
    /// How many of the periods must be bad.
    datapoints: i64,
    threshold: f64,
    comparison: Comparison,
    gap: Gap,
}

/// Members of a request, and properties of a resource, that are understood.
pub(super) const MEMBERS: [&str; 15] = [
    "ActionsEnabled",
    "AlarmDescription",
    "AlarmName",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "MetricName",
    "Namespace",
    "Period",
    "Statistic",
    "Tags",
    "Threshold",
    "TreatMissingData",
];

impl Watch {
    /// Reads a request.
    ///
    /// # Errors
    /// It is wrong, or asks for what the engine does not emulate.
    pub(super) fn read(request: &Value) -> Result<Self, ApiError> {
        let members = request.as_object().into_iter().flatten();
        let given = |value: &Value| !value.as_array().is_some_and(Vec::is_empty);
        for (member, value) in members {
            if !MEMBERS.contains(&member.as_str()) && given(value) {
                return Err(invalid(format!(
                    "the local engine does not emulate {member} of an alarm"
                )));
            }
        }
        let text = |member: &str| request[member].as_str();
        let needed = |member: &str| {
            text(member).ok_or_else(|| invalid(format!("The parameter {member} is required.")))
        };
        let wrong = |member: &str| invalid(format!("The value for parameter {member} is invalid."));
        let whole = |member: &str| {
            let number = number(&request[member]).filter(|number| *number >= 1.0);
            let whole = number.and_then(whole_number);
            whole.ok_or_else(|| wrong(member))
        };
        let statistic = text("Statistic").or_else(|| text("ExtendedStatistic"));
        let statistic = statistic.and_then(Statistic::parse);
        let periods = whole("EvaluationPeriods")?;
        let seconds = whole("Period")?;
        if seconds % 60 != 0 {
            return Err(invalid(format!(
                "the local engine does not emulate a Period of {seconds} seconds: whole minutes only"
            )));
        }
        let watch = Self {
            series: series(request)?,
            statistic: statistic.ok_or_else(|| wrong("Statistic"))?,
            period: seconds / 60,
            periods,
            datapoints: match request.get("DatapointsToAlarm") {
                Some(_) => whole("DatapointsToAlarm")?,
                None => periods,
            },
            threshold: number(&request["Threshold"]).ok_or_else(|| wrong("Threshold"))?,
            comparison: Comparison::parse(needed("ComparisonOperator")?)
                .ok_or_else(|| wrong("ComparisonOperator"))?,
            gap: match text("TreatMissingData") {
                Some("breaching") => Gap::Breaching,
                Some("notBreaching") => Gap::NotBreaching,
                Some("ignore") => Gap::Ignore,
                Some("missing") | None => Gap::Unknown,
                Some(_) => return Err(wrong("TreatMissingData")),
            },
        };
        if watch.period * watch.periods > DAY || watch.datapoints > watch.periods {
            return Err(invalid(
                "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be \
                 <= 86400), and DatapointsToAlarm must not exceed EvaluationPeriods.",
            ));
        }
        Ok(watch)
    }

    /// Decides which state the alarm is in at the beginning of a minute, and why; `None` leaves it as
    /// it is. Only whole minutes count, in a window that slides ("Alarm evaluation window",
    /// `CloudWatch` user guide).
    pub(super) fn judge(&self, metrics: &Metrics, minute: i64) -> Option<(AlarmState, String)> {
        let newest = (1..=self.periods).map(|back| {
            let from = minute - back * self.period;
            let summary = metrics.over(&self.series, from, self.period);
            summary.map(|summary| summary.of(self.statistic))
        });
        let values: Vec<Option<f64>> = newest.collect();
        let breaches = |value: &f64| self.comparison.holds(*value, self.threshold);
        let missing = values.iter().filter(|value| value.is_none()).count();
        let bad = values.iter().flatten().filter(|value| breaches(value));
        let mut bad = whole_count(bad.count());
        let all = missing == values.len();
        match self.gap {
            Gap::Breaching => bad += whole_count(missing),
            Gap::Ignore if all => return None,
            Gap::Unknown if all => {
                let reason = "Insufficient Data: no datapoints were received".to_owned();
                return Some((AlarmState::InsufficientData, reason));
            }
            _ => {}
        }
        let rings = bad >= self.datapoints;
        let shown: Vec<String> = values.iter().flatten().map(f64::to_string).collect();
        let reason = format!(
            "Threshold Crossed: {bad} out of the last {} datapoints [{}] {} {} the threshold ({}).",
            self.periods,
            shown.join(", "),
            if rings { "was" } else { "was not enough" },
            self.comparison.words(),
            self.threshold,
        );
        let state = if rings {
            AlarmState::Alarm
        } else {
            AlarmState::Ok
        };
        Some((state, reason))
    }
}

/// Reads the members that name a series.
///
/// # Errors
/// Namespace or name are not given.
pub(super) fn series(input: &Value) -> Result<Series, ApiError> {
    let needed = |member: &str| {
        let text = input[member].as_str();
        text.ok_or_else(|| invalid(format!("The parameter {member} is required.")))
    };
    let dimensions = input["Dimensions"].as_array().into_iter().flatten();
    let pairs: Vec<(&str, &str)> = dimensions
        .filter_map(|one| Some((one["Name"].as_str()?, one["Value"].as_str()?)))
        .collect();
    Ok(Series::new(
        needed("Namespace")?,
        needed("MetricName")?,
        &pairs,
    ))
}

/// Reads a number, which templates may also write as a string.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_f64(),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "it was compared with what it is cut to"
)]
fn whole_number(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64)
}

fn whole_count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Makes the error for a request that is wrong.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationError", message)
}
