//! Alarms by CloudWatch, asked in its JSON protocol: the one operation is not worth the SDK's crate, which
//! brings a second version of the HTTP types with it.

use std::time::Duration;

use async_trait::async_trait;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::display::DisplayErrorContext;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::signer::Signer;
use crate::cloud::alarms::{Alarm, Alarms};
use crate::cloud::{CloudFault, FaultKind};

const OPERATION: &str = "DescribeAlarms";
/// The operation as the protocol names it (CloudWatch's service model, `targetPrefix`).
const TARGET: (&str, &str) = (
    "x-amz-target",
    "GraniteServiceVersion20100801.DescribeAlarms",
);
const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.0");
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks CloudWatch.
pub(super) struct CloudWatch {
    connector: SharedHttpConnector,
    signer: Signer,
    url: String,
}

impl CloudWatch {
    /// Makes a client for a region, or for an endpoint in place of AWS.
    pub(super) fn new(
        connector: SharedHttpConnector,
        signer: Signer,
        endpoint: Option<&str>,
    ) -> Self {
        let url = endpoint.map_or_else(|| address(&signer.region), |url| format!("{url}/"));
        Self {
            connector,
            signer,
            url,
        }
    }

    async fn ask(&self, body: &str) -> Result<(u16, Value), String> {
        let headers = [JSON, TARGET];
        let signed = self.signer.sign("monitoring", &self.url, &headers, body);
        let signed = signed.await?;
        let mut request = HttpRequest::new(SdkBody::from(body));
        let plain = |error: &dyn std::error::Error| error.to_string();
        request.set_method("POST").map_err(|error| plain(&error))?;
        request.set_uri(&*self.url).map_err(|error| plain(&error))?;
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        for (name, value) in headers.into_iter().chain(signed) {
            let added = request.headers_mut().try_insert(name, value);
            added.map_err(|error| plain(&error))?;
        }
        let answer = self.connector.call(request).await;
        let answer = answer.map_err(|error| DisplayErrorContext(error).to_string())?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }
}

#[async_trait]
impl Alarms for CloudWatch {
    async fn list(&self, prefix: &str) -> Result<Vec<Alarm>, CloudFault> {
        let body = json!({ "AlarmNamePrefix": prefix, "MaxRecords": 100 }).to_string();
        let unavailable = |message: String| CloudFault {
            kind: FaultKind::Unavailable,
            operation: OPERATION,
            code: String::new(),
            message,
        };
        let asked = tokio::time::timeout(PATIENCE, self.ask(&body)).await;
        let late = |_| unavailable(format!("no answer in {} s", PATIENCE.as_secs()));
        let (status, answer) = asked.map_err(late)?.map_err(unavailable)?;
        alarms(status, &answer)
    }
}

/// Where CloudWatch is ("Amazon CloudWatch endpoints and quotas" in the AWS general reference).
fn address(region: &str) -> String {
    let suffix = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    format!("https://monitoring.{region}.{suffix}/")
}

fn alarms(status: u16, answer: &Value) -> Result<Vec<Alarm>, CloudFault> {
    if status != 200 {
        let text = |name: &str| answer[name].as_str().unwrap_or_default();
        // Services put a name space before the code.
        let code = text("__type").rsplit('#').next().unwrap_or_default();
        let message = [text("message"), text("Message")].concat();
        return Err(CloudFault {
            kind: CloudFault::classify(code, status),
            operation: OPERATION,
            code: code.to_owned(),
            message: if message.is_empty() {
                format!("HTTP {status}")
            } else {
                message
            },
        });
    }
    let alarms = answer["MetricAlarms"].as_array().into_iter().flatten();
    let alarm = |alarm: &Value| {
        Some(Alarm {
            name: alarm["AlarmName"].as_str()?.to_owned(),
            state: alarm["StateValue"].as_str()?.to_owned(),
        })
    };
    Ok(alarms.filter_map(alarm).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_and_refusals_are_read() {
        let answer = json!({ "MetricAlarms": [{ "AlarmName": "a", "StateValue": "ALARM" }, {}] });
        let expected = Alarm {
            name: "a".into(),
            state: "ALARM".into(),
        };
        assert_eq!(alarms(200, &answer), Ok(vec![expected]));
        let refused = json!({ "__type": "com.amazon.x#AccessDeniedException", "Message": "no" });
        let fault = alarms(400, &refused).unwrap_err();
        assert_eq!(
            (fault.kind, fault.message.as_str()),
            (FaultKind::Denied, "no")
        );
        assert_eq!(
            address("eu-west-1"),
            "https://monitoring.eu-west-1.amazonaws.com/"
        );
        assert_eq!(
            address("cn-north-1"),
            "https://monitoring.cn-north-1.amazonaws.com.cn/"
        );
    }
}
