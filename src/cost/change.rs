//! What a change adds to what is paid for by the hour.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::prices::{PriceKey, Prices};
use super::usage::Usage;
use super::{MONTH, money};
use crate::stack::Use;

/// What a change adds to what is paid for although nobody uses it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The currency.
    pub currency: String,
    /// By the hour; what has no known price is not in it. Less than nothing where it gets cheaper.
    pub hourly: f64,
    /// By the month.
    pub monthly: f64,
    /// What is added or taken away, in words.
    pub what: Vec<String>,
    /// What has no known price, as a price file names it.
    pub unknown: Vec<String>,
}

/// Tells what a change of what is paid for costs; `None` when nothing of that changes.
pub fn difference(before: &Usage, after: &Usage, prices: &Prices) -> Option<Difference> {
    let mut amounts = BTreeMap::<PriceKey, f64>::new();
    for (usage, sign) in [(before, -1.0), (after, 1.0)] {
        for item in &usage.idle {
            *amounts.entry(item.key.clone()).or_default() += sign * item.hourly;
        }
    }
    amounts.retain(|_, amount| amount.abs() > 1e-9);
    if amounts.is_empty() {
        return None;
    }
    let (mut hourly, mut unknown) = (0.0, Vec::new());
    for (key, amount) in &amounts {
        match prices.get(key) {
            Some(price) => hourly += price * amount,
            None => unknown.push(key.to_string()),
        }
    }
    Some(Difference {
        currency: prices.currency.clone(),
        hourly,
        monthly: hourly * MONTH,
        what: amounts
            .iter()
            .map(|(key, amount)| words(key, *amount))
            .collect(),
        unknown,
    })
}

fn words(key: &PriceKey, amount: f64) -> String {
    let direction = if amount > 0.0 { "more" } else { "fewer" };
    let amount = amount.abs();
    match key {
        PriceKey::Instance(Use::Notebook, instance) => {
            format!("{amount} {direction} notebook on {instance}")
        }
        PriceKey::Instance(_, instance) => format!("{amount} {direction} {instance}"),
        PriceKey::Other(unit) => {
            let amount = if unit.is_monthly() {
                amount * MONTH
            } else {
                amount
            };
            // A sum over hours and back is not always whole.
            format!(
                "{} {direction} {}",
                (amount * 1e3).round() / 1e3,
                unit.words()
            )
        }
    }
}

/// `+$0.23/h (+$168/month) for 1 more ml.m5.large`, or what is not known.
impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.what.join(", ");
        if !self.unknown.is_empty() {
            let unknown = self.unknown.join(", ");
            return write!(formatter, "unknown for {what}: no price of {unknown}");
        }
        let sign = if self.hourly >= 0.0 { "+" } else { "" };
        write!(
            formatter,
            "{sign}{}/h ({sign}{}/month) for {what}",
            money(self.hourly, &self.currency),
            money(self.monthly, &self.currency),
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const PRICES: &str = "currency: USD\nhosting: { ml.m5.large: 0.23, ml.m5.xlarge: 0.46 }\nother: { alarm_month: 0.1 }\n";

    fn usage(instance: &str, count: u32, alarms: usize) -> Usage {
        let config = json!({ "InstanceType": instance, "InitialInstanceCount": count });
        let mut template = json!({ "Resources": { "C": { "Type": "AWS::SageMaker::EndpointConfig",
            "Properties": { "ProductionVariants": [config] } } } });
        for number in 0..alarms {
            let alarm: Value = json!({ "Type": "AWS::CloudWatch::Alarm", "Properties": {} });
            template["Resources"][format!("A{number}")] = alarm;
        }
        Usage::of_templates([&template])
    }

    fn told(before: &Usage, after: &Usage) -> Option<String> {
        let prices = Prices::read(PRICES, "eu-west-1").unwrap();
        difference(before, after, &prices).map(|difference| difference.to_string())
    }

    #[test]
    fn what_is_added_and_taken_away_is_told_with_its_price() {
        let one = usage("ml.m5.large", 1, 0);
        assert_eq!(told(&one, &one), None);
        assert_eq!(
            told(&one, &usage("ml.m5.large", 2, 0)).unwrap(),
            "+$0.23/h (+$168/month) for 1 more ml.m5.large"
        );
        assert_eq!(
            told(&usage("ml.m5.xlarge", 2, 0), &one).unwrap(),
            "-$0.69/h (-$504/month) for 1 more ml.m5.large, 2 fewer ml.m5.xlarge"
        );
        assert_eq!(
            told(&one, &usage("ml.m5.large", 1, 3)).unwrap(),
            "+$0.0004110/h (+$0.30/month) for 3 more alarms"
        );
        assert!(
            told(&Usage::default(), &one)
                .unwrap()
                .starts_with("+$0.23/h")
        );
    }

    #[test]
    fn one_unknown_price_makes_the_whole_unknown() {
        let text = told(&usage("ml.m5.large", 1, 0), &usage("ml.g5.xlarge", 1, 0)).unwrap();
        assert_eq!(
            text,
            "unknown for 1 more ml.g5.xlarge, 1 fewer ml.m5.large: no price of hosting.ml.g5.xlarge"
        );
    }
}
