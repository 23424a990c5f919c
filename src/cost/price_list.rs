//! Prices out of the documents of the AWS Price List.
//!
//! The Price List gives a document for each product: `product.attributes` say what it is, `terms.OnDemand` what
//! it costs ("Using the Price List Query API" in the AWS Billing user guide). Of SageMaker's attributes,
//! `instanceName`, `regionCode` and `component` (beside it `platoinstancetype`, with the same words) are used;
//! nobody here has seen an answer, so whatever does not tell one price for sure tells none.

use serde_json::Value;

use crate::stack::Use;

/// What the Price List calls SageMaker.
pub const SERVICE: &str = "AmazonSageMaker";

/// What has to be asked for all prices of an instance type in a region: attributes and their values.
pub fn filters(region: &str, instance: &str) -> [(&'static str, String); 2] {
    [
        ("regionCode", region.to_owned()),
        ("instanceName", instance.to_owned()),
    ]
}

/// The price by the hour of an instance type for a purpose, with its currency; `None` where the documents tell
/// none, or more than one.
pub fn price(documents: &[Value], purpose: Use, instance: &str) -> Option<(String, f64)> {
    let mut found = Vec::new();
    let of_purpose = documents.iter().filter(|document| {
        let attributes = &document["product"]["attributes"];
        let location = attributes["locationType"].as_str();
        attributes["instanceName"] == instance
            && location.is_none_or(|location| location == "AWS Region")
            && serves(attributes, purpose)
    });
    for document in of_purpose {
        for term in values(&document["terms"]["OnDemand"]) {
            found.extend(values(&term["priceDimensions"]).filter_map(hourly));
        }
    }
    found.dedup();
    match found.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// Whether a product is of this use. Rows without the attribute are no hours of instances: upfront fees of
/// training plans, for one.
fn serves(attributes: &Value, purpose: Use) -> bool {
    let wanted = match purpose {
        Use::Hosting => "hosting",
        Use::Training => "training",
        Use::Transform => "batchtransform",
        Use::Notebook => "notebook",
    };
    ["component", "platoinstancetype"].iter().any(|name| {
        let text = attributes[*name].as_str().unwrap_or_default();
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|c| c.to_ascii_lowercase()).eq(wanted.chars())
    })
}

/// The currency and amount of a dimension that counts hours; rows of nothing stand for free offers.
fn hourly(dimension: &Value) -> Option<(String, f64)> {
    if dimension["unit"] != "Hrs" {
        return None;
    }
    let prices = dimension["pricePerUnit"].as_object()?;
    let (currency, amount) = prices.iter().next()?;
    let amount: f64 = amount.as_str()?.parse().ok()?;
    (amount.is_finite() && amount > 0.0).then(|| (currency.clone(), amount))
}

fn values(map: &Value) -> impl Iterator<Item = &Value> {
    map.as_object().into_iter().flat_map(|map| map.values())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A document of the shape that the documentation of the Price List shows, with the attributes that
    /// published clients of it ask SageMaker's products for; none was recorded from the service.
    fn product(component: &str, usage: &str, unit: &str, amount: &str) -> Value {
        json!({
            "product": {
                "productFamily": "ML Instance",
                "sku": "SHAPED",
                "attributes": {
                    "servicecode": "AmazonSageMaker",
                    "regionCode": "eu-west-1",
                    "location": "EU (Ireland)",
                    "locationType": "AWS Region",
                    "instanceName": "ml.m5.large",
                    "instanceType": "ml.m5.large-Hosting",
                    "component": component,
                    "usagetype": usage,
                    "operation": "RunInstance",
                },
            },
            "serviceCode": "AmazonSageMaker",
            "terms": { "OnDemand": { "SHAPED.JRTCKXETXF": {
                "effectiveDate": "2026-11-01T00:00:00Z",
                "priceDimensions": { "SHAPED.JRTCKXETXF.6YS6EN2CT7": {
                    "unit": unit,
                    "beginRange": "0",
                    "endRange": "Inf",
                    "description": format!("{amount} per {usage}"),
                    "pricePerUnit": { "USD": amount },
                } },
            } } },
            "version": "20261101000000",
        })
    }

    fn documents() -> Vec<Value> {
        vec![
            product("Hosting", "EUW1-Host:ml.m5.large", "Hrs", "0.1280000000"),
            product("Training", "EUW1-Train:ml.m5.large", "Hrs", "0.1290000000"),
            product(
                "Batch Transform",
                "EUW1-Tsform:ml.m5.large",
                "Hrs",
                "0.1300000000",
            ),
            product(
                "Studio-JupyterLab",
                "EUW1-Studio:ml.m5.large",
                "Hrs",
                "0.1100000000",
            ),
        ]
    }

    #[test]
    fn each_purpose_has_its_price() {
        let documents = documents();
        let of = |purpose| price(&documents, purpose, "ml.m5.large");
        assert_eq!(of(Use::Hosting), Some(("USD".to_owned(), 0.128)));
        assert_eq!(of(Use::Training), Some(("USD".to_owned(), 0.129)));
        assert_eq!(of(Use::Transform), Some(("USD".to_owned(), 0.13)));
        assert_eq!(of(Use::Notebook), None);
        assert_eq!(price(&documents, Use::Hosting, "ml.m5.xlarge"), None);
    }

    #[test]
    fn the_other_attribute_of_the_use_counts_too() {
        let mut one = product("", "x", "Hrs", "0.5");
        let attributes = one["product"]["attributes"].as_object_mut().unwrap();
        attributes.remove("component");
        attributes.insert("platoinstancetype".to_owned(), json!("BatchTransform"));
        assert_eq!(
            price(&[one], Use::Transform, "ml.m5.large"),
            Some(("USD".to_owned(), 0.5))
        );
    }

    #[test]
    fn what_is_not_one_price_for_sure_is_none() {
        let hosting = |unit, amount| product("Hosting", "EUW1-Host:ml.m5.large", unit, amount);
        let of = |documents: &[Value]| price(documents, Use::Hosting, "ml.m5.large");
        // The same twice is one; two prices are none.
        assert!(of(&[hosting("Hrs", "0.128"), hosting("Hrs", "0.128")]).is_some());
        assert_eq!(of(&[hosting("Hrs", "0.128"), hosting("Hrs", "0.2")]), None);
        // An upfront fee, a free offer, something that is no number.
        assert_eq!(of(&[hosting("Quantity", "13.57")]), None);
        assert_eq!(of(&[hosting("Hrs", "0.0000000000")]), None);
        assert_eq!(of(&[hosting("Hrs", "cheap")]), None);
        let mut outpost = hosting("Hrs", "0.128");
        outpost["product"]["attributes"]["locationType"] = json!("AWS Outposts");
        assert_eq!(of(&[outpost]), None);
        assert_eq!(of(&[json!({}), json!("x")]), None);
    }
}
