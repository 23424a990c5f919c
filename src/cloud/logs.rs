//! Log streams.

use async_trait::async_trait;

use super::CloudFault;

/// The log group that all training jobs of an account share; a job's streams start with `<job>/`.
pub const TRAINING_LOG_GROUP: &str = "/aws/sagemaker/TrainingJobs";

/// The log group that all batch jobs of an account share; a job's streams start with `<job>/`.
pub const TRANSFORM_LOG_GROUP: &str = "/aws/sagemaker/TransformJobs";

/// A line of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogLine {
    /// The host that wrote it, as its stream's name has it, e.g. `algo-1`.
    pub host: String,
    /// What it says.
    pub text: String,
}

/// Which streams are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streams {
    /// Those that the cursor knows; where it knows none, they are looked for.
    Known,
    /// Those that have come since, too: a further host's, or those of a job that began again.
    New,
}

/// New lines of a log, and where to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPage {
    /// Lines of all streams, oldest first.
    pub lines: Vec<LogLine>,
    /// Give this to the next call.
    pub cursor: Option<String>,
}

/// Reads and removes log streams.
#[async_trait]
pub trait Logs: Send + Sync {
    /// Reads what the streams with the prefix gained since `cursor`, from their beginning when `None`.
    /// No such group or stream is an empty page.
    async fn read(
        &self,
        group: &str,
        stream_prefix: &str,
        cursor: Option<&str>,
        streams: Streams,
    ) -> Result<LogPage, CloudFault>;

    /// Deletes every stream with the prefix.
    async fn delete_streams(&self, group: &str, stream_prefix: &str) -> Result<(), CloudFault>;
}
