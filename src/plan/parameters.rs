//! Names of the parameters that the stacks are given when they are brought up. `templates/` declares them.

/// The digest of what a stack is made from.
pub const FINGERPRINT: &str = "Fingerprint";
/// The foundation's bucket.
pub const BUCKET: &str = "BucketName";
/// Where in the bucket the model that serves is.
pub const MODEL_DATA_KEY: &str = "ModelDataKey";
/// The training key of the model that serves.
pub const TRAINING_KEY: &str = "TrainingKey";
/// Where in the bucket the function's code is.
pub const FUNCTION_CODE_KEY: &str = "FunctionCodeKey";
