//! The operations on transform jobs.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::models::Container;
use super::super::names::{Kind, invalid};
use super::super::state::{JobStatus, Serving};
use super::super::{SageMaker, lock};
use super::job::TransformJob;
use super::request::TransformRequest;
use crate::local::wire::ApiError;

/// Seconds that a job's server may take until it answers `/ping`.
const STARTUP_LIMIT: u64 = 600;

impl SageMaker {
    pub(in super::super) async fn create_transform_job(
        self: &Arc<Self>,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let request = TransformRequest::read(input)?;
        let place = request.input.to_string();
        if !self.has_objects(&place).await? {
            return Err(invalid(format!(
                "No S3 objects found under S3 URL \"{place}\" given in input data source. Please ensure that \
                 the bucket exists in the selected region ({region}) and that objects exist under that S3 \
                 prefix."
            )));
        }
        let record = self.record(Kind::TransformJob, region, &request.name, input)?;
        let arn = record.arn.clone();
        let model = self.arn(Kind::Model, region, &request.model);
        self.change(|state| {
            if state.transforms.contains_key(&arn) {
                return Err(Kind::TransformJob.exists(&arn));
            }
            let model = state.models.get(&model);
            let model = model.ok_or_else(|| Kind::Model.missing(&request.model))?;
            let serving = serving(&request, Container::read(&model.request)?);
            let job = TransformJob::new(record, serving);
            state.transforms.insert(arn.clone(), job);
            Ok(())
        })?;
        self.start_transform(&arn, request);
        Ok(json!({ "TransformJobArn": arn }))
    }

    pub(in super::super) fn describe_transform_job(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let arn = self.arn(Kind::TransformJob, region, Kind::TransformJob.name(input)?);
        let described = self.read(|state| state.transforms.get(&arn).map(TransformJob::described));
        described.ok_or_else(|| Kind::TransformJob.missing(&arn))
    }

    pub(in super::super) fn stop_transform_job(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let arn = self.arn(Kind::TransformJob, region, Kind::TransformJob.name(input)?);
        let now = self.parts.clock.epoch_seconds();
        self.change(|state| {
            let job = state.transforms.get_mut(&arn);
            let job = job.ok_or_else(|| Kind::TransformJob.missing(&arn))?;
            if job.status.is_final() {
                return Err(invalid(format!(
                    "The request was rejected because the transform job is in status {}.",
                    job.status.word()
                )));
            }
            job.status = JobStatus::Stopping;
            job.record.modified = now;
            Ok(())
        })?;
        if let Some(control) = lock(&self.transforms).get(&arn) {
            control.stop.send_replace(true);
        }
        Ok(json!({}))
    }
}

/// What answers a job's requests.
fn serving(request: &TransformRequest, container: Container) -> Serving {
    let mut environment = container.environment;
    environment.extend(request.variables());
    Serving {
        config: request.name.clone(),
        variant: "transform".to_owned(),
        instances: 1,
        image: container.image,
        model_data: container.model_data,
        environment,
        concurrency: None,
        startup_limit: STARTUP_LIMIT,
    }
}
