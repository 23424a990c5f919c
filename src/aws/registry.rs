//! The model registry by SageMaker: a version is a model package in a model package group.

use async_trait::async_trait;
use aws_sdk_sagemaker::types::{self as sdk, ModelApprovalStatus};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::fault::{fault, incomplete};
use crate::cloud::CloudFault;
use crate::cloud::registry::{Approval, NewVersion, Registry, Version};

/// Pages that are read at most.
const PAGES: usize = 50;
/// What is sent to the model and comes back.
const CONTENT_TYPE: &str = "application/json";

/// Asks SageMaker.
pub(super) struct ModelPackages {
    client: aws_sdk_sagemaker::Client,
}

impl ModelPackages {
    pub(super) fn new(client: aws_sdk_sagemaker::Client) -> Self {
        Self { client }
    }

    /// Makes the group, unless it is there.
    async fn make_group(&self, version: &NewVersion) -> Result<(), CloudFault> {
        let tags = version.tags.iter();
        let tags = tags.map(|(key, value)| sdk::Tag::builder().key(key).value(value).build());
        let made = self
            .client
            .create_model_package_group()
            .model_package_group_name(&version.group)
            .set_tags(Some(tags.collect()))
            .send()
            .await;
        match made {
            Ok(_) => Ok(()),
            Err(error) if says(&error, "already exists") => Ok(()),
            Err(error) => Err(fault("CreateModelPackageGroup", &error)),
        }
    }
}

#[async_trait]
impl Registry for ModelPackages {
    async fn versions(&self, group: &str) -> Result<Vec<Version>, CloudFault> {
        let mut versions = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let answer = self
                .client
                .list_model_packages()
                .model_package_group_name(group)
                .sort_by(sdk::ModelPackageSortBy::CreationTime)
                .sort_order(sdk::SortOrder::Ascending)
                .max_results(100)
                .set_next_token(token)
                .send()
                .await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) if is_missing(&error) => return Ok(versions),
                Err(error) => return Err(fault("ListModelPackages", &error)),
            };
            let page = answer.model_package_summary_list.unwrap_or_default();
            versions.extend(page.into_iter().filter_map(version));
            token = answer.next_token;
            if token.is_none() {
                return Ok(versions);
            }
        }
        Err(incomplete("ListModelPackages", "an end"))
    }

    async fn register(&self, version: &NewVersion) -> Result<String, CloudFault> {
        self.make_group(version).await?;
        let container = sdk::ModelPackageContainerDefinition::builder()
            .image(&version.image)
            .model_data_url(&version.model_data);
        let inference = sdk::InferenceSpecification::builder()
            .containers(container.build())
            .supported_content_types(CONTENT_TYPE)
            .supported_response_mime_types(CONTENT_TYPE);
        let made = self
            .client
            .create_model_package()
            .model_package_group_name(&version.group)
            .model_package_description(&version.description)
            .inference_specification(inference.build())
            .model_approval_status(ModelApprovalStatus::PendingManualApproval)
            .set_customer_metadata_properties(Some(
                version.properties.clone().into_iter().collect(),
            ))
            .client_token(&version.token)
            .send()
            .await
            .map_err(|error| fault("CreateModelPackage", &error))?;
        made.model_package_arn
            .ok_or_else(|| incomplete("CreateModelPackage", "the version's ARN"))
    }

    async fn approve(&self, arn: &str, note: &str) -> Result<(), CloudFault> {
        let approved = self
            .client
            .update_model_package()
            .model_package_arn(arn)
            .model_approval_status(ModelApprovalStatus::Approved)
            .approval_description(note)
            .send()
            .await;
        approved
            .map(drop)
            .map_err(|error| fault("UpdateModelPackage", &error))
    }

    async fn remove(&self, arn: &str) -> Result<(), CloudFault> {
        let request = self.client.delete_model_package().model_package_name(arn);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(fault("DeleteModelPackage", &error)),
        }
    }

    async fn remove_group(&self, group: &str) -> Result<(), CloudFault> {
        let request = self.client.delete_model_package_group();
        match request.model_package_group_name(group).send().await {
            Ok(_) => Ok(()),
            // Versions of other environments, or of other people.
            Err(error) if error.code() == Some("ConflictException") => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(fault("DeleteModelPackageGroup", &error)),
        }
    }
}

fn version(summary: sdk::ModelPackageSummary) -> Option<Version> {
    let approval = match summary.model_approval_status {
        Some(ModelApprovalStatus::Approved) => Approval::Approved,
        Some(ModelApprovalStatus::Rejected) => Approval::Rejected,
        _ => Approval::Pending,
    };
    Some(Version {
        arn: summary.model_package_arn?,
        description: summary.model_package_description.unwrap_or_default(),
        approval,
    })
}

/// SageMaker's code for what is not there is the one for every mistake.
fn is_missing(error: &impl ProvideErrorMetadata) -> bool {
    error.code() == Some("ResourceNotFound") || says(error, "does not exist")
}

fn says(error: &impl ProvideErrorMetadata, words: &str) -> bool {
    error.message().is_some_and(|text| text.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_told_with_what_somebody_thinks_of_it() {
        for (status, approval) in [
            (Some(ModelApprovalStatus::Approved), Approval::Approved),
            (Some(ModelApprovalStatus::Rejected), Approval::Rejected),
            (
                Some(ModelApprovalStatus::PendingManualApproval),
                Approval::Pending,
            ),
            (None, Approval::Pending),
        ] {
            let summary = sdk::ModelPackageSummary::builder()
                .model_package_arn("arn:1")
                .set_model_approval_status(status)
                .model_package_status(sdk::ModelPackageStatus::Completed)
                .creation_time(aws_sdk_sagemaker::primitives::DateTime::from_secs(0))
                .build();
            let told = version(summary).unwrap();
            assert_eq!((told.arn.as_str(), told.approval), ("arn:1", approval));
        }
    }
}
