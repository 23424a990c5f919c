//! The report of a training run: the page and the figures that the training code left in
//! `/opt/ml/output/data`, which SageMaker packs beside the model (SageMaker developer guide, "How Amazon
//! SageMaker Processes Training Output").

mod archive;

use std::collections::BTreeMap;

use futures::stream::{StreamExt, TryStreamExt};
use serde_json::Value;

pub use archive::ArchiveError;

use super::Session;
use super::error::{ReconcileError, doing};
use super::observe::{key_of, observe};
use super::train::record;
use crate::bundle::Digest;
use crate::cloud::training::TrainingState;
use crate::plan::{self, Deployment, ModelRecord};
use archive::{Limits, members};

/// The archive beside the model's.
const ARCHIVE: &str = "output.tar.gz";
/// The page in it.
const PAGE: &str = "report.html";
/// The figures in it.
const METRICS: &str = "metrics.json";
/// Most bytes of the archive: it is held in memory.
const LARGEST: u64 = 64 * 1024 * 1024;
/// Records that are read at the same time.
const AT_ONCE: usize = 8;
/// Digits of a key that tell models apart for people.
const SHOWN: usize = 16;

/// Whose report is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// That of the model that serves, or of the newest where none does.
    Current,
    /// That of the model that this job trained.
    Job(String),
    /// That of the model whose training key begins so.
    Model(String),
}

/// What a training run has left beside its model.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The model's training key.
    pub key: Digest,
    /// The job that trained it.
    pub job: String,
    /// Whether this is the model that serves.
    pub serves: bool,
    /// The archive's address.
    pub archive: String,
    page: Option<Vec<u8>>,
    metrics: Option<Vec<u8>>,
}

impl Report {
    /// The page, HTML.
    ///
    /// # Errors
    /// The training code left none.
    pub fn page(&self) -> Result<&[u8], ReportError> {
        self.page.as_deref().ok_or_else(|| self.lacks(PAGE))
    }

    /// The figures as the training code wrote them.
    ///
    /// # Errors
    /// The training code left none, or no JSON.
    pub fn metrics(&self) -> Result<Value, ReportError> {
        let bytes = self.metrics.as_deref().ok_or_else(|| self.lacks(METRICS))?;
        serde_json::from_slice(bytes).map_err(|source| ReportError::NoJson {
            job: self.job.clone(),
            source,
        })
    }

    fn lacks(&self, file: &'static str) -> ReportError {
        ReportError::Lacks {
            job: self.job.clone(),
            file,
            archive: self.archive.clone(),
        }
    }
}

/// F1 of each class on what a model had not seen, as the training code wrote it beside the model's archive;
/// empty where it wrote nothing of the kind.
///
/// # Errors
/// The bucket cannot be read.
pub(super) async fn classes(
    session: &Session,
    bucket: &str,
    model: &str,
) -> Result<BTreeMap<String, f64>, ReconcileError> {
    let object = beside(model);
    let bytes = session.cloud.artifacts.get(bucket, &object, LARGEST).await;
    let bytes = bytes.map_err(doing("fetch the training job's output"))?;
    let Some(Ok([Some(metrics)])) = bytes.map(|b| members(&b, [METRICS], Limits::USUAL)) else {
        return Ok(BTreeMap::new());
    };
    let metrics: Value = serde_json::from_slice(&metrics).unwrap_or_default();
    let classes = metrics.get("classes").and_then(Value::as_object);
    let f1 = |(label, score): (&String, &Value)| Some((label.clone(), score.get("f1")?.as_f64()?));
    Ok(classes.into_iter().flatten().filter_map(f1).collect())
}

/// The archive beside a model's archive.
fn beside(model: &str) -> String {
    let folder = model.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{ARCHIVE}")
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The environment cannot be looked at.
    #[error(transparent)]
    Reconcile(Box<ReconcileError>),
    /// There is no model.
    #[error("no model has been trained yet")]
    NothingTrained,
    /// What made the model that serves is not known any more.
    #[error("the model that serves ({0}) is not among the models that the bucket keeps")]
    ServingUnknown(String),
    /// No model is known of this job.
    #[error("no model of the training job {0} is kept")]
    NoSuchJob(String),
    /// No model has such a key.
    #[error("no model is kept whose training key begins with {0}")]
    NoSuchModel(String),
    /// Several models have such a key.
    #[error("several training keys begin with {prefix}: {}", found.join(", "))]
    Ambiguous {
        /// What was asked for.
        prefix: String,
        /// The beginnings of the keys.
        found: Vec<String>,
    },
    /// The archive is not there.
    #[error(
        "the training job {job} left nothing beside its model, or that was removed: {archive} is not there"
    )]
    Gone {
        /// The job.
        job: String,
        /// Where it should be.
        archive: String,
    },
    /// The archive cannot be read.
    #[error("cannot read {archive}")]
    Archive {
        /// Where it is.
        archive: String,
        /// Why.
        #[source]
        source: ArchiveError,
    },
    /// The archive lacks a file.
    #[error("the training job {job} left no {file}: it is not in {archive}")]
    Lacks {
        /// The job.
        job: String,
        /// Which one.
        file: &'static str,
        /// Where it should be.
        archive: String,
    },
    /// The figures are no JSON.
    #[error("the {METRICS} of the training job {job} is no JSON")]
    NoJson {
        /// The job.
        job: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl From<ReconcileError> for ReportError {
    fn from(error: ReconcileError) -> Self {
        Self::Reconcile(Box::new(error))
    }
}

/// Fetches what a training run has left beside its model, and changes nothing.
///
/// # Errors
/// There is no such model, or nothing is left of its run.
pub async fn report(
    session: &Session,
    deployment: &Deployment,
    wanted: &Wanted,
) -> Result<Report, ReportError> {
    let observed = observe(session, deployment).await?;
    // Without it there is no bucket to look into.
    if observed.foundation.is_none() {
        return Err(ReportError::NothingTrained);
    }
    let service = observed.service.as_ref();
    let serving =
        service.and_then(|service| service.parameters.get(plan::parameters::TRAINING_KEY));
    let serving = serving.map(String::as_str);
    let bucket = &deployment.names.bucket;
    let model = choose(models(session, bucket).await?, serving, wanted)?;
    fetch(session, bucket, model, serving).await
}

/// A model that was trained.
#[derive(Debug, Clone, PartialEq)]
struct Model {
    key: Digest,
    job: TrainingState,
    /// Key of the model's archive.
    object: String,
}

impl Model {
    fn of(record: ModelRecord) -> Option<Self> {
        let job = record.trained?;
        let object = key_of(job.model.as_deref()?)?.to_owned();
        Some(Self {
            key: record.key,
            job,
            object,
        })
    }

    fn shown(&self) -> String {
        self.key.as_str().chars().take(SHOWN).collect()
    }
}

/// Reads what the bucket keeps of the models that were trained.
async fn models(session: &Session, bucket: &str) -> Result<Vec<Model>, ReconcileError> {
    let mut names = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let artifacts = &session.cloud.artifacts;
        let page = artifacts.list(bucket, ModelRecord::FOLDER, after.as_deref());
        let page = page.await.map_err(doing("list the models"))?;
        let keys = page.objects.into_iter().map(|object| object.key);
        names.extend(keys.filter(|key| ModelRecord::is_object(key)));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let records: Vec<Option<ModelRecord>> = futures::stream::iter(&names)
        .map(|name| record::read(session, bucket, name))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(records
        .into_iter()
        .flatten()
        .filter_map(Model::of)
        .collect())
}

/// Chooses the model that is wanted.
fn choose(
    models: Vec<Model>,
    serving: Option<&str>,
    wanted: &Wanted,
) -> Result<Model, ReportError> {
    let mut models = models.into_iter();
    match (wanted, serving) {
        (Wanted::Current, Some(key)) => {
            let found = models.find(|model| model.key.as_str() == key);
            found.ok_or_else(|| ReportError::ServingUnknown(key.chars().take(SHOWN).collect()))
        }
        (Wanted::Current, None) => {
            let newest = models.max_by_key(|model| model.job.facts.created);
            newest.ok_or(ReportError::NothingTrained)
        }
        (Wanted::Job(name), _) => {
            let found = models.find(|model| model.job.name == *name);
            found.ok_or_else(|| ReportError::NoSuchJob(name.clone()))
        }
        (Wanted::Model(prefix), _) => {
            let digits = prefix.to_ascii_lowercase();
            let mut found: Vec<Model> = models
                .filter(|model| model.key.as_str().starts_with(&digits))
                .collect();
            match (found.pop(), found.as_slice()) {
                (None, _) => Err(ReportError::NoSuchModel(prefix.clone())),
                (Some(model), []) => Ok(model),
                (Some(last), others) => Err(ReportError::Ambiguous {
                    prefix: prefix.clone(),
                    found: others.iter().chain([&last]).map(Model::shown).collect(),
                }),
            }
        }
    }
}

async fn fetch(
    session: &Session,
    bucket: &str,
    model: Model,
    serving: Option<&str>,
) -> Result<Report, ReportError> {
    let object = beside(&model.object);
    let archive = format!("s3://{bucket}/{object}");
    let bytes = session.cloud.artifacts.get(bucket, &object, LARGEST).await;
    let Some(bytes) = bytes.map_err(doing("fetch the training job's output"))? else {
        let job = model.job.name;
        return Err(ReportError::Gone { job, archive });
    };
    match members(&bytes, [PAGE, METRICS], Limits::USUAL) {
        Ok([page, metrics]) => Ok(Report {
            serves: serving == Some(model.key.as_str()),
            key: model.key,
            job: model.job.name,
            archive,
            page,
            metrics,
        }),
        Err(source) => Err(ReportError::Archive { archive, source }),
    }
}

#[cfg(test)]
mod tests;
