//! CloudFormation's own drift detection.

use async_trait::async_trait;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    StackDriftDetectionStatus, StackResourceDrift, StackResourceDriftStatus, TemplateStage,
};

use crate::aws::fault::{fault, incomplete};
use crate::aws::stacks::{resources, says};
use crate::cloud::drift::{
    Deployed, DeployedResource, Detected, DetectedProperty, DetectedState, Detection, StackDrift,
};
use crate::cloud::stacks::StackResource;
use crate::cloud::{CloudFault, FaultKind};

/// Pages that are read of any listing at most.
const PAGES: usize = 50;

/// Asks CloudFormation.
pub(in crate::aws) struct Detector {
    client: Client,
}

impl Detector {
    pub(in crate::aws) fn new(client: Client) -> Self {
        Self { client }
    }
}

fn deployed(resource: StackResource) -> DeployedResource {
    DeployedResource {
        logical_id: resource.logical_id,
        kind: resource.resource_type,
        physical_id: resource.physical_id,
    }
}

#[async_trait]
impl StackDrift for Detector {
    async fn deployed(&self, stack: &str) -> Result<Deployed, CloudFault> {
        let answer = self
            .client
            .get_template()
            .stack_name(stack)
            .template_stage(TemplateStage::Original)
            .send()
            .await
            .map_err(|error| fault("GetTemplate", &error))?;
        Ok(Deployed {
            template: answer
                .template_body
                .ok_or_else(|| incomplete("GetTemplate", "the template"))?,
            resources: resources(&self.client, stack)
                .await?
                .into_iter()
                .filter(StackResource::is_live)
                .map(deployed)
                .collect(),
        })
    }

    async fn start(&self, stack: &str) -> Result<String, CloudFault> {
        let answer = self
            .client
            .detect_stack_drift()
            .stack_name(stack)
            .send()
            .await
            .map_err(|error| {
                let mut found = fault("DetectStackDrift", &error);
                // The code is that of any request that is wrong; only the words tell.
                if says(&error, "already in progress") {
                    found.kind = FaultKind::Conflict;
                }
                found
            })?;
        answer
            .stack_drift_detection_id
            .ok_or_else(|| incomplete("DetectStackDrift", "an id"))
    }

    async fn progress(&self, detection: &str) -> Result<Detection, CloudFault> {
        const OPERATION: &str = "DescribeStackDriftDetectionStatus";
        let answer = self
            .client
            .describe_stack_drift_detection_status()
            .stack_drift_detection_id(detection)
            .send()
            .await
            .map_err(|error| fault(OPERATION, &error))?;
        Ok(match answer.detection_status {
            Some(StackDriftDetectionStatus::DetectionInProgress) => Detection::Running,
            Some(StackDriftDetectionStatus::DetectionComplete) => Detection::Ended(None),
            Some(_) => Detection::Ended(Some(
                answer
                    .detection_status_reason
                    .unwrap_or_else(|| "the detection failed without a reason".to_owned()),
            )),
            None => return Err(incomplete(OPERATION, "a status")),
        })
    }

    async fn found(&self, stack: &str) -> Result<Vec<Detected>, CloudFault> {
        let mut found = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let answer = self
                .client
                .describe_stack_resource_drifts()
                .stack_name(stack)
                .max_results(100)
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| fault("DescribeStackResourceDrifts", &error))?;
            let drifts = answer.stack_resource_drifts.unwrap_or_default();
            found.extend(drifts.into_iter().map(detected));
            token = answer.next_token;
            if token.is_none() {
                return Ok(found);
            }
        }
        Err(incomplete("DescribeStackResourceDrifts", "an end"))
    }
}

fn detected(drift: StackResourceDrift) -> Detected {
    let state = match drift.stack_resource_drift_status {
        Some(StackResourceDriftStatus::InSync) => DetectedState::InSync,
        Some(StackResourceDriftStatus::Deleted) => DetectedState::Deleted,
        Some(StackResourceDriftStatus::Modified) => {
            let differences = drift.property_differences.unwrap_or_default();
            DetectedState::Modified(
                differences
                    .into_iter()
                    .map(|difference| DetectedProperty {
                        path: difference.property_path.unwrap_or_default(),
                        expected: difference.expected_value.unwrap_or_default(),
                        actual: difference.actual_value.unwrap_or_default(),
                    })
                    .collect(),
            )
        }
        other => DetectedState::Unknown(drift.drift_status_reason.unwrap_or_else(|| {
            let status = other.as_ref().map_or("nothing", |status| status.as_str());
            format!("CloudFormation says {status} of it")
        })),
    };
    Detected {
        logical_id: drift.logical_resource_id.unwrap_or_default(),
        kind: drift.resource_type.unwrap_or_default(),
        state,
    }
}
