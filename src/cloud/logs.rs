//! Log streams.

use async_trait::async_trait;

use super::CloudFault;

/// The log group that all training jobs of an account share; a job's streams start with `<job>/`.
pub const TRAINING_LOG_GROUP: &str = "/aws/sagemaker/TrainingJobs";

/// New lines of a log, and where to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPage {
    /// Lines, oldest first.
    pub lines: Vec<String>,
    /// Give this to the next call.
    pub cursor: Option<String>,
}

/// Reads and removes log streams.
#[async_trait]
pub trait Logs: Send + Sync {
    /// Reads what the first stream with the prefix gained since `cursor`, from its beginning when
    /// `None`. No such group or stream is an empty page.
    async fn read(
        &self,
        group: &str,
        stream_prefix: &str,
        cursor: Option<&str>,
    ) -> Result<LogPage, CloudFault>;

    /// Deletes every stream with the prefix.
    async fn delete_streams(&self, group: &str, stream_prefix: &str) -> Result<(), CloudFault>;
}
