//! Pins: a promotion as a file, to be reviewed before it is carried out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::approval::statement;
use super::provenance::Promotion;
use super::record::{Model, Object, Stacks};

/// What an environment is to be, and on what evidence. `deploy up` carries out exactly this, or nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The version of the format, [`Pin::VERSION`].
    pub version: u32,
    /// The stack.
    pub stack: String,
    /// The environment that is to be so.
    pub environment: String,
    /// When it was pinned.
    pub at: Timestamp,
    /// User and host.
    pub by: String,
    /// The model; its artifact is in the bucket of [`Promotion::from`].
    pub model: Model,
    /// The function's archive.
    pub function: Object,
    /// The stacks as the environment's own rendering makes them.
    pub stacks: Stacks,
    /// What it was made from, and why it was allowed.
    pub promotion: Promotion,
}

/// Why a file is no pin.
#[derive(Debug, thiserror::Error)]
pub enum UnreadablePin {
    /// It is something else.
    #[error("it pins no release: {0}")]
    Malformed(String),
    /// Another version of the tool wrote it.
    #[error("it has version {0} of the format, this deploy reads version {version}", version = Pin::VERSION)]
    Version(u64),
    /// It belongs elsewhere.
    #[error("it pins {0}")]
    Elsewhere(String),
}

impl Pin {
    /// The version of the format that is read and written.
    pub const VERSION: u32 = 1;

    /// The file, beside the stack file.
    pub fn file_name(environment: &str) -> String {
        format!("{environment}.lock.yaml")
    }

    /// The text that is signed to approve it.
    pub fn statement(&self) -> String {
        statement(&self.stack, &self.promotion.from, &self.environment)
    }

    /// Whether another pin leads to the same, taken from the same release.
    pub fn same_content(&self, other: &Self) -> bool {
        let content = |pin: &Self| {
            let Self {
                model,
                function,
                stacks,
                promotion,
                ..
            } = pin.clone();
            (model, function, stacks, promotion.from)
        };
        content(self) == content(other)
    }

    /// Takes a pin from what a file says.
    ///
    /// # Errors
    /// It is no pin, or not of this environment.
    pub fn read(
        value: serde_json::Value,
        stack: &str,
        environment: &str,
    ) -> Result<Self, UnreadablePin> {
        let version = value.get("version").and_then(serde_json::Value::as_u64);
        if let Some(version) = version.filter(|version| *version != u64::from(Self::VERSION)) {
            return Err(UnreadablePin::Version(version));
        }
        let pin: Self = serde_json::from_value(value)
            .map_err(|error| UnreadablePin::Malformed(error.to_string()))?;
        if pin.stack != stack || pin.environment != environment {
            let of = format!("{}/{}", pin.stack, pin.environment);
            return Err(UnreadablePin::Elsewhere(of));
        }
        Ok(pin)
    }
}
