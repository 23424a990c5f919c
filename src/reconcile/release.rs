//! Writes down what was seen to serve, and reads what was written down.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::stream::{StreamExt, TryStreamExt};

use super::Session;
use super::error::{ReconcileError, doing, known};
use super::object::Object;
use super::report::classes;
use super::train::record;
use crate::bundle::Digest;
use crate::cloud::FaultKind;
use crate::cloud::artifacts::Source;
use crate::cloud::copies::At;
use crate::cloud::records::Expected;
use crate::cloud::training::TrainingState;
use crate::plan::{Deployment, Desired, DesiredModel, ModelRecord, Observed};
use crate::release::{
    Artifact, Model, Object as Archive, Recorded, Release, ReleaseId, Template, UnreadableRelease,
};

/// Records that are read at the same time.
const AT_ONCE: usize = 8;
/// Most bytes of a template's text.
const LARGEST_TEMPLATE: u64 = 4 * 1024 * 1024;

/// What is told of a deployment that serves.
pub(super) struct Seen<'a> {
    /// What it was to be.
    pub(super) desired: &'a Desired,
    /// Its name.
    pub(super) id: &'a ReleaseId,
    /// Outputs of the service stack.
    pub(super) outputs: &'a BTreeMap<String, String>,
    /// Where its model is, and the job that trained it, if this run had to look at it.
    pub(super) model: Option<(&'a str, &'a TrainingState)>,
}

/// Names what is about to be deployed: as it is called already, or by the next number.
pub(super) async fn name(
    session: &Session,
    desired: &Desired,
    observed: &Observed,
) -> Result<ReleaseId, ReconcileError> {
    let number = match observed.release() {
        Some(current) if current.same_content(&desired.release(1)) => return Ok(current),
        Some(current) => current.number,
        None if observed.foundation.is_some() => {
            let ids = ids(session, &desired.deployment).await?;
            ids.keys().map(|id| id.number).max().unwrap_or_default()
        }
        None => 0,
    };
    Ok(desired.release(number.saturating_add(1)))
}

/// Whether a release was written down.
pub(super) async fn is_recorded(
    session: &Session,
    bucket: &str,
    id: &ReleaseId,
) -> Result<bool, ReconcileError> {
    let artifacts = &session.cloud.artifacts;
    let page = artifacts.list(bucket, &Release::folder(id), None).await;
    let page = page.map_err(doing("look for the release"))?;
    Ok(!page.objects.is_empty())
}

/// Writes down what was seen to serve, unless that was done before.
pub(super) async fn keep(session: &Session, seen: &Seen<'_>) -> Result<(), ReconcileError> {
    let desired = seen.desired;
    let names = &desired.deployment.names;
    if is_recorded(session, &names.bucket, seen.id).await? {
        return Ok(());
    }
    let earlier = releases(session, &desired.deployment).await?;
    let earlier: Vec<&Release> = earlier.iter().map(|recorded| &recorded.release).collect();
    let model = model(session, seen, &earlier).await?;
    let stacks = desired.stacks();
    for (stack, text) in [
        (&stacks.foundation, &desired.foundation.template),
        (&stacks.service, &desired.service.template),
    ] {
        keep_template(session, &names.bucket, stack, text).await?;
    }
    let worker = &session.station.worker;
    let config = seen.outputs.get("EndpointConfigName").cloned();
    let release = Release {
        version: Release::VERSION,
        id: seen.id.clone(),
        stack: desired.deployment.stack.clone(),
        environment: desired.deployment.environment.clone(),
        account: desired.deployment.account.clone(),
        region: desired.deployment.region.clone(),
        at: session.station.witness.now(),
        by: format!("{}@{}", worker.user, worker.host),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        previous: earlier.first().map(|release| release.id.clone()),
        model,
        function: Archive {
            sha256: function_digest(&desired.function_key)?,
            key: desired.function_key.clone(),
        },
        stacks,
        endpoint_config: known(config, "the endpoint config's name")?,
        provenance: desired.provenance.clone(),
    };
    write(session, &names.bucket, &release).await
}

async fn write(session: &Session, bucket: &str, release: &Release) -> Result<(), ReconcileError> {
    let (key, text) = release
        .object()
        .map_err(|_| ReconcileError::Unknown("how to write the release down"))?;
    // Whoever was faster has written the same.
    let records = &session.cloud.records;
    let written = records.write(bucket, &key, &text, Expected::Nothing).await;
    written.map(drop).map_err(doing("write the release down"))
}

/// The digest in the key of the function's archive.
fn function_digest(key: &str) -> Result<Digest, ReconcileError> {
    let name = key.strip_prefix("function/");
    let digest = name.and_then(|name| name.strip_suffix(".zip")?.parse().ok());
    known(digest, "the digest of the function's code")
}

/// Describes the model that serves.
async fn model(
    session: &Session,
    seen: &Seen<'_>,
    earlier: &[&Release],
) -> Result<Model, ReconcileError> {
    let desired = seen.desired;
    if let DesiredModel::Released(released) = &desired.model {
        return Ok(released.model.clone());
    }
    let bucket = &desired.deployment.names.bucket;
    if let DesiredModel::Brought(brought) = &desired.model {
        return Ok(Model {
            training_key: desired.training_key.clone(),
            classes: BTreeMap::new(),
            job: None,
            artifact: artifact(session, bucket, brought.key.clone()).await?,
            metrics: BTreeMap::new(),
        });
    }
    let key = desired.training_key.as_str();
    let (object, job) = if let Some((object, job)) = seen.model {
        (object.to_owned(), job.clone())
    } else {
        let record = record::read(session, bucket, &ModelRecord::object(key)).await?;
        let job = known(record.and_then(|record| record.trained), "the model's job")?;
        let object = job.model.as_deref().and_then(super::observe::key_of);
        let object = known(object, "the model's place")?.to_owned();
        (object, job)
    };
    let known_already = earlier
        .iter()
        .map(|release| &release.model)
        .find(|model| model.artifact.key == object);
    let artifact = match known_already {
        Some(model) => model.artifact.clone(),
        None => artifact(session, bucket, object).await?,
    };
    Ok(Model {
        training_key: desired.training_key.clone(),
        classes: classes(session, bucket, &artifact.key).await?,
        job: Some(job.name),
        artifact,
        metrics: job.metrics,
    })
}

/// Reads an archive once, for its digest.
async fn artifact(
    session: &Session,
    bucket: &str,
    key: String,
) -> Result<Artifact, ReconcileError> {
    let at = At {
        bucket: bucket.to_owned(),
        key: key.clone(),
    };
    let digested = session.cloud.copies.digest(&at).await;
    let digested = digested.map_err(doing("hash the model"))?;
    let digested = known(digested, "the model's archive")?;
    let sha256 = known(digested.sha256.parse().ok(), "the model's digest")?;
    Ok(Artifact {
        key,
        size: digested.size,
        sha256,
    })
}

/// Keeps a template's text, under its digest.
async fn keep_template(
    session: &Session,
    bucket: &str,
    template: &Template,
    text: &str,
) -> Result<(), ReconcileError> {
    let (artifacts, key) = (&session.cloud.artifacts, template.object());
    let there = artifacts.size(bucket, &key).await;
    if there.map_err(doing("look for the template"))?.is_some() {
        return Ok(());
    }
    let source = Source::Bytes(Bytes::from(text.to_owned()));
    let put = artifacts.put(bucket, &key, &source, &|_| {}).await;
    put.map_err(doing("keep the template"))
}

/// Reads a template's text, and sees that it is the right one.
///
/// # Errors
/// It is gone, or was changed.
pub async fn template(
    session: &Session,
    bucket: &str,
    template: &Template,
) -> Result<String, ReconcileError> {
    let key = template.object();
    let artifacts = &session.cloud.artifacts;
    let bytes = artifacts.get(bucket, &key, LARGEST_TEMPLATE).await;
    let bytes = known(
        bytes.map_err(doing("read the template"))?,
        "the template of the release, which is gone from the bucket",
    )?;
    if Digest::of_bytes(&bytes) != template.sha256 {
        let why = UnreadableRelease::Tampered(key);
        return Err(ReconcileError::Release(Box::new(why)));
    }
    String::from_utf8(bytes.to_vec())
        .map_err(|_| ReconcileError::Unknown("how to read the template of the release"))
}

/// The records in the bucket: by the name of the release, the keys of its records.
async fn ids(
    session: &Session,
    deployment: &Deployment,
) -> Result<BTreeMap<ReleaseId, Vec<String>>, ReconcileError> {
    let mut found = BTreeMap::<ReleaseId, Vec<String>>::new();
    let mut after: Option<String> = None;
    loop {
        let artifacts = &session.cloud.artifacts;
        let bucket = &deployment.names.bucket;
        let page = artifacts.list(bucket, Release::FOLDER, after.as_deref());
        let page = match page.await {
            // A stack that was only begun has no bucket.
            Err(fault) if fault.kind == FaultKind::NotFound => return Ok(found),
            page => page.map_err(doing("list the releases"))?,
        };
        for object in page.objects {
            if let Some(id) = Release::id_in(&object.key) {
                found.entry(id).or_default().push(object.key);
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// Reads all releases of an environment, the newest first; none where there is no bucket.
///
/// # Errors
/// They cannot be read, or one is not what was written.
pub async fn releases(
    session: &Session,
    deployment: &Deployment,
) -> Result<Vec<Recorded>, ReconcileError> {
    let bucket = &deployment.names.bucket;
    let ids = ids(session, deployment).await?;
    let mut releases: Vec<Recorded> = futures::stream::iter(ids.into_values())
        .map(|keys| read(session, bucket, keys))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    releases.sort_by_key(|recorded| std::cmp::Reverse(recorded.release.id.number));
    Ok(releases)
}

/// Reads the release of this name; `None` where none was written down.
///
/// # Errors
/// It cannot be read, or is not what was written.
pub async fn recorded(
    session: &Session,
    deployment: &Deployment,
    id: &ReleaseId,
) -> Result<Option<Recorded>, ReconcileError> {
    let bucket = &deployment.names.bucket;
    let artifacts = &session.cloud.artifacts;
    let page = match artifacts.list(bucket, &Release::folder(id), None).await {
        Err(fault) if fault.kind == FaultKind::NotFound => return Ok(None),
        page => page.map_err(doing("look for the release"))?,
    };
    if page.objects.is_empty() {
        return Ok(None);
    }
    let keys = page.objects.into_iter().map(|object| object.key);
    read(session, bucket, keys.collect()).await.map(Some)
}

/// Reads the release that the stacks say they are; `None` where they say none, and for what was never seen to
/// serve.
///
/// # Errors
/// It cannot be read, or is not what was written.
pub async fn serving(
    session: &Session,
    deployment: &Deployment,
    observed: &Observed,
) -> Result<Option<Recorded>, ReconcileError> {
    match observed.release() {
        Some(id) => recorded(session, deployment, &id).await,
        None => Ok(None),
    }
}

/// Reads the records of one release: of two runs that saw it at the same moment, the first one's counts.
async fn read(
    session: &Session,
    bucket: &str,
    keys: Vec<String>,
) -> Result<Recorded, ReconcileError> {
    let mut first: Option<Recorded> = None;
    for key in keys {
        let place = Object {
            bucket,
            key: &key,
            reading: "read the release",
            writing: "write the release down",
        };
        let record = known(place.read(session).await?, "the release, which is gone")?;
        let read = Release::read(&key, &record.text)
            .map_err(|error| ReconcileError::Release(Box::new(error)))?;
        let is_first = first.as_ref().is_none_or(|first| {
            (read.release.at, &read.record) < (first.release.at, &first.record)
        });
        if is_first {
            first = Some(read);
        }
    }
    known(first, "the release")
}
