//! The section `model`.

use schemars::JsonSchema;
use serde::Deserialize;

/// A model that somebody brings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Model {
    /// The archive, a `.tar.gz` of what stands at its top level: a file, relative to the stack file, or an
    /// object in S3. It goes into the environment's bucket as it is, under its digest; what serves it is
    /// `endpoint.image`, by the `code/inference.py` in it if there is one.
    #[schemars(extend("examples" = ["model.tar.gz", "s3://news-models/2026/model.tar.gz"]))]
    pub(in crate::stack) artifact: String,
    /// The archive's SHA-256, which another one is refused by; an object in S3 needs it, so that everybody
    /// means the same model without looking there.
    #[schemars(extend("default" = null, "examples" = ["0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]))]
    pub(in crate::stack) sha256: Option<String>,
}
