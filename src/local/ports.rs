//! Fits the services to each other: what SageMaker needs of S3, logs, roles and alarms, and what scaling
//! needs of SageMaker.

use std::io;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use super::services::autoscaling::Variants;
use super::services::cloudwatch::{AlarmState, CloudWatch};
use super::services::iam::Iam;
use super::services::logs::Logs;
use super::services::s3::{S3, S3Fault};
use super::services::sagemaker::{Alarms, LogSink, ObjectStore, Roles, SageMaker, StoreFault};
use super::wire::ApiError;

#[async_trait]
impl ObjectStore for S3 {
    async fn has_prefix(&self, bucket: &str, prefix: &str) -> Result<bool, StoreFault> {
        S3::has_prefix(self, bucket, prefix).map_err(fault)
    }

    async fn download_prefix(
        &self,
        bucket: &str,
        prefix: &str,
        into: &Path,
    ) -> Result<usize, StoreFault> {
        S3::download_prefix(self, bucket, prefix, into)
            .await
            .map_err(fault)
    }

    async fn get_to_file(&self, bucket: &str, key: &str, to: &Path) -> Result<(), StoreFault> {
        S3::get_to_file(self, bucket, key, to).await.map_err(fault)
    }

    async fn put_file(&self, bucket: &str, key: &str, from: &Path) -> Result<(), StoreFault> {
        S3::put_file(self, bucket, key, from).await.map_err(fault)
    }

    async fn delete(&self, bucket: &str, key: &str) -> Result<(), StoreFault> {
        S3::delete(self, bucket, key).map_err(fault)
    }
}

impl LogSink for Logs {
    fn put(&self, group: &str, stream: &str, messages: &[String]) -> io::Result<()> {
        Logs::put(self, group, stream, messages)
    }
}

impl Roles for Iam {
    fn role_exists(&self, arn: &str) -> bool {
        Iam::role_exists(self, arn)
    }
}

impl Alarms for CloudWatch {
    fn rings(&self, region: &str, name: &str) -> bool {
        self.alarm_state(region, name) == Some(AlarmState::Alarm)
    }

    fn changes(&self) -> watch::Receiver<()> {
        CloudWatch::changes(self)
    }
}

impl Variants for Arc<SageMaker> {
    fn count(&self, region: &str, endpoint: &str, variant: &str) -> Option<u64> {
        self.instances(region, endpoint, variant)
    }

    fn set_count(
        &self,
        region: &str,
        endpoint: &str,
        variant: &str,
        count: u64,
    ) -> Result<(), ApiError> {
        self.set_instances(region, endpoint, &[(variant.to_owned(), count)])
    }
}

fn fault(fault: S3Fault) -> StoreFault {
    match fault {
        S3Fault::NoSuchBucket | S3Fault::NoSuchKey { .. } | S3Fault::NoSuchVersion => {
            StoreFault::Missing(fault.to_string())
        }
        S3Fault::Io(error) => StoreFault::Failed(error.to_string()),
        other => StoreFault::Failed(other.to_string()),
    }
}
