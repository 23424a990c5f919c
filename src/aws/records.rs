//! Conditionally written objects in S3.

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::fault::{fault, incomplete};
use crate::cloud::records::{Expected, Record, Records, Written};
use crate::cloud::{CloudFault, FaultKind};

/// Most bytes of a record.
const LARGEST: i64 = 1024 * 1024;

/// Asks S3.
pub(super) struct Objects {
    client: Client,
}

impl Objects {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Records for Objects {
    async fn read(&self, bucket: &str, key: &str) -> Result<Option<Record>, CloudFault> {
        let answer = match self
            .client
            .get_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await
        {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            Err(error) => return Err(fault("GetObject", &error)),
        };
        if answer.content_length.is_some_and(|length| length > LARGEST) {
            return Err(CloudFault {
                kind: FaultKind::Rejected,
                operation: "GetObject",
                code: String::new(),
                message: format!(
                    "{key} has more than {LARGEST} bytes, so it is no record of deploy"
                ),
            });
        }
        let etag = answer
            .e_tag
            .ok_or_else(|| incomplete("GetObject", "an ETag"))?;
        let bytes = answer.body.collect().await.map_err(|error| CloudFault {
            kind: FaultKind::Unavailable,
            operation: "GetObject",
            code: String::new(),
            message: error.to_string(),
        })?;
        let text = String::from_utf8_lossy(&bytes.into_bytes()).into_owned();
        Ok(Some(Record { text, etag }))
    }

    async fn write(
        &self,
        bucket: &str,
        key: &str,
        text: &str,
        expected: Expected<'_>,
    ) -> Result<Written, CloudFault> {
        let request = self
            .client
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type("application/json")
            .body(text.as_bytes().to_vec().into());
        let request = match expected {
            Expected::Nothing => request.if_none_match("*"),
            Expected::Etag(etag) => request.if_match(etag),
        };
        match request.send().await {
            Ok(answer) => {
                let etag = answer
                    .e_tag
                    .ok_or_else(|| incomplete("PutObject", "an ETag"))?;
                Ok(Written::Done(etag))
            }
            Err(error) if is_surprise(error.code()) => Ok(Written::Surprised),
            Err(error) => Err(fault("PutObject", &error)),
        }
    }

    async fn remove(&self, bucket: &str, key: &str, etag: &str) -> Result<Written, CloudFault> {
        let request = self.client.delete_object().bucket(bucket).key(key);
        match request.if_match(etag).send().await {
            Ok(_) => Ok(Written::Done(String::new())),
            Err(error) if is_surprise(error.code()) => Ok(Written::Surprised),
            Err(error) => Err(fault("DeleteObject", &error)),
        }
    }
}

/// Whether a condition did not hold, or another writer was at work at the same moment (Amazon S3 user
/// guide, "How to prevent object overwrites with conditional writes").
fn is_surprise(code: Option<&str>) -> bool {
    matches!(
        code,
        Some("PreconditionFailed" | "ConditionalRequestConflict" | "NoSuchKey")
    )
}
