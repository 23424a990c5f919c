//! An endpoint, its configuration and its model.

use serde_json::{Map, Value, json};

use super::{Services, object};
use crate::aws::fault::fault;
use crate::cloud::CloudFault;

impl Services {
    pub(super) async fn endpoint(&self, name: &str) -> Result<Map<String, Value>, CloudFault> {
        let answer = self.sagemaker.describe_endpoint().endpoint_name(name);
        let answer = answer.send().await;
        let answer = answer.map_err(|error| fault("DescribeEndpoint", &error))?;
        let variants = answer.production_variants.unwrap_or_default();
        let counts: Map<String, Value> = variants
            .into_iter()
            .filter_map(|variant| {
                let count = variant.desired_instance_count?;
                Some((variant.variant_name?, json!(count)))
            })
            .collect();
        Ok(object([
            ("EndpointConfigName", json!(answer.endpoint_config_name)),
            ("InstanceCounts", Value::Object(counts)),
        ]))
    }

    pub(super) async fn endpoint_config(
        &self,
        name: &str,
    ) -> Result<Map<String, Value>, CloudFault> {
        let answer = self
            .sagemaker
            .describe_endpoint_config()
            .endpoint_config_name(name)
            .send()
            .await
            .map_err(|error| fault("DescribeEndpointConfig", &error))?;
        let variants = answer.production_variants.unwrap_or_default();
        let variants: Vec<Value> = variants
            .into_iter()
            .map(|variant| {
                let instance = variant.instance_type.map(|kind| kind.as_str().to_owned());
                json!({
                    "VariantName": variant.variant_name,
                    "ModelName": variant.model_name,
                    "InitialInstanceCount": variant.initial_instance_count,
                    "InitialVariantWeight": variant.initial_variant_weight,
                    "InstanceType": instance,
                    "VolumeSizeInGB": variant.volume_size_in_gb,
                    "ModelDataDownloadTimeoutInSeconds":
                        variant.model_data_download_timeout_in_seconds,
                    "ContainerStartupHealthCheckTimeoutInSeconds":
                        variant.container_startup_health_check_timeout_in_seconds,
                })
            })
            .collect();
        Ok(object([("ProductionVariants", Value::Array(variants))]))
    }

    /// A model cannot be changed, only deleted.
    pub(super) async fn model(&self, name: &str) -> Result<Map<String, Value>, CloudFault> {
        let answer = self
            .sagemaker
            .describe_model()
            .model_name(name)
            .send()
            .await;
        answer
            .map(|_| Map::new())
            .map_err(|error| fault("DescribeModel", &error))
    }
}
