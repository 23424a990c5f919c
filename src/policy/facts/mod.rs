//! What AWS says about its services, as data with its source and date.

use crate::stack::has_own_disk;

/// See the head of the file for where it is from.
const ACTIONS: &str = include_str!("actions_without_resource.txt");

/// Whether statements about an action can name a resource; `None` for an unknown service.
///
/// A pattern such as `s3:Get*` is taken to cover an action that can.
pub fn knows_resource(action: &str) -> Option<bool> {
    let action = action.to_ascii_lowercase();
    let (service, name) = action.split_once(':')?;
    let line = ACTIONS.lines().find_map(|line| {
        let (found, names) = line.split_once(':')?;
        (found == service).then_some(names)
    })?;
    if service == "ec2" && name.starts_with("describe") {
        // Nearly all of them, and what they show is no secret; patterns of them are common.
        return Some(false);
    }
    Some(!line.split(' ').any(|known| known == name))
}

/// Services that set `aws:SourceArn` or `aws:SourceAccount` when they take on a role, by their own
/// pages on confused deputies (read November 2026). Lambda has none: it takes on a role only for a
/// function of the same account, whose author may pass the role.
pub(super) const NAMES_ITS_SOURCE: &[&str] = &[
    "bedrock.amazonaws.com",
    "sagemaker.amazonaws.com",
    "scheduler.amazonaws.com",
    "states.amazonaws.com",
];

/// Types with a property `Tags`, by their registry schemas of October 2026, as in cfn-lint 1.58.0.
pub(super) const TAGGABLE: &[&str] = &[
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::EndpointConfig",
    "AWS::SageMaker::InferenceComponent",
    "AWS::SageMaker::Model",
    "AWS::SageMaker::ModelPackage",
    "AWS::SageMaker::ModelPackageGroup",
    "AWS::SageMaker::NotebookInstance",
    "AWS::SageMaker::Pipeline",
    "AWS::SageMaker::ProcessingJob",
    "AWS::StepFunctions::StateMachine",
];

/// Whether a volume key can be given for an instance type: SageMaker refuses one where the storage is on
/// the instance.
pub(super) fn takes_volume_key(instance: &str) -> bool {
    instance.starts_with("ml.") && !has_own_disk(instance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_known_by_whether_they_take_a_resource() {
        assert_eq!(knows_resource("ecr:GetAuthorizationToken"), Some(false));
        assert_eq!(knows_resource("ec2:DescribeSubnets"), Some(false));
        assert_eq!(knows_resource("s3:GetObject"), Some(true));
        assert_eq!(knows_resource("s3:Get*"), Some(true));
        assert_eq!(knows_resource("nosuch:Thing"), None);
        assert_eq!(knows_resource("*"), None);
    }

    #[test]
    fn a_volume_key_is_for_network_storage_only() {
        assert!(takes_volume_key("ml.m5.large"));
        assert!(!takes_volume_key("ml.g4dn.xlarge"));
    }
}
