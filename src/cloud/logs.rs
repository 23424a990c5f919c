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

/// What is looked for in a log group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Search<'a> {
    /// The group.
    pub group: &'a str,
    /// What the names of its streams begin with.
    pub stream_prefix: Option<&'a str>,
    /// From when on, in milliseconds since 1970.
    pub since: i64,
    /// A text that lines hold, as it is written.
    pub text: Option<&'a str>,
}

/// A line of a log, with all that is known of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogEvent {
    /// Id, unique.
    pub id: String,
    /// When, in milliseconds since 1970.
    pub time: i64,
    /// Name of its stream.
    pub stream: String,
    /// What it says.
    pub text: String,
}

/// Some of the lines that were looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogEvents {
    /// The lines.
    pub events: Vec<LogEvent>,
    /// Give this to the next call; `None` when there are no more.
    pub next: Option<String>,
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

    /// Looks for lines in all streams of a group. No such group is no line; a page may be empty and not the
    /// last.
    async fn search(
        &self,
        search: &Search<'_>,
        next: Option<&str>,
    ) -> Result<LogEvents, CloudFault>;

    /// Deletes every stream with the prefix.
    async fn delete_streams(&self, group: &str, stream_prefix: &str) -> Result<(), CloudFault>;
}
