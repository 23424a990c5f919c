//! Which model is chosen, and what is said where its report is missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;
use tar::EntryType;

use super::archive::tests::pack;
use super::*;
use crate::bundle::{Ingredients, ingredients};
use crate::cloud::artifacts::{
    Artifacts, Object, ObjectPage, Place, Refusal, Sent, Source, Version, VersionPage,
};
use crate::cloud::records::{Expected, Records};
use crate::cloud::training::{JobFacts, TrainingPhase};
use crate::cloud::{CloudFault, FaultKind};
use crate::reconcile::Session;
use crate::reconcile::testing::{self, Bed, Memory, fault};

const BUCKET: &str = "bucket";

/// Objects that can be listed, one on a page, and got.
struct Objects(BTreeMap<String, Bytes>);

#[async_trait]
impl Artifacts for Objects {
    async fn size(&self, _: &str, key: &str) -> Result<Option<u64>, CloudFault> {
        Ok(self.0.get(key).map(|bytes| bytes.len() as u64))
    }

    async fn get(&self, _: &str, key: &str, at_most: u64) -> Result<Option<Bytes>, CloudFault> {
        match self.0.get(key) {
            Some(bytes) if bytes.len() as u64 > at_most => Err(fault(FaultKind::Rejected)),
            found => Ok(found.cloned()),
        }
    }

    async fn download(
        &self,
        _: &str,
        _: &str,
        _: &std::path::Path,
    ) -> Result<Option<u64>, CloudFault> {
        Ok(None)
    }

    async fn put(&self, _: &str, _: &str, _: &Source, _: Sent<'_>) -> Result<(), CloudFault> {
        Err(fault(FaultKind::Rejected))
    }

    async fn list(
        &self,
        _: &str,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<ObjectPage, CloudFault> {
        let mut keys = self.0.keys().filter(|key| key.starts_with(prefix));
        let key = keys.find(|key| after.is_none_or(|after| key.as_str() > after));
        let objects = key.map(|key| Object {
            key: key.clone(),
            size: self.0[key].len() as u64,
            etag: String::new(),
        });
        Ok(ObjectPage {
            objects: objects.into_iter().collect(),
            next: key.cloned(),
        })
    }

    async fn versions(&self, _: &str, _: Option<&Place>) -> Result<VersionPage, CloudFault> {
        Ok(VersionPage::default())
    }

    async fn remove(&self, _: &str, _: &[Version]) -> Result<Vec<Refusal>, CloudFault> {
        Err(fault(FaultKind::Rejected))
    }

    async fn abort_uploads(&self, _: &str) -> Result<usize, CloudFault> {
        Ok(0)
    }
}

/// The record of a model; `learning_rate` decides its key, `created` how new it is.
fn recorded(learning_rate: &str, created: i64) -> ModelRecord {
    let ingredients = Ingredients {
        hyperparameters: BTreeMap::from([("learning_rate".into(), learning_rate.into())]),
        ..ingredients()
    };
    let name = format!("news-{learning_rate}");
    let job = TrainingState {
        phase: TrainingPhase::Completed,
        detail: "Completed".into(),
        message: String::new(),
        failure_reason: None,
        model: Some(format!("s3://{BUCKET}/training/{name}/output/model.tar.gz")),
        metrics: BTreeMap::new(),
        facts: JobFacts {
            created: Some(jiff::Timestamp::from_second(created).unwrap()),
            ..JobFacts::default()
        },
        name,
    };
    ModelRecord::new(ingredients, Some(job))
}

fn model(learning_rate: &str, created: i64) -> Model {
    Model::of(recorded(learning_rate, created)).unwrap()
}

/// A session in whose bucket these models and objects are.
async fn bed(records: &[ModelRecord], objects: &[(&str, &[u8])]) -> Bed {
    let mut bed = testing::session();
    let memory = Memory::default();
    let mut all: BTreeMap<String, Bytes> = objects
        .iter()
        .map(|(key, bytes)| ((*key).to_owned(), Bytes::copy_from_slice(bytes)))
        .collect();
    for record in records {
        let key = ModelRecord::object(record.key.as_str());
        let text = record.text().unwrap();
        let written = memory.write(BUCKET, &key, &text, Expected::Nothing);
        written.await.unwrap();
        all.insert(key, text.into());
    }
    let Session { cloud, .. } = &mut bed.session;
    cloud.records = Arc::new(memory);
    cloud.artifacts = Arc::new(Objects(all));
    bed
}

#[test]
fn what_serves_comes_before_what_is_newest() {
    let (old, new) = (model("1", 1), model("2", 2));
    let of = |serving: Option<&str>| {
        let models = vec![new.clone(), old.clone()];
        choose(models, serving, &Wanted::Current)
    };
    assert_eq!(of(None).unwrap(), new);
    assert_eq!(of(Some(old.key.as_str())).unwrap(), old);
    // Another model than the one that serves would mislead.
    assert!(matches!(
        of(Some("0123")),
        Err(ReportError::ServingUnknown(_))
    ));
    assert!(matches!(
        choose(Vec::new(), None, &Wanted::Current),
        Err(ReportError::NothingTrained)
    ));
}

#[test]
fn a_model_is_named_by_its_job_or_by_as_much_of_its_key_as_is_clear() {
    let models = [model("1", 1), model("2", 2)];
    let of = |wanted: Wanted| choose(models.to_vec(), None, &wanted);
    for model in &models {
        let key = model.key.as_str();
        assert_eq!(of(Wanted::Job(model.job.name.clone())).unwrap(), *model);
        assert_eq!(of(Wanted::Model(key.to_owned())).unwrap(), *model);
        assert_eq!(of(Wanted::Model(key[..8].to_uppercase())).unwrap(), *model);
    }
    assert!(matches!(
        of(Wanted::Job("news-1-r2".into())),
        Err(ReportError::NoSuchJob(_))
    ));
    assert!(matches!(
        of(Wanted::Model(format!("{}0", models[0].key))),
        Err(ReportError::NoSuchModel(_))
    ));
    let Err(ReportError::Ambiguous { found, .. }) = of(Wanted::Model(String::new())) else {
        panic!("both begin with nothing")
    };
    assert_eq!(found, [models[0].shown(), models[1].shown()]);
}

#[tokio::test]
async fn models_are_those_that_were_trained() {
    let trained = recorded("1", 1);
    let mut running = recorded("2", 2);
    running.trained = None;
    let others: [(&str, &[u8]); 2] = [
        ("models/0123456789abcdef.override.json", b"{}"),
        ("training/news-1/output/model.tar.gz", b""),
    ];
    let bed = bed(&[running, trained.clone()], &others).await;
    let found = models(&bed.session, BUCKET).await.unwrap();
    assert_eq!(found, [Model::of(trained).unwrap()]);
}

#[tokio::test]
async fn page_and_figures_come_from_the_archive_beside_the_model() {
    let file = EntryType::Regular;
    let archive = pack(&[
        ("report.html", file, b"<!doctype html>"),
        ("metrics.json", file, br#"{"accuracy": 0.5}"#),
    ]);
    let bed = bed(&[], &[("training/news-1/output/output.tar.gz", &archive)]).await;
    let model = model("1", 1);
    let serving = model.key.to_string();
    let fetched = fetch(&bed.session, BUCKET, model, Some(&serving));
    let report = fetched.await.unwrap();
    assert_eq!(report.page().unwrap(), b"<!doctype html>");
    assert_eq!(report.metrics().unwrap(), json!({ "accuracy": 0.5 }));
    assert!(report.serves);
    assert_eq!(report.job, "news-1");
}

#[tokio::test]
async fn what_is_not_there_is_told_by_its_place() {
    let place = "training/news-1/output/output.tar.gz";
    let said = |objects: Vec<(&'static str, Vec<u8>)>| async move {
        let objects: Vec<(&str, &[u8])> = objects.iter().map(|(k, v)| (*k, &v[..])).collect();
        let bed = bed(&[], &objects).await;
        fetch(&bed.session, BUCKET, model("1", 1), None).await
    };
    assert!(matches!(
        said(Vec::new()).await,
        Err(ReportError::Gone { archive, .. }) if archive == format!("s3://{BUCKET}/{place}")
    ));
    assert!(matches!(
        said(vec![(place, b"no archive".to_vec())]).await,
        Err(ReportError::Archive { .. })
    ));
    let other = pack(&[("metrics.json", EntryType::Regular, b"NaN")]);
    let report = said(vec![(place, other)]).await.unwrap();
    assert!(!report.serves);
    assert!(matches!(report.page(), Err(ReportError::Lacks { .. })));
    assert!(matches!(report.metrics(), Err(ReportError::NoJson { .. })));
}
