//! CloudFormation's resource types of S3.
//!
//! Purpose: turns template properties into buckets and their settings. Input: resolved properties.
//! Output: buckets, attributes for `Fn::GetAtt`. Must not know: stacks, dependencies, events.

mod bucket;
mod lifecycle;
mod live;
mod policy;

use std::sync::Arc;

use super::S3;
use crate::local::resource::ResourceProvider;

/// Returns the providers of every S3 type that the engine knows.
pub fn providers(s3: &Arc<S3>) -> Vec<Arc<dyn ResourceProvider>> {
    vec![
        Arc::new(bucket::BucketProvider(Arc::clone(s3))),
        Arc::new(policy::PolicyProvider(Arc::clone(s3))),
    ]
}
