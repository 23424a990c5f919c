//! `AWS::S3::BucketPolicy`.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use crate::local::resource::{
    Live, Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType, TIME_LIMIT,
};
use crate::local::services::s3::{S3, S3Fault};

/// Sets and removes bucket policies; the physical id is the bucket's name.
pub(super) struct PolicyProvider(pub(super) Arc<S3>);

const BUCKET_POLICY: ResourceType = ResourceType {
    name: "AWS::S3::BucketPolicy",
    properties: &["Bucket", "PolicyDocument"],
    required: &["Bucket", "PolicyDocument"],
    create_only: &["Bucket"],
    time_limit: TIME_LIMIT,
};

#[async_trait]
impl ResourceProvider for PolicyProvider {
    fn definition(&self) -> ResourceType {
        BUCKET_POLICY
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        self.put(request)
    }

    async fn update(
        &self,
        _physical_id: &str,
        _previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        self.put(request)
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        let removed = self.0.change_bucket(physical_id, |bucket| {
            bucket.policy = None;
            Ok(())
        });
        match removed {
            Ok(()) | Err(S3Fault::NoSuchBucket) => Ok(()),
            Err(fault) => Err(ResourceError::new(fault.to_string())),
        }
    }

    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        let policy = self
            .0
            .look_at_bucket(physical_id, |bucket| Ok(bucket.policy.clone()));
        match policy {
            Ok(None) | Err(S3Fault::NoSuchBucket) => Ok(Live::Missing),
            Ok(Some(text)) => {
                let document = serde_json::from_str(&text)
                    .map_err(|error| ResourceError::new(format!("the bucket policy: {error}")))?;
                Ok(Live::over(expected, [("PolicyDocument", document)]))
            }
            Err(fault) => Err(ResourceError::new(fault.to_string())),
        }
    }
}

impl PolicyProvider {
    fn put(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let bucket = request
            .string("Bucket")
            .ok_or_else(|| ResourceError::new("Bucket must be a string"))?;
        let document = &request.properties["PolicyDocument"];
        let policy = document
            .as_str()
            .map_or_else(|| document.to_string(), str::to_owned);
        self.0
            .permit_own(None, bucket, None)
            .and_then(|()| self.0.put_policy(bucket, policy))
            .map_err(|fault| ResourceError::new(fault.to_string()))?;
        Ok(Resource {
            physical_id: bucket.to_owned(),
            attributes: BTreeMap::new(),
        })
    }
}
