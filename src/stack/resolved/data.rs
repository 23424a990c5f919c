//! The data set, resolved.

use std::fmt;
use std::path::PathBuf;

/// The data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// Where it is.
    pub source: DataSource,
    /// What its files are like; `None` where the stack file does not say.
    pub format: Option<Format>,
}

/// Where the data set is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataSource {
    /// The absolute path of a file.
    File(PathBuf),
    /// The absolute path of a folder.
    Folder(PathBuf),
    /// Objects of a bucket that is not the environment's own.
    S3(S3Location),
}

/// All objects of a bucket whose keys begin in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Location {
    /// The bucket.
    pub bucket: String,
    /// What the keys begin with; never empty.
    pub prefix: String,
}

impl fmt::Display for S3Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "s3://{}/{}", self.bucket, self.prefix)
    }
}

/// What the files of the data set are like.
#[derive(Debug, Clone, PartialEq)]
pub struct Format {
    /// The byte between two columns.
    pub separator: u8,
    /// Whether quotation marks hold a cell together.
    pub quoted: bool,
    /// Whether the first row names the columns.
    pub header: bool,
    /// Names of all columns, in order.
    pub columns: Vec<String>,
    /// Index of the column with the text.
    pub text: usize,
    /// Index of the column with the class.
    pub label: usize,
    /// Every class, as it stands in that column.
    pub classes: Vec<String>,
    /// The label that the model answers with, for each class.
    pub labels: Vec<String>,
    /// Index of the column that tells which rows belong together.
    pub group: Option<usize>,
    /// Index of the column with the time.
    pub time: Option<usize>,
    /// Indices of further columns in which something must stand.
    pub required: Vec<usize>,
    /// The part of the rows that may be unusable.
    pub max_unusable: f64,
}
