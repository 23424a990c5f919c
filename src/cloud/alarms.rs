//! Alarms.

use async_trait::async_trait;
use serde::Serialize;

use super::CloudFault;

/// An alarm as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// Name.
    pub name: String,
    /// CloudWatch's state: `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
}

/// Looks at alarms.
#[async_trait]
pub trait Alarms: Send + Sync {
    /// Looks at the alarms whose names begin so, up to a hundred of them.
    async fn list(&self, prefix: &str) -> Result<Vec<Alarm>, CloudFault>;
}
