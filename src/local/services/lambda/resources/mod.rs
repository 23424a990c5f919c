//! CloudFormation's resource types of Lambda.
//!
//! Purpose: turns template properties into functions and permissions. Input: resolved properties.
//! Output: functions, attributes for `Fn::GetAtt`. Must not know: stacks, dependencies, events.

mod function;
mod permission;
mod properties;

pub(super) use function::configured;

use std::sync::Arc;

use super::Lambda;
use crate::local::resource::ResourceProvider;

/// Returns the providers of every Lambda type that the engine knows.
pub fn providers(lambda: &Arc<Lambda>) -> Vec<Arc<dyn ResourceProvider>> {
    vec![
        Arc::new(function::FunctionProvider(Arc::clone(lambda))),
        Arc::new(permission::PermissionProvider(Arc::clone(lambda))),
    ]
}
