//! A cloud whose changing calls are made only while the lock is held: a run that was taken for dead,
//! and is not, does no harm.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::Lock;
use crate::cloud::artifacts::{
    Artifacts, ObjectPage, Place, Refusal, Sent, Source, Version, VersionPage,
};
use crate::cloud::copies::{Arrival, At, Content, Copied, Copies, Found, Origin};
use crate::cloud::logs::{LogEvents, LogPage, Logs, Search, Streams};
use crate::cloud::registry::{NewVersion, Registry, Version as ModelVersion};
use crate::cloud::stacks::{ChangeRequest, ChangeStatus, Changes, Operation, Withdrawals};
use crate::cloud::training::{Training, TrainingRequest, TrainingState};
use crate::cloud::transform::{TransformRequest, TransformState, Transforms};
use crate::cloud::{Cloud, CloudFault};

/// Puts the lock before every call that changes something.
pub(super) fn fenced(cloud: &Cloud, lock: &Arc<Lock>) -> Cloud {
    Cloud {
        changes: Arc::new(Fenced::new(&cloud.changes, lock)),
        withdrawals: Arc::new(Fenced::new(&cloud.withdrawals, lock)),
        artifacts: Arc::new(Fenced::new(&cloud.artifacts, lock)),
        copies: Arc::new(Fenced::new(&cloud.copies, lock)),
        training: Arc::new(Fenced::new(&cloud.training, lock)),
        transforms: Arc::new(Fenced::new(&cloud.transforms, lock)),
        registry: Arc::new(Fenced::new(&cloud.registry, lock)),
        logs: Arc::new(Fenced::new(&cloud.logs, lock)),
        ..cloud.clone()
    }
}

struct Fenced<T: ?Sized> {
    inner: Arc<T>,
    lock: Arc<Lock>,
}

impl<T: ?Sized> Fenced<T> {
    fn new(inner: &Arc<T>, lock: &Arc<Lock>) -> Self {
        Self {
            inner: Arc::clone(inner),
            lock: Arc::clone(lock),
        }
    }
}

#[async_trait]
impl Changes for Fenced<dyn Changes> {
    async fn submit(&self, request: &ChangeRequest) -> Result<(), CloudFault> {
        self.lock.check("CreateChangeSet")?;
        self.inner.submit(request).await
    }

    async fn look(&self, stack: &str, name: &str) -> Result<ChangeStatus, CloudFault> {
        self.inner.look(stack, name).await
    }

    async fn waiting(&self, stack: &str) -> Result<Vec<String>, CloudFault> {
        self.inner.waiting(stack).await
    }

    async fn execute(&self, stack: &str, name: &str) -> Result<(), CloudFault> {
        self.lock.check("ExecuteChangeSet")?;
        self.inner.execute(stack, name).await
    }

    async fn discard(&self, stack: &str, name: &str) -> Result<(), CloudFault> {
        self.lock.check("DeleteChangeSet")?;
        self.inner.discard(stack, name).await
    }
}

#[async_trait]
impl Withdrawals for Fenced<dyn Withdrawals> {
    async fn delete(&self, stack: &str, operation: &Operation) -> Result<(), CloudFault> {
        self.lock.check("DeleteStack")?;
        self.inner.delete(stack, operation).await
    }

    async fn roll_back(&self, stack: &str, operation: &Operation) -> Result<(), CloudFault> {
        self.lock.check("RollbackStack")?;
        self.inner.roll_back(stack, operation).await
    }

    async fn continue_roll_back(
        &self,
        stack: &str,
        operation: &Operation,
    ) -> Result<(), CloudFault> {
        self.lock.check("ContinueUpdateRollback")?;
        self.inner.continue_roll_back(stack, operation).await
    }
}

#[async_trait]
impl Artifacts for Fenced<dyn Artifacts> {
    async fn size(&self, bucket: &str, key: &str) -> Result<Option<u64>, CloudFault> {
        self.inner.size(bucket, key).await
    }

    async fn get(
        &self,
        bucket: &str,
        key: &str,
        at_most: u64,
    ) -> Result<Option<Bytes>, CloudFault> {
        self.inner.get(bucket, key, at_most).await
    }

    async fn download(
        &self,
        bucket: &str,
        key: &str,
        into: &Path,
    ) -> Result<Option<u64>, CloudFault> {
        self.inner.download(bucket, key, into).await
    }

    async fn put(
        &self,
        bucket: &str,
        key: &str,
        source: &Source,
        sent: Sent<'_>,
    ) -> Result<(), CloudFault> {
        self.lock.check("PutObject")?;
        self.inner.put(bucket, key, source, sent).await
    }

    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<ObjectPage, CloudFault> {
        self.inner.list(bucket, prefix, after).await
    }

    async fn versions(
        &self,
        bucket: &str,
        place: Option<&Place>,
    ) -> Result<VersionPage, CloudFault> {
        self.inner.versions(bucket, place).await
    }

    async fn remove(&self, bucket: &str, versions: &[Version]) -> Result<Vec<Refusal>, CloudFault> {
        self.lock.check("DeleteObjects")?;
        self.inner.remove(bucket, versions).await
    }

    async fn abort_uploads(&self, bucket: &str) -> Result<usize, CloudFault> {
        self.lock.check("AbortMultipartUpload")?;
        self.inner.abort_uploads(bucket).await
    }
}

#[async_trait]
impl Copies for Fenced<dyn Copies> {
    async fn find(&self, at: &At) -> Result<Option<Found>, CloudFault> {
        self.inner.find(at).await
    }

    async fn read(
        &self,
        at: &At,
        etag: &str,
        from: u64,
        into: &mut [u8],
    ) -> Result<(), CloudFault> {
        self.inner.read(at, etag, from, into).await
    }

    async fn digest(&self, at: &At) -> Result<Option<Content>, CloudFault> {
        self.inner.digest(at).await
    }

    async fn copy(&self, from: &At, etag: &str, to: &At) -> Result<Copied, CloudFault> {
        self.lock.check("CopyObject")?;
        self.inner.copy(from, etag, to).await
    }

    async fn receive(
        &self,
        origin: Origin<'_>,
        to: &At,
        sha256: &str,
        sent: Sent<'_>,
    ) -> Result<Arrival, CloudFault> {
        self.lock.check("PutObject")?;
        self.inner.receive(origin, to, sha256, sent).await
    }
}

#[async_trait]
impl Training for Fenced<dyn Training> {
    async fn start(&self, request: &TrainingRequest) -> Result<(), CloudFault> {
        self.lock.check("CreateTrainingJob")?;
        self.inner.start(request).await
    }

    async fn describe(&self, name: &str) -> Result<Option<TrainingState>, CloudFault> {
        self.inner.describe(name).await
    }

    async fn list(&self, text: &str) -> Result<Vec<String>, CloudFault> {
        self.inner.list(text).await
    }

    async fn stop(&self, name: &str) -> Result<(), CloudFault> {
        self.lock.check("StopTrainingJob")?;
        self.inner.stop(name).await
    }

    async fn delete(&self, name: &str) -> Result<(), CloudFault> {
        self.lock.check("DeleteTrainingJob")?;
        self.inner.delete(name).await
    }
}

#[async_trait]
impl Transforms for Fenced<dyn Transforms> {
    async fn start(&self, request: &TransformRequest) -> Result<(), CloudFault> {
        self.lock.check("CreateTransformJob")?;
        self.inner.start(request).await
    }

    async fn describe(&self, name: &str) -> Result<Option<TransformState>, CloudFault> {
        self.inner.describe(name).await
    }

    async fn list(&self, text: &str) -> Result<Vec<TransformState>, CloudFault> {
        self.inner.list(text).await
    }

    async fn stop(&self, name: &str) -> Result<(), CloudFault> {
        self.lock.check("StopTransformJob")?;
        self.inner.stop(name).await
    }
}

#[async_trait]
impl Registry for Fenced<dyn Registry> {
    async fn versions(&self, group: &str) -> Result<Vec<ModelVersion>, CloudFault> {
        self.inner.versions(group).await
    }

    async fn register(&self, version: &NewVersion) -> Result<String, CloudFault> {
        self.lock.check("CreateModelPackage")?;
        self.inner.register(version).await
    }

    async fn approve(&self, arn: &str, note: &str) -> Result<(), CloudFault> {
        self.lock.check("UpdateModelPackage")?;
        self.inner.approve(arn, note).await
    }

    async fn remove(&self, arn: &str) -> Result<(), CloudFault> {
        self.lock.check("DeleteModelPackage")?;
        self.inner.remove(arn).await
    }

    async fn remove_group(&self, group: &str) -> Result<(), CloudFault> {
        self.lock.check("DeleteModelPackageGroup")?;
        self.inner.remove_group(group).await
    }
}

#[async_trait]
impl Logs for Fenced<dyn Logs> {
    async fn read(
        &self,
        group: &str,
        stream_prefix: &str,
        cursor: Option<&str>,
        streams: Streams,
    ) -> Result<LogPage, CloudFault> {
        self.inner.read(group, stream_prefix, cursor, streams).await
    }

    async fn search(
        &self,
        search: &Search<'_>,
        next: Option<&str>,
    ) -> Result<LogEvents, CloudFault> {
        self.inner.search(search, next).await
    }

    async fn delete_streams(&self, group: &str, stream_prefix: &str) -> Result<(), CloudFault> {
        self.lock.check("DeleteLogStream")?;
        self.inner.delete_streams(group, stream_prefix).await
    }
}
