//! The operations of CloudFormation's API.
//!
//! Purpose: reads requests, checks them, begins operations, writes answers. Input: Query requests.
//! Output: XML answers; operations noted in the state. Must not know: how an operation is carried out.

mod change_sets;
mod definition;
mod describe;
mod drift;
mod events;
mod execute;
mod names;
mod page;
mod resources;
mod stacks;
mod templates;
mod undo;

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;

use super::CloudFormation;
use crate::local::wire::query::{Parameters, Xml, answer};
use crate::local::wire::{ApiError, ApiRequest};

const NAMESPACE: &str = "http://cloudformation.amazonaws.com/doc/2010-05-15/";

type Answer = Result<Xml, ApiError>;

/// Answers one request.
pub(super) fn handle(service: &Arc<CloudFormation>, request: &ApiRequest) -> Response<Body> {
    let parameters = Parameters::parse(if request.body.is_empty() {
        request.query.as_bytes()
    } else {
        &request.body
    });
    let call = Call {
        service,
        parameters: &parameters,
        region: &request.region,
    };
    answer(NAMESPACE, parameters.action(), call.answer())
}

/// One request on its way.
struct Call<'a> {
    service: &'a Arc<CloudFormation>,
    parameters: &'a Parameters,
    region: &'a str,
}

impl Call<'_> {
    fn answer(&self) -> Answer {
        match self.parameters.action() {
            "ContinueUpdateRollback" => self.continue_update_rollback(),
            "CreateChangeSet" => self.create_change_set(),
            "CreateStack" => self.create_stack(),
            "DeleteChangeSet" => self.delete_change_set(),
            "DeleteStack" => self.delete_stack(),
            "DescribeChangeSet" => self.describe_change_set(),
            "DescribeEvents" => self.describe_events(),
            "DescribeStackDriftDetectionStatus" => self.describe_stack_drift_detection_status(),
            "DescribeStackEvents" => self.describe_stack_events(),
            "DescribeStackResource" => self.describe_stack_resource(),
            "DescribeStackResourceDrifts" => self.describe_stack_resource_drifts(),
            "DescribeStackResources" => self.describe_stack_resources(),
            "DescribeStacks" => self.describe_stacks(),
            "DetectStackDrift" => self.detect_stack_drift(),
            "DetectStackResourceDrift" => self.detect_stack_resource_drift(),
            "ExecuteChangeSet" => self.execute_change_set(),
            "GetTemplate" => self.get_template(),
            "GetTemplateSummary" => self.get_template_summary(),
            "ListChangeSets" => self.list_change_sets(),
            "ListStackResources" => self.list_stack_resources(),
            "ListStacks" => self.list_stacks(),
            "RollbackStack" => self.rollback_stack(),
            "UpdateStack" => self.update_stack(),
            "UpdateTerminationProtection" => self.update_termination_protection(),
            "ValidateTemplate" => self.validate_template(),
            "" => Err(ApiError::client(
                "MissingAction",
                "the request names no Action",
            )),
            other => Err(ApiError::not_emulated("cloudformation", other)),
        }
    }

    /// Refuses parameters that ask for something that is not emulated.
    fn refuse(&self, names: &[&str]) -> Result<(), ApiError> {
        match self.parameters.carried(names).first() {
            None => Ok(()),
            Some(name) => {
                let operation = format!("{} with {name}", self.parameters.action());
                Err(ApiError::not_emulated("cloudformation", &operation))
            }
        }
    }

    fn token(&self, name: &str) -> Option<String> {
        self.parameters.get(name).map(str::to_owned)
    }
}

fn validation(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationError", message)
}
