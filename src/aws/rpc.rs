//! Operations in the AWS JSON protocol that are not worth an SDK crate: signed by hand, sent by the HTTP client
//! that the SDK uses too.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::display::DisplayErrorContext;
use http_body_util::BodyExt;
use serde_json::Value;

use super::signer::Signer;
use crate::cloud::{CloudFault, FaultKind};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A service.
#[derive(Clone)]
pub(super) struct Rpc {
    pub(super) connector: SharedHttpConnector,
    pub(super) signer: Signer,
    /// Where it is.
    pub(super) url: String,
    /// The name that requests are signed for.
    pub(super) service: &'static str,
    /// The content type, which tells the version of the protocol.
    pub(super) content_type: &'static str,
    /// What stands before the operation in the header that names it.
    pub(super) target: &'static str,
}

impl Rpc {
    /// Asks for an operation. A refusal is a fault with the service's words.
    pub(super) async fn call(
        &self,
        operation: &'static str,
        body: &Value,
    ) -> Result<Value, CloudFault> {
        let unavailable = |message: String| CloudFault {
            kind: FaultKind::Unavailable,
            operation,
            code: String::new(),
            message,
        };
        let asked = tokio::time::timeout(PATIENCE, self.ask(operation, &body.to_string())).await;
        let late = |_| unavailable(format!("no answer in {} s", PATIENCE.as_secs()));
        let (status, answer) = asked.map_err(late)?.map_err(unavailable)?;
        if status == 200 {
            Ok(answer)
        } else {
            Err(refusal(operation, status, &answer))
        }
    }

    async fn ask(&self, operation: &str, body: &str) -> Result<(u16, Value), String> {
        let target = format!("{}.{operation}", self.target);
        let headers = [
            ("content-type", self.content_type),
            ("x-amz-target", target.as_str()),
        ];
        let signed = self.signer.sign(self.service, &self.url, &headers, body);
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

fn refusal(operation: &'static str, status: u16, answer: &Value) -> CloudFault {
    let text = |name: &str| answer[name].as_str().unwrap_or_default();
    // Services put a name space before the code.
    let code = text("__type").rsplit('#').next().unwrap_or_default();
    let message = [text("message"), text("Message")].concat();
    CloudFault {
        kind: CloudFault::classify(code, status),
        operation,
        code: code.to_owned(),
        message: if message.is_empty() {
            format!("HTTP {status}")
        } else {
            message
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_service() {
        let refused = json!({ "__type": "com.amazon.x#AccessDeniedException", "Message": "no" });
        let fault = refusal("DescribeAlarms", 400, &refused);
        assert_eq!(
            (fault.kind, fault.message.as_str()),
            (FaultKind::Denied, "no")
        );
        assert_eq!(
            refusal("GetProducts", 500, &Value::Null).message,
            "HTTP 500"
        );
    }
}
