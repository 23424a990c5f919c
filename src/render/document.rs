//! What rendering gives: a text for people, and the same as a value for programs.

use std::sync::OnceLock;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::body;
use super::engine::Output;
use super::error::{Mistake, RenderError};

/// A rendered document.
#[derive(Debug, Clone)]
pub struct Document {
    text: String,
    value: Value,
    digest: OnceLock<String>,
}

impl Document {
    pub(super) fn parse(output: Output<'_>) -> Result<Self, RenderError> {
        let value = body::parse(&output)?;
        if !value.is_object() {
            return Err(wrong(&output, "what it writes is not a map"));
        }
        Ok(Self {
            text: output.text,
            value,
            digest: OnceLock::new(),
        })
    }

    /// The YAML text as the template wrote it, with its comments.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value of the text; functions of CloudFormation are in their long form.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// SHA-256 (hexadecimal) of the value: comments, the header and the order of maps do not count,
    /// so two documents with the same digest do the same.
    pub fn digest(&self) -> &str {
        self.digest.get_or_init(|| digest_of(self.value.clone()))
    }
}

/// SHA-256 (hexadecimal) of what the text of a rendered document says, as [`Document::digest`] gives it.
///
/// # Errors
/// It is no document; the text says why, with its place.
pub fn digest(text: &str) -> Result<String, String> {
    body::read_rendered(text).map(digest_of)
}

fn digest_of(mut value: Value) -> String {
    value.sort_all_objects();
    hex::encode(Sha256::digest(value.to_string()))
}

/// A mistake of a template as a whole.
fn wrong(output: &Output<'_>, message: &str) -> RenderError {
    RenderError::Content(Box::new(Mistake::whole(
        output.library,
        output.name,
        message,
    )))
}

/// A rendered CloudFormation template.
#[derive(Debug, Clone)]
pub struct Template {
    document: Document,
}

impl Template {
    pub(super) fn parse(output: Output<'_>) -> Result<Self, RenderError> {
        let (name, library) = (output.name, output.library);
        let document = Document::parse(output)?;
        let resources = document.value.get("Resources").and_then(Value::as_object);
        if resources.is_none_or(serde_json::Map::is_empty) {
            let mistake = Mistake::whole(library, name, "what it writes has no `Resources`");
            return Err(RenderError::Content(Box::new(mistake)));
        }
        Ok(Self { document })
    }

    /// The YAML text as the template wrote it, with its comments.
    pub fn text(&self) -> &str {
        self.document.text()
    }

    /// The value of the text; functions of CloudFormation are in their long form.
    pub fn body(&self) -> &Value {
        self.document.value()
    }

    /// SHA-256 (hexadecimal) of the value: comments, the header and the order of maps do not count.
    pub fn digest(&self) -> &str {
        self.document.digest()
    }

    /// The logical ids of the resources, in the order of the text.
    pub fn logical_ids(&self) -> impl Iterator<Item = &str> {
        self.keys("Resources")
    }

    /// The names of the parameters, in the order of the text.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.keys("Parameters")
    }

    /// The names of the outputs, in the order of the text.
    pub fn outputs(&self) -> impl Iterator<Item = &str> {
        self.keys("Outputs")
    }

    fn keys(&self, section: &str) -> impl Iterator<Item = &str> {
        let map = self.body().get(section).and_then(Value::as_object);
        map.into_iter()
            .flat_map(|map| map.keys().map(String::as_str))
    }
}
