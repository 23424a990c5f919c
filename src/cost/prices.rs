//! Prices: what they are of, and the file that they are kept in.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::stack::Use;
use crate::stack::yaml::{self, Tags};

/// The section of a price file with the instances of a use.
const fn section(purpose: Use) -> &'static str {
    match purpose {
        Use::Hosting => "hosting",
        Use::Training => "training",
        Use::Transform => "batch",
        Use::Notebook => "notebook",
    }
}

/// What is paid for that is no instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A GB in S3, for a month.
    StorageGbMonth,
    /// A GB of a notebook's disk, for a month.
    NotebookGbMonth,
    /// A key of KMS, for a month.
    KmsKeyMonth,
    /// An alarm, for a month.
    AlarmMonth,
    /// A GB of a serverless endpoint's memory, for a second of work.
    ServerlessGbSecond,
    /// A GB of a serverless endpoint's memory that is kept ready, for a second.
    ServerlessReadyGbSecond,
    /// A million calls of a function.
    FunctionMillion,
    /// A GB of a function's memory, for a second of work.
    FunctionGbSecond,
    /// A million calls of an HTTP API.
    ApiMillion,
}

impl Unit {
    /// What an amount of it is of, in words; months are left out.
    pub const fn words(self) -> &'static str {
        match self {
            Self::StorageGbMonth => "GB of storage",
            Self::NotebookGbMonth => "GB of a notebook's disk",
            Self::KmsKeyMonth => "KMS keys",
            Self::AlarmMonth => "alarms",
            Self::ServerlessGbSecond => "GB-seconds of the endpoint",
            Self::ServerlessReadyGbSecond => "GB-seconds an hour that are kept ready",
            Self::FunctionMillion => "million calls of the function",
            Self::FunctionGbSecond => "GB-seconds of the function",
            Self::ApiMillion => "million calls of the API",
        }
    }

    /// Whether it is paid for by the month.
    pub const fn is_monthly(self) -> bool {
        matches!(
            self,
            Self::StorageGbMonth | Self::NotebookGbMonth | Self::KmsKeyMonth | Self::AlarmMonth
        )
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The names in a price file are those that serde writes.
        self.serialize(formatter)
    }
}

/// What a price is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PriceKey {
    /// An instance of this type, for an hour.
    Instance(Use, String),
    /// Something else.
    Other(Unit),
}

/// As it is written in a price file: `hosting.ml.m5.large`, `other.kms_key_month`.
impl fmt::Display for PriceKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance(purpose, instance) => {
                write!(formatter, "{}.{instance}", section(*purpose))
            }
            Self::Other(unit) => write!(formatter, "other.{unit}"),
        }
    }
}

/// Why a file holds no prices.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusablePrices {
    /// It is not written as it should be.
    #[error("{0}")]
    Shape(String),
    /// A price is none.
    #[error("{0} is no price: an amount is a number that is not negative")]
    Amount(PriceKey),
    /// It is of another region.
    #[error("the prices are those of {theirs}, and the environment is in {ours}")]
    Region {
        /// Their region.
        theirs: String,
        /// The environment's.
        ours: String,
    },
}

/// Prices of a region, in one currency. This is also the form of the file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The currency, such as `USD`.
    pub currency: String,
    /// The region; without it, they are taken for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The day that they are of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    /// By the hour: instances that serve.
    #[serde(default)]
    hosting: BTreeMap<String, f64>,
    /// By the hour: instances that train.
    #[serde(default)]
    training: BTreeMap<String, f64>,
    /// By the hour: instances of batch jobs.
    #[serde(default)]
    batch: BTreeMap<String, f64>,
    /// By the hour: notebooks.
    #[serde(default)]
    notebook: BTreeMap<String, f64>,
    /// Everything else.
    #[serde(default)]
    other: BTreeMap<Unit, f64>,
}

impl Prices {
    /// Prices of a region in which nothing is known yet.
    pub fn of(region: &str, currency: &str, date: Date) -> Self {
        Self {
            currency: currency.to_owned(),
            region: Some(region.to_owned()),
            date: Some(date),
            ..Self::default()
        }
    }

    /// Prices of which none is known.
    pub fn none() -> Self {
        Self {
            currency: "USD".to_owned(),
            ..Self::default()
        }
    }

    /// Reads a file of prices (YAML, or JSON, which is YAML too) for a region.
    ///
    /// # Errors
    /// It is not written as it should be, or is of another region.
    pub fn read(text: &str, region: &str) -> Result<Self, UnusablePrices> {
        let shape = |message: String| UnusablePrices::Shape(message);
        let node =
            yaml::read(text, Tags::Refused).map_err(|problem| shape(problem.summary.clone()))?;
        let prices: Self = serde_path_to_error::deserialize(node.to_json())
            .map_err(|error| shape(error.to_string()))?;
        if let Some(theirs) = prices.region.as_ref().filter(|theirs| *theirs != region) {
            return Err(UnusablePrices::Region {
                theirs: theirs.clone(),
                ours: region.to_owned(),
            });
        }
        for (key, amount) in prices.all() {
            if !amount.is_finite() || amount < 0.0 {
                return Err(UnusablePrices::Amount(key));
            }
        }
        Ok(prices)
    }

    /// The text of a file that [`Self::read`] reads.
    pub fn write(&self) -> String {
        // A structure of texts and numbers always has a JSON form.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// The price of something, where it is known.
    pub fn get(&self, key: &PriceKey) -> Option<f64> {
        match key {
            PriceKey::Instance(purpose, instance) => self.section(*purpose).get(instance).copied(),
            PriceKey::Other(unit) => self.other.get(unit).copied(),
        }
    }

    /// Notes a price.
    pub fn set(&mut self, key: PriceKey, amount: f64) {
        match key {
            PriceKey::Instance(purpose, instance) => {
                let section = match purpose {
                    Use::Hosting => &mut self.hosting,
                    Use::Training => &mut self.training,
                    Use::Transform => &mut self.batch,
                    Use::Notebook => &mut self.notebook,
                };
                section.insert(instance, amount);
            }
            PriceKey::Other(unit) => {
                self.other.insert(unit, amount);
            }
        }
    }

    fn section(&self, purpose: Use) -> &BTreeMap<String, f64> {
        match purpose {
            Use::Hosting => &self.hosting,
            Use::Training => &self.training,
            Use::Transform => &self.batch,
            Use::Notebook => &self.notebook,
        }
    }

    fn all(&self) -> impl Iterator<Item = (PriceKey, f64)> {
        let instances = Use::ALL.into_iter().flat_map(|purpose| {
            let section = self.section(purpose).iter();
            section.map(move |(name, amount)| (PriceKey::Instance(purpose, name.clone()), *amount))
        });
        let other = self.other.iter();
        instances.chain(other.map(|(unit, amount)| (PriceKey::Other(*unit), *amount)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
currency: USD
region: eu-west-1
date: 2026-11-01
hosting: { ml.m5.large: 0.128 }
other:
  kms_key_month: 1
";

    fn hosting(instance: &str) -> PriceKey {
        PriceKey::Instance(Use::Hosting, instance.to_owned())
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let mut prices = Prices::read(FILE, "eu-west-1").unwrap();
        assert_eq!(prices.get(&hosting("ml.m5.large")), Some(0.128));
        assert_eq!(prices.get(&PriceKey::Other(Unit::KmsKeyMonth)), Some(1.0));
        assert_eq!(prices.get(&hosting("ml.m5.xlarge")), None);
        assert_eq!(prices.date.unwrap().to_string(), "2026-11-01");
        for purpose in Use::ALL {
            prices.set(PriceKey::Instance(purpose, "ml.x.large".to_owned()), 2.5);
        }
        prices.set(PriceKey::Other(Unit::ApiMillion), 1.11);
        assert_eq!(Prices::read(&prices.write(), "eu-west-1"), Ok(prices));
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told() {
        let wrong = |text: &str| Prices::read(text, "eu-west-1").unwrap_err().to_string();
        for (text, part) in [
            ("hosting: {}", "missing field `currency`"),
            ("currency: USD\nhostng: {}", "unknown field `hostng`"),
            ("currency: USD\nother: { kms: 1 }", "unknown variant `kms`"),
            (
                "currency: USD\nhosting: { ml.m5.large: -1 }",
                "hosting.ml.m5.large is no price",
            ),
            (
                "currency: USD\nhosting: { ml.m5.large: cheap }",
                "hosting.ml.m5.large: invalid type",
            ),
            (
                "currency: USD\nregion: us-east-1",
                "the prices are those of us-east-1",
            ),
            ("a: [", ""),
        ] {
            assert!(wrong(text).contains(part), "{text}: {}", wrong(text));
        }
    }

    #[test]
    fn keys_are_named_as_the_file_has_them() {
        assert_eq!(hosting("ml.m5.large").to_string(), "hosting.ml.m5.large");
        let key = PriceKey::Other(Unit::ServerlessReadyGbSecond);
        assert_eq!(key.to_string(), "other.serverless_ready_gb_second");
    }
}
