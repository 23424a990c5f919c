//! The AWS Price List: what things cost, asked by their attributes.

use async_trait::async_trait;
use serde_json::Value;

use super::CloudFault;

/// Asks for prices.
#[async_trait]
pub trait PriceList: Send + Sync {
    /// Lists the documents of a service's products that have all of these attributes with these values.
    async fn products(
        &self,
        service: &str,
        attributes: &[(&str, String)],
    ) -> Result<Vec<Value>, CloudFault>;
}
