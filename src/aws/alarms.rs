//! Alarms by CloudWatch, asked in its JSON protocol: the one operation is not worth the SDK's crate, which
//! brings a second version of the HTTP types with it.

use async_trait::async_trait;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use serde_json::{Value, json};

use super::rpc::Rpc;
use super::signer::Signer;
use crate::cloud::CloudFault;
use crate::cloud::alarms::{Alarm, Alarms};

/// Asks CloudWatch.
pub(super) struct CloudWatch(Rpc);

impl CloudWatch {
    /// Makes a client for a region, or for an endpoint in place of AWS.
    pub(super) fn new(
        connector: SharedHttpConnector,
        signer: Signer,
        endpoint: Option<&str>,
    ) -> Self {
        Self(Rpc {
            url: endpoint.map_or_else(|| address(&signer.region), |url| format!("{url}/")),
            connector,
            signer,
            service: "monitoring",
            content_type: "application/x-amz-json-1.0",
            // `targetPrefix` in CloudWatch's service model.
            target: "GraniteServiceVersion20100801",
        })
    }
}

#[async_trait]
impl Alarms for CloudWatch {
    async fn list(&self, prefix: &str) -> Result<Vec<Alarm>, CloudFault> {
        let body = json!({ "AlarmNamePrefix": prefix, "MaxRecords": 100 });
        Ok(alarms(&self.0.call("DescribeAlarms", &body).await?))
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

fn alarms(answer: &Value) -> Vec<Alarm> {
    let alarms = answer["MetricAlarms"].as_array().into_iter().flatten();
    let alarm = |alarm: &Value| {
        Some(Alarm {
            name: alarm["AlarmName"].as_str()?.to_owned(),
            state: alarm["StateValue"].as_str()?.to_owned(),
        })
    };
    alarms.filter_map(alarm).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_are_read() {
        let answer = json!({ "MetricAlarms": [{ "AlarmName": "a", "StateValue": "ALARM" }, {}] });
        let expected = Alarm {
            name: "a".into(),
            state: "ALARM".into(),
        };
        assert_eq!(alarms(&answer), [expected]);
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
