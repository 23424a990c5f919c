//! What CloudFormation does for the resources of a template.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Purpose;
use super::Scope;
use crate::policy::knows_resource;
use crate::render::Template;

/// See the head of the file for where it is from.
const FACTS: &str = include_str!("facts/handlers.txt");

/// What is done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Handler {
    /// It is made.
    Create,
    /// It is looked at: after a change, and to detect drift.
    Read,
    /// It is changed.
    Update,
    /// It is removed.
    Delete,
}

impl Handler {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "create" => Self::Create,
            "read" => Self::Read,
            "update" => Self::Update,
            "delete" => Self::Delete,
            _ => return None,
        })
    }

    /// Whether it is needed for a purpose.
    pub(super) const fn is_for(self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Up | Purpose::Promote => true,
            Purpose::Diff => matches!(self, Self::Read),
            Purpose::Down => matches!(self, Self::Read | Self::Delete),
            Purpose::Status => false,
        }
    }
}

/// An action that a handler needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step<'a> {
    pub(super) resource_type: &'a str,
    pub(super) handler: Handler,
    pub(super) action: &'static str,
}

/// The types of the resources in some templates, each with the properties that any of them has.
pub(super) fn types<'a>(
    templates: impl IntoIterator<Item = &'a Template>,
) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut types: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for template in templates {
        let resources = template.body().get("Resources").and_then(Value::as_object);
        for resource in resources.into_iter().flat_map(|map| map.values()) {
            let Some(kind) = resource["Type"].as_str() else {
                continue;
            };
            let properties = types.entry(kind).or_default();
            let given = resource["Properties"].as_object();
            properties.extend(
                given
                    .into_iter()
                    .flat_map(|map| map.keys().map(String::as_str)),
            );
        }
    }
    types
}

/// What the handlers of a type need; `None` for a type that is not known.
pub(super) fn steps<'a>(kind: &'a str, properties: &BTreeSet<&str>) -> Option<Vec<Step<'a>>> {
    let head = format!("[{kind}]");
    let mut lines = FACTS.lines().skip_while(|line| *line != head);
    lines.next()?;
    let mut steps = Vec::new();
    for line in lines.take_while(|line| !line.starts_with('[')) {
        let (handler, actions) = line.split_once(": ")?;
        let handler = Handler::of(handler)?;
        for word in actions.split(' ') {
            let (action, property) = word.split_once('?').unwrap_or((word, ""));
            if property.is_empty() || properties.contains(property) {
                steps.push(Step {
                    resource_type: kind,
                    handler,
                    action,
                });
            }
        }
    }
    Some(steps)
}

impl Step<'_> {
    /// On what the action is needed.
    pub(super) fn scopes(&self) -> &'static [Scope] {
        if knows_resource(self.action) == Some(false) {
            return &[Scope::Everything];
        }
        match (self.action, self.resource_type) {
            ("iam:PassRole", "AWS::Lambda::Function") => &[Scope::RolesForLambda],
            ("iam:PassRole", _) => &[Scope::RolesForSageMaker],
            ("iam:CreateServiceLinkedRole", _) => &[Scope::ScalingRole],
            // These act on a role that has its boundary already, or is to get it.
            (
                "iam:CreateRole"
                | "iam:PutRolePolicy"
                | "iam:DeleteRolePolicy"
                | "iam:AttachRolePolicy"
                | "iam:DetachRolePolicy"
                | "iam:PutRolePermissionsBoundary",
                "AWS::IAM::Role",
            ) => &[Scope::BoundRoles],
            ("cloudwatch:DescribeAlarms", _) => &[Scope::AllAlarms],
            ("s3:GetObject" | "s3:GetObjectVersion", _) => &[Scope::Objects],
            ("sagemaker:CreateModel" | "sagemaker:CreateEndpointConfig", _) => &[Scope::NewModels],
            // What is made is tagged with the same request, what is there has the tags already.
            ("sagemaker:AddTags", "AWS::SageMaker::Model" | "AWS::SageMaker::EndpointConfig") => {
                &[Scope::NewModels, Scope::TaggedModels]
            }
            // These name the endpoint and its configuration.
            ("sagemaker:CreateEndpoint" | "sagemaker:UpdateEndpoint", _) => {
                &[Scope::Endpoints, Scope::TaggedModels]
            }
            ("sagemaker:DescribeEndpointConfig", _) => &[Scope::TaggedModels],
            (action, "AWS::ApplicationAutoScaling::ScalableTarget")
                if action.starts_with("cloudwatch:") =>
            {
                &[Scope::ScalingAlarms]
            }
            (action, "AWS::ApplicationAutoScaling::ScalableTarget")
                if action.starts_with("sagemaker:") =>
            {
                &[Scope::Endpoints]
            }
            (action, _) if action.starts_with("kms:") => &[Scope::Keys],
            (_, kind) => own(kind),
        }
    }
}

/// What a type's resources are.
fn own(kind: &str) -> &'static [Scope] {
    match kind {
        "AWS::ApiGatewayV2::DomainName" | "AWS::ApiGatewayV2::ApiMapping" => &[Scope::Domains],
        "AWS::ApiGatewayV2::Api"
        | "AWS::ApiGatewayV2::Authorizer"
        | "AWS::ApiGatewayV2::Integration"
        | "AWS::ApiGatewayV2::Route"
        | "AWS::ApiGatewayV2::Stage" => &[Scope::Apis],
        "AWS::ApplicationAutoScaling::ScalableTarget"
        | "AWS::ApplicationAutoScaling::ScalingPolicy" => &[Scope::ScalableTargets],
        "AWS::CloudWatch::Alarm" => &[Scope::Alarms],
        "AWS::IAM::Role" => &[Scope::Roles],
        "AWS::Lambda::Function" | "AWS::Lambda::Permission" => &[Scope::Function],
        "AWS::Logs::LogGroup" => &[Scope::LogGroups],
        "AWS::S3::Bucket" | "AWS::S3::BucketPolicy" => &[Scope::Bucket],
        "AWS::SageMaker::Endpoint" => &[Scope::Endpoints],
        "AWS::SageMaker::EndpointConfig" | "AWS::SageMaker::Model" => &[Scope::TaggedModels],
        "AWS::SageMaker::NotebookInstance" => &[Scope::Notebook],
        _ => &[Scope::Everything],
    }
}
