//! Functions by Lambda.

use async_trait::async_trait;
use aws_smithy_types::Blob;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;

use super::fault::{fault, incomplete};
use crate::cloud::functions::{FunctionAnswer, Functions};
use crate::cloud::{CloudFault, FaultKind};

/// The call that tells of a function's code.
const CONFIGURATION: &str = "GetFunctionConfiguration";

/// Asks Lambda.
pub(super) struct Lambda {
    client: aws_sdk_lambda::Client,
}

impl Lambda {
    pub(super) fn new(client: aws_sdk_lambda::Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Functions for Lambda {
    async fn code_sha256(&self, name: &str) -> Result<Option<String>, CloudFault> {
        let request = self.client.get_function_configuration().function_name(name);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => {
                return match fault(CONFIGURATION, &error) {
                    gone if gone.kind == FaultKind::NotFound => Ok(None),
                    other => Err(other),
                };
            }
        };
        let digest = answer.code_sha256.as_deref();
        let digest = digest.and_then(|digest| BASE64.decode(digest).ok());
        let digest = digest.ok_or_else(|| incomplete(CONFIGURATION, "CodeSha256"))?;
        Ok(Some(hex::encode(digest)))
    }

    async fn call(&self, name: &str, payload: &str) -> Result<FunctionAnswer, CloudFault> {
        let request = self.client.invoke().function_name(name);
        let answer = request.payload(Blob::new(payload)).send().await;
        let answer = answer.map_err(|error| fault("Invoke", &error))?;
        let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
        Ok(FunctionAnswer {
            payload: String::from_utf8_lossy(&payload).into_owned(),
            error: answer.function_error,
        })
    }
}
