//! The operations on training jobs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::listing::Listed;
use super::super::names::{Kind, invalid};
use super::super::ports::{S3Uri, StoreFault};
use super::super::state::{Job, JobStatus, Phase, Record};
use super::super::{SageMaker, lock};
use super::describe::describe;
use super::request::TrainingRequest;
use crate::local::wire::ApiError;

impl SageMaker {
    pub(in super::super) async fn create_training_job(
        self: &Arc<Self>,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let name = Kind::TrainingJob.name(input)?;
        let request = TrainingRequest::read(input)?;
        self.check_role(&request.role_arn)?;
        self.check_data(&request, region).await?;
        let record = self.record(Kind::TrainingJob, region, name, input)?;
        let arn = record.arn.clone();
        self.change(|state| {
            if state.jobs.contains_key(&arn) {
                return Err(Kind::TrainingJob.exists(&arn));
            }
            state.jobs.insert(arn.clone(), Job::new(record));
            Ok(())
        })?;
        self.start_job(&arn, request)?;
        Ok(json!({ "TrainingJobArn": arn }))
    }

    pub(in super::super) fn describe_training_job(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let arn = self.arn(Kind::TrainingJob, region, Kind::TrainingJob.name(input)?);
        let job = self.read(|state| state.jobs.get(&arn).cloned());
        let mut job = job.ok_or_else(|| Kind::TrainingJob.missing(&arn))?;
        if let Some(control) = lock(&self.jobs).get(&arn) {
            job.metrics = control.metrics.last();
        }
        Ok(describe(&job, self.parts.clock.epoch_seconds()))
    }

    pub(in super::super) fn stop_training_job(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let arn = self.arn(Kind::TrainingJob, region, Kind::TrainingJob.name(input)?);
        let now = self.parts.clock.epoch_seconds();
        self.change(|state| {
            let job = state.jobs.get_mut(&arn);
            let job = job.ok_or_else(|| Kind::TrainingJob.missing(&arn))?;
            match job.status {
                JobStatus::InProgress => {
                    job.enter(Phase::Stopping, "Stopping the training job", now);
                    Ok(())
                }
                JobStatus::Stopping => Ok(()),
                done => Err(invalid(format!(
                    "The request was rejected because the training job is in status {}.",
                    done.word()
                ))),
            }
        })?;
        if let Some(control) = lock(&self.jobs).get(&arn) {
            control.stop.send_replace(true);
        }
        Ok(json!({}))
    }

    pub(in super::super) fn delete_training_job(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let arn = self.arn(Kind::TrainingJob, region, Kind::TrainingJob.name(input)?);
        self.change(|state| {
            let job = state.jobs.get(&arn);
            let status = job.ok_or_else(|| Kind::TrainingJob.missing(&arn))?.status;
            if !status.is_final() {
                return Err(invalid(format!(
                    "The training job cannot be deleted while it is in status {}.",
                    status.word()
                )));
            }
            state.jobs.remove(&arn);
            Ok(json!({}))
        })
    }

    /// Refuses channels without data and an output bucket that does not exist, as the API does.
    async fn check_data(&self, request: &TrainingRequest, region: &str) -> Result<(), ApiError> {
        let sources = request.input_data_config.iter();
        for text in sources.map(|channel| &channel.data_source.s3_data_source.uri) {
            let found = self.has_objects(text).await?;
            if !found {
                let bucket = S3Uri::parse(text).map(|uri| uri.bucket).unwrap_or_default();
                return Err(invalid(format!(
                    "No S3 objects found under S3 URL \"{text}\" given in input data source. Please \
                     ensure that the bucket exists in the selected region ({region}), that objects \
                     exist under that S3 prefix, and that the role \"{}\" has \"s3:ListBucket\" \
                     permissions on bucket \"{bucket}\".",
                    request.role_arn
                )));
            }
        }
        Ok(())
    }

    pub(in super::super) async fn has_objects(&self, uri: &str) -> Result<bool, ApiError> {
        let Some(uri) = S3Uri::parse(uri) else {
            return Ok(false);
        };
        match self.parts.store.has_prefix(&uri.bucket, &uri.key).await {
            Ok(found) => Ok(found),
            Err(StoreFault::Missing(_)) => Ok(false),
            Err(StoreFault::Failed(reason)) => Err(std::io::Error::other(reason).into()),
        }
    }
}

impl Listed for Job {
    fn record(&self) -> &Record {
        &self.record
    }

    fn status(&self) -> Option<&'static str> {
        Some(self.status.word())
    }

    fn tell(&self, summary: &mut Value) {
        summary["SecondaryStatus"] = self.phase().word().into();
        if let Some(ended) = self.ended {
            summary["TrainingEndTime"] = ended.into();
        }
    }
}
