//! Log streams by CloudWatch Logs.

use async_trait::async_trait;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::fault::fault;
use crate::cloud::logs::{LogPage, Logs};
use crate::cloud::{CloudFault, FaultKind};

/// Asks CloudWatch Logs.
pub(super) struct CloudWatchLogs {
    client: aws_sdk_cloudwatchlogs::Client,
}

impl CloudWatchLogs {
    pub(super) fn new(client: aws_sdk_cloudwatchlogs::Client) -> Self {
        Self { client }
    }

    async fn streams(&self, group: &str, prefix: &str) -> Result<Vec<String>, CloudFault> {
        let request = self.client.describe_log_streams().log_group_name(group);
        match request.log_stream_name_prefix(prefix).send().await {
            Ok(answer) => Ok(answer
                .log_streams
                .unwrap_or_default()
                .into_iter()
                .filter_map(|stream| stream.log_stream_name)
                .collect()),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(Vec::new()),
            Err(error) => Err(fault("DescribeLogStreams", &error)),
        }
    }
}

#[async_trait]
impl Logs for CloudWatchLogs {
    async fn read(
        &self,
        group: &str,
        stream_prefix: &str,
        cursor: Option<&str>,
    ) -> Result<LogPage, CloudFault> {
        // The cursor is `<stream> <token>`; a stream's name has no spaces.
        let (stream, token) = match cursor.and_then(|cursor| cursor.split_once(' ')) {
            Some((stream, token)) => (stream.to_owned(), Some(token.to_owned())),
            None => match self.streams(group, stream_prefix).await?.into_iter().next() {
                Some(stream) => (stream, None),
                None => return Ok(LogPage::default()),
            },
        };
        let answer = self
            .client
            .get_log_events()
            .log_group_name(group)
            .log_stream_name(&stream)
            .start_from_head(true)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| fault("GetLogEvents", &error))?;
        Ok(LogPage {
            lines: answer
                .events
                .unwrap_or_default()
                .into_iter()
                .filter_map(|event| event.message)
                .collect(),
            cursor: answer
                .next_forward_token
                .map(|token| format!("{stream} {token}")),
        })
    }

    async fn delete_streams(&self, group: &str, stream_prefix: &str) -> Result<(), CloudFault> {
        for stream in self.streams(group, stream_prefix).await? {
            let request = self.client.delete_log_stream().log_group_name(group);
            if let Err(error) = request.log_stream_name(stream).send().await {
                let fault = fault("DeleteLogStream", &error);
                if fault.kind != FaultKind::NotFound {
                    return Err(fault);
                }
            }
        }
        Ok(())
    }
}
