//! The rendered documents of one side of a comparison.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::render::{Rendered, read_rendered};

/// The documents of one environment, by their names without ending, e.g. `service`.
pub type Documents = BTreeMap<String, Value>;

/// The environments of one side, by name.
pub type Side = BTreeMap<String, Documents>;

/// The request that trains, by its document's name.
pub(super) const TRAINING: &str = "training-job";

/// The ending of rendered files.
const ENDING: &str = ".yaml";

/// Why a rendered file cannot be compared.
#[derive(Debug, thiserror::Error)]
#[error("{file} is no rendered document: {message}")]
pub struct UnreadableDocument {
    /// The file, as it is found on its side.
    pub file: String,
    /// Why, with its place.
    pub message: String,
}

/// The documents of what is rendered now.
pub fn documents_of(rendered: &Rendered) -> Result<Documents, UnreadableDocument> {
    let mut documents = Documents::new();
    for (file, text) in rendered.files() {
        if let Some(name) = document_name(file) {
            documents.insert(name.to_owned(), read_document(file, text)?);
        }
    }
    Ok(documents)
}

/// Reads the text of a rendered file; functions come in their long form.
pub fn read_document(file: &str, text: &str) -> Result<Value, UnreadableDocument> {
    let refuse = |message| UnreadableDocument {
        file: file.to_owned(),
        message,
    };
    let value = read_rendered(text).map_err(refuse)?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(refuse("it is not a map".to_owned()))
    }
}

/// The name of the document in a file; `None` when the file is none.
pub fn document_name(file: &str) -> Option<&str> {
    file.strip_suffix(ENDING)
        .filter(|name| !name.is_empty() && !name.starts_with('.'))
}
