//! Training jobs by SageMaker.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_sagemaker::operation::describe_training_job::DescribeTrainingJobOutput;
use aws_sdk_sagemaker::primitives::DateTime;
use aws_sdk_sagemaker::types::{self as sdk, SecondaryStatus, TrainingJobStatus};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;

use super::fault::{fault, incomplete};
use super::training_request::fill;
use crate::cloud::CloudFault;
use crate::cloud::training::{JobFacts, Training, TrainingPhase, TrainingRequest, TrainingState};

/// Pages that are read at most.
const PAGES: usize = 50;

/// Asks SageMaker.
pub(super) struct TrainingJobs {
    client: aws_sdk_sagemaker::Client,
}

impl TrainingJobs {
    pub(super) fn new(client: aws_sdk_sagemaker::Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Training for TrainingJobs {
    async fn start(&self, request: &TrainingRequest) -> Result<(), CloudFault> {
        match fill(self.client.create_training_job(), request)
            .send()
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ResourceInUse") => Ok(()),
            Err(error) => Err(fault("CreateTrainingJob", &error)),
        }
    }

    async fn describe(&self, name: &str) -> Result<Option<TrainingState>, CloudFault> {
        match self
            .client
            .describe_training_job()
            .training_job_name(name)
            .send()
            .await
        {
            Ok(answer) => state(name, answer).map(Some),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(fault("DescribeTrainingJob", &error)),
        }
    }

    async fn list(&self, text: &str) -> Result<Vec<String>, CloudFault> {
        let mut names = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let answer = self
                .client
                .list_training_jobs()
                .name_contains(text)
                .max_results(100)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| fault("ListTrainingJobs", &error))?;
            names.extend(
                answer
                    .training_job_summaries
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|job| job.training_job_name),
            );
            token = answer.next_token;
            if token.is_none() {
                return Ok(names);
            }
        }
        Err(incomplete("ListTrainingJobs", "an end"))
    }

    async fn stop(&self, name: &str) -> Result<(), CloudFault> {
        match self
            .client
            .stop_training_job()
            .training_job_name(name)
            .send()
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            // A job that ended meanwhile cannot be stopped, which is what was wanted.
            Err(error) if error.message().is_some_and(|text| text.contains("status")) => Ok(()),
            Err(error) => Err(fault("StopTrainingJob", &error)),
        }
    }

    async fn delete(&self, name: &str) -> Result<(), CloudFault> {
        match self
            .client
            .delete_training_job()
            .training_job_name(name)
            .send()
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(fault("DeleteTrainingJob", &error)),
        }
    }
}

/// SageMaker says in two ways that there is no such job.
pub(super) fn is_missing(error: &impl ProvideErrorMetadata) -> bool {
    error.code() == Some("ResourceNotFound")
        || error.message().is_some_and(|text| {
            text.contains("Requested resource not found") || text.contains("Could not find")
        })
}

fn state(name: &str, answer: DescribeTrainingJobOutput) -> Result<TrainingState, CloudFault> {
    let facts = facts(&answer);
    let phase = match answer.training_job_status {
        Some(TrainingJobStatus::InProgress) => TrainingPhase::InProgress,
        Some(TrainingJobStatus::Stopping) => TrainingPhase::Stopping,
        Some(TrainingJobStatus::Completed) => TrainingPhase::Completed,
        Some(TrainingJobStatus::Failed) => TrainingPhase::Failed,
        Some(TrainingJobStatus::Stopped) => TrainingPhase::Stopped,
        Some(TrainingJobStatus::Deleting) => TrainingPhase::Deleting,
        _ => return Err(incomplete("DescribeTrainingJob", "a status that is known")),
    };
    let metrics: BTreeMap<String, f64> = answer
        .final_metric_data_list
        .unwrap_or_default()
        .into_iter()
        .filter_map(|metric| Some((metric.metric_name?, shortest(metric.value?))))
        .collect();
    Ok(TrainingState {
        name: name.to_owned(),
        phase,
        detail: answer
            .secondary_status
            .map(|s| s.as_str().to_owned())
            .unwrap_or_default(),
        message: answer
            .secondary_status_transitions
            .unwrap_or_default()
            .into_iter()
            .last()
            .and_then(|transition| transition.status_message)
            .unwrap_or_default(),
        failure_reason: answer.failure_reason,
        model: answer
            .model_artifacts
            .and_then(|artifacts| artifacts.s3_model_artifacts)
            .filter(|uri| !uri.is_empty()),
        metrics,
        facts,
    })
}

fn facts(answer: &DescribeTrainingJobOutput) -> JobFacts {
    let resources = answer.resource_config();
    let preferences = resources.map_or(&[][..], |config| config.instance_preferences());
    let preferred = preferences.iter().filter_map(|each| each.instance_type());
    let single = resources.and_then(|config| config.instance_type());
    let count = resources.and_then(sdk::ResourceConfig::instance_count);
    let seconds = |value: Option<i32>| value.and_then(|value| u64::try_from(value).ok());
    let interrupted = answer
        .secondary_status_transitions()
        .iter()
        .filter(|transition| transition.status == Some(SecondaryStatus::Interrupted));
    JobFacts {
        created: answer.creation_time().and_then(time),
        ended: answer.training_end_time().and_then(time),
        instances: single
            .into_iter()
            .chain(preferred)
            .map(|instance| instance.as_str().to_owned())
            .collect(),
        count: count
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(1),
        spot: answer.enable_managed_spot_training.unwrap_or_default(),
        interruptions: interrupted.count(),
        training_seconds: seconds(answer.training_time_in_seconds),
        billable_seconds: seconds(answer.billable_time_in_seconds),
    }
}

pub(super) fn time(time: &DateTime) -> Option<Timestamp> {
    let nanos = i32::try_from(time.subsec_nanos()).ok()?;
    Timestamp::new(time.secs(), nanos).ok()
}

/// Widens a float by its decimal form: 0.87 stays 0.87 and does not become 0.8700000047….
fn shortest(value: f32) -> f64 {
    value
        .to_string()
        .parse()
        .unwrap_or_else(|_| f64::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transition(status: SecondaryStatus) -> sdk::SecondaryStatusTransition {
        sdk::SecondaryStatusTransition::builder()
            .status(status)
            .start_time(DateTime::from_secs(0))
            .build()
    }

    #[test]
    fn a_job_tells_what_it_ran_on_and_what_that_saved() {
        let resources = sdk::ResourceConfig::builder()
            .instance_type(sdk::TrainingInstanceType::MlG4DnXlarge)
            .instance_count(2)
            .volume_size_in_gb(50)
            .build();
        let answer = DescribeTrainingJobOutput::builder()
            .training_job_status(TrainingJobStatus::Completed)
            .secondary_status(SecondaryStatus::Completed)
            .resource_config(resources)
            .creation_time(DateTime::from_secs(1_000))
            .training_end_time(DateTime::from_secs(1_600))
            .enable_managed_spot_training(true)
            .training_time_in_seconds(500)
            .billable_time_in_seconds(150)
            .secondary_status_transitions(transition(SecondaryStatus::Training))
            .secondary_status_transitions(transition(SecondaryStatus::Interrupted))
            .secondary_status_transitions(transition(SecondaryStatus::Training))
            .secondary_status_transitions(transition(SecondaryStatus::Interrupted))
            .build();
        let facts = state("news-1", answer).unwrap().facts;
        assert_eq!(facts.instances, ["ml.g4dn.xlarge"]);
        assert_eq!((facts.count, facts.interruptions), (2, 2));
        assert_eq!(facts.saving(), Some(70));
        assert_eq!(facts.seconds(Timestamp::UNIX_EPOCH), Some(600));
    }
}
