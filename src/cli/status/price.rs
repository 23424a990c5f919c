//! What is paid for an endpoint that only waits, by prices that the user gives.

use std::str::FromStr;

use crate::stack::Capacity;

/// The price of an instance by the hour, in whatever currency.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Price {
    instance: String,
    hourly: f64,
}

impl FromStr for Price {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || "write an instance and its price by the hour, e.g. `ml.m5.large=0.13`".to_owned();
        let (instance, hourly) = text.split_once('=').ok_or_else(wrong)?;
        let hourly: f64 = hourly.trim().parse().map_err(|_| wrong())?;
        if !instance.starts_with("ml.") || !hourly.is_finite() || hourly < 0.0 {
            return Err(wrong());
        }
        Ok(Self {
            instance: instance.trim().to_owned(),
            hourly,
        })
    }
}

/// What an endpoint costs by the hour while nobody asks it, by its first instance; `None` where the price
/// is not known. A serverless endpoint without provisioned concurrency costs nothing then.
pub(super) fn idle(capacity: &Capacity, prices: &[Price]) -> Option<f64> {
    if let Some(serverless) = capacity.serverless() {
        return serverless.provisioned_concurrency.is_none().then_some(0.0);
    }
    let instances = capacity.instances()?;
    let first = instances.instances.first()?;
    let price = prices.iter().find(|price| price.instance == *first)?;
    Some(price.hourly * f64::from(instances.count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::StackFile;

    #[test]
    fn the_price_is_that_of_all_instances() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = StackFile::read(&root.join("stacks/news-classifier/stack.yaml")).unwrap();
        let prod = file.environment("prod").unwrap();
        let price = |text: &str| text.parse::<Price>().unwrap();
        let prices = [price("ml.m5.large=7"), price("ml.m5.xlarge=0.25")];
        assert_eq!(idle(&prod.endpoint.capacity, &prices), Some(0.5));
        assert_eq!(idle(&prod.endpoint.capacity, &prices[..1]), None);
        for text in [
            "",
            "0.3",
            "ml.m5.large",
            "ml.m5.large=x",
            "ml.m5.large=-1",
            "m5.large=1",
        ] {
            assert!(text.parse::<Price>().is_err(), "{text}");
        }
    }
}
