//! Prices by the AWS Price List, asked in its JSON protocol ("`GetProducts`" in the AWS Billing and Cost Management
//! API reference). It needs the permission `pricing:GetProducts` and is free of charge.

use async_trait::async_trait;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use serde_json::{Value, json};

use super::fault::incomplete;
use super::rpc::Rpc;
use super::signer::Signer;
use crate::cloud::prices::PriceList;
use crate::cloud::{CloudFault, FaultKind};

const OPERATION: &str = "GetProducts";
/// Pages that are read at most; one has a hundred products, and an instance type some tens.
const PAGES: usize = 10;

/// Asks the Price List.
pub(super) struct Products(Option<Rpc>);

impl Products {
    /// Makes a client for the prices of a region, or for an endpoint in place of AWS.
    pub(super) fn new(
        connector: SharedHttpConnector,
        mut signer: Signer,
        endpoint: Option<&str>,
    ) -> Self {
        let home = home(&signer.region);
        Self(home.map(|home| {
            home.clone_into(&mut signer.region);
            Rpc {
                url: endpoint.map_or_else(|| address(home), |url| format!("{url}/")),
                connector,
                signer,
                service: "pricing",
                content_type: "application/x-amz-json-1.1",
                // `targetPrefix` in the Price List's service model.
                target: "AWSPriceListService",
            }
        }))
    }
}

#[async_trait]
impl PriceList for Products {
    async fn products(
        &self,
        service: &str,
        attributes: &[(&str, String)],
    ) -> Result<Vec<Value>, CloudFault> {
        let rpc = self.0.as_ref().ok_or_else(nowhere)?;
        let filters: Vec<Value> = attributes
            .iter()
            .map(|(name, value)| json!({ "Type": "TERM_MATCH", "Field": name, "Value": value }))
            .collect();
        let mut body = json!({
            "ServiceCode": service,
            "Filters": filters,
            "FormatVersion": "aws_v1",
            "MaxResults": 100,
        });
        let mut products = Vec::new();
        for _ in 0..PAGES {
            let answer = rpc.call(OPERATION, &body).await?;
            products.extend(documents(&answer)?);
            match answer["NextToken"]
                .as_str()
                .filter(|token| !token.is_empty())
            {
                Some(token) => body["NextToken"] = json!(token),
                None => return Ok(products),
            }
        }
        Err(incomplete(OPERATION, "an end"))
    }
}

/// The documents of an answer, each a text of JSON.
fn documents(answer: &Value) -> Result<Vec<Value>, CloudFault> {
    let list = answer["PriceList"].as_array();
    let list = list.ok_or_else(|| incomplete(OPERATION, "a list of products"))?;
    let document = |one: &Value| match one {
        Value::String(text) => serde_json::from_str(text)
            .map_err(|_| incomplete(OPERATION, "a product that can be read")),
        document => Ok(document.clone()),
    };
    list.iter().map(document).collect()
}

/// The region in which the Price List is asked ("AWS Price List endpoints" in the AWS Billing user guide); `None`
/// for partitions that have none of their own.
fn home(region: &str) -> Option<&'static str> {
    match region.split('-').next().unwrap_or_default() {
        "cn" => Some("cn-northwest-1"),
        "eu" => Some("eu-central-1"),
        "ap" => Some("ap-south-1"),
        "us" if region.starts_with("us-gov-") || region.starts_with("us-iso") => None,
        _ => Some("us-east-1"),
    }
}

fn address(home: &str) -> String {
    let suffix = if home.starts_with("cn-") { ".cn" } else { "" };
    format!("https://api.pricing.{home}.amazonaws.com{suffix}/")
}

fn nowhere() -> CloudFault {
    CloudFault {
        kind: FaultKind::Rejected,
        operation: OPERATION,
        code: String::new(),
        message: "AWS has no Price List for this partition".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_types::body::SdkBody;

    use super::*;
    use crate::aws::{Connection, Endpoint, connect_through};

    #[test]
    fn the_nearest_region_with_a_price_list_is_asked() {
        for (region, expected) in [
            (
                "eu-west-1",
                "https://api.pricing.eu-central-1.amazonaws.com/",
            ),
            (
                "ap-southeast-2",
                "https://api.pricing.ap-south-1.amazonaws.com/",
            ),
            ("us-west-2", "https://api.pricing.us-east-1.amazonaws.com/"),
            ("sa-east-1", "https://api.pricing.us-east-1.amazonaws.com/"),
            (
                "cn-north-1",
                "https://api.pricing.cn-northwest-1.amazonaws.com.cn/",
            ),
        ] {
            assert_eq!(
                home(region).map(address).as_deref(),
                Some(expected),
                "{region}"
            );
        }
        assert_eq!(home("us-gov-west-1"), None);
        assert_eq!(home("us-iso-east-1"), None);
    }

    /// A Price List of two pages, shaped after the documentation.
    #[derive(Debug, Clone, Default)]
    struct Pages(Arc<Mutex<Vec<(String, Value)>>>);

    impl HttpConnector for Pages {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let header = |name: &str| request.headers().get(name).unwrap_or_default().to_owned();
            let signed = format!("{} {}", header("x-amz-target"), header("authorization"));
            let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
            let answer = if body["NextToken"].is_null() {
                json!({ "FormatVersion": "aws_v1", "NextToken": "2", "PriceList": ["{\"a\":1}"] })
            } else {
                json!({ "FormatVersion": "aws_v1", "PriceList": ["{\"a\":2}"] })
            };
            self.0.lock().unwrap().push((signed, body));
            let status = 200.try_into().unwrap();
            let response = HttpResponse::new(status, SdkBody::from(answer.to_string()));
            HttpConnectorFuture::ready(Ok(response))
        }
    }

    #[tokio::test]
    async fn all_pages_are_read_by_one_signed_question_each() {
        let pages = Pages::default();
        let connection = Connection {
            region: "eu-west-1".into(),
            profile: None,
            role: None,
            service_role: None,
            endpoint: Some(Endpoint {
                url: "http://127.0.0.1:1".into(),
                access_key: "AKIA".into(),
                secret_key: "s".into(),
            }),
        };
        let connector = SharedHttpConnector::new(pages.clone());
        let cloud = Box::pin(connect_through(&connection, connector)).await;
        let filters = [("regionCode", "eu-west-1".to_owned())];
        let products = cloud.prices.products("AmazonSageMaker", &filters).await;
        assert_eq!(products.unwrap(), [json!({ "a": 1 }), json!({ "a": 2 })]);
        let seen = pages.0.lock().unwrap();
        assert_eq!(seen.len(), 2);
        let (signed, body) = &seen[0];
        assert!(
            signed.starts_with("AWSPriceListService.GetProducts AWS4-HMAC-SHA256"),
            "{signed}"
        );
        assert!(
            signed.contains("/eu-central-1/pricing/aws4_request"),
            "{signed}"
        );
        assert_eq!(
            body["Filters"],
            json!([{ "Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-west-1" }])
        );
        assert_eq!(seen[1].1["NextToken"], "2");
    }
}
