//! Functions by Lambda.

use async_trait::async_trait;
use aws_smithy_types::Blob;

use super::fault::fault;
use crate::cloud::CloudFault;
use crate::cloud::functions::{FunctionAnswer, Functions};

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
