//! The section `data`.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Scalar;

/// The data set to train on: a file, a folder or a place in S3.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Data {
    /// A file, relative to the stack file. It is uploaded once, under its digest.
    #[schemars(extend("default" = null, "examples" = ["data/headlines.csv"]))]
    pub(in crate::stack) file: Option<String>,
    /// A folder, relative to the stack file, in place of a file; hidden files do not count.
    #[schemars(extend("default" = null, "examples" = ["data/news"]))]
    pub(in crate::stack) folder: Option<String>,
    /// A place in S3, in place of a file: training gets every object whose key begins so. The model
    /// is pinned to the objects that are there (keys, sizes and entity tags): when one of them
    /// changes, the next `deploy up` trains anew. Nothing of it is copied or looked into.
    #[schemars(extend("default" = null, "examples" = ["s3://news-archive/2014/"]))]
    pub(in crate::stack) s3: Option<String>,
    /// What each file is like: what is not so is refused before anything is uploaded or paid for.
    /// Without it, only empty files are.
    #[schemars(extend("default" = null, "examples" = [{ "columns": ["TITLE", "CATEGORY"], "text": "TITLE", "label": "CATEGORY", "classes": ["b", "t"] }]))]
    pub(in crate::stack) format: Option<Format>,
}

/// What a file of the data set is like: UTF-8, one example a row.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Format {
    /// What is between two columns.
    #[schemars(extend("default" = "tab", "examples" = ["comma"]))]
    pub(in crate::stack) separator: Option<Separator>,
    /// Whether a cell in quotation marks may hold separators and line breaks (RFC 4180); otherwise a
    /// quotation mark is a character like any other.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub(in crate::stack) quoted: Option<bool>,
    /// Whether the first row of each file names the columns.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub(in crate::stack) header: Option<bool>,
    /// The names of all columns, in order.
    #[schemars(length(min = 2, max = 1000), extend("examples" = [["ID", "TITLE", "CATEGORY"]]))]
    pub(in crate::stack) columns: Vec<String>,
    /// The column with the text that is classified.
    #[schemars(extend("examples" = ["TITLE"]))]
    pub(in crate::stack) text: String,
    /// The column with its class.
    #[schemars(extend("examples" = ["CATEGORY"]))]
    pub(in crate::stack) label: String,
    /// Every class, as it stands in that column, in the order of the model's outputs; as a map, each with
    /// the label that the model answers with.
    #[schemars(extend("examples" = [["ham", "spam"], { "b": "Business", "t": "Science" }]))]
    pub(in crate::stack) classes: Classes,
    /// The column that tells which rows belong together: near-copies of one text, which must not be on
    /// both sides when the data set is split. Without it, only equal texts belong together.
    #[schemars(extend("default" = null, "examples" = ["STORY"]))]
    pub(in crate::stack) group: Option<String>,
    /// The column with the time of a row, in milliseconds since 1970: the newest rows then make a second,
    /// stricter test. Without it, there is none.
    #[schemars(extend("default" = null, "examples" = ["TIMESTAMP"]))]
    pub(in crate::stack) time: Option<String>,
    /// Further columns in which something must stand.
    #[schemars(extend("default" = [], "examples" = [["STORY"]]))]
    pub(in crate::stack) required: Option<Vec<String>>,
    /// The part of the rows that may be unusable, if the training code leaves such rows out.
    #[schemars(range(min = 0, max = 0.5), extend("default" = 0.01, "examples" = [0]))]
    pub(in crate::stack) max_unusable: Option<f64>,
}

/// The classes of a data set.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::stack) enum Classes {
    /// Each is called as it stands in the data.
    Plain(#[schemars(length(min = 2, max = 1000))] Vec<Scalar>),
    /// Each with its label.
    Labelled(IndexMap<String, Scalar>),
}

/// What is between two columns.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(in crate::stack) enum Separator {
    /// A tab.
    Tab,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// `|`
    Pipe,
}
