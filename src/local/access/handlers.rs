//! What CloudFormation asks of the services when it works on a resource, by type.
//!
//! Which requests a type makes is in no document; this is what its properties leave no other way to set, after the
//! handlers' permissions in the registry schemas (October 2026). A resource that was made or changed is read
//! back, as the resource type contract of the CloudFormation CLI user guide has it.

use super::Wish;
use super::subject::Subject;
use crate::local::cells::CellId;

/// What is done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Create,
    Read,
    Update,
    Delete,
}

/// An action, and the property without which it is not needed.
type Row = (&'static str, &'static str);

/// What a type needs.
struct Kind {
    name: &'static str,
    create: &'static [Row],
    read: &'static [Row],
    update: &'static [Row],
    delete: &'static [Row],
}

const API: [&[Row]; 4] = [
    &[("apigateway:POST", "")],
    &[("apigateway:GET", "")],
    &[("apigateway:PATCH", "")],
    &[("apigateway:DELETE", "")],
];

const fn api(name: &'static str) -> Kind {
    Kind {
        name,
        create: API[0],
        read: API[1],
        update: API[2],
        delete: API[3],
    }
}

const BUCKET: &[Row] = &[
    ("s3:PutBucketTagging", "Tags"),
    ("s3:PutEncryptionConfiguration", "BucketEncryption"),
    ("s3:PutLifecycleConfiguration", "LifecycleConfiguration"),
    (
        "s3:PutBucketPublicAccessBlock",
        "PublicAccessBlockConfiguration",
    ),
    ("s3:PutBucketVersioning", "VersioningConfiguration"),
    ("s3:PutBucketOwnershipControls", "OwnershipControls"),
];

const SCALABLE_TARGET: &str = "AWS::ApplicationAutoScaling::ScalableTarget";

/// What scaling an endpoint takes. Whoever registers it has to be allowed that ("Permissions validation for
/// Application Auto Scaling API calls on target resources", Application Auto Scaling user guide).
const SCALING: &[Row] = &[
    ("cloudwatch:DeleteAlarms", ""),
    ("cloudwatch:DescribeAlarms", ""),
    ("cloudwatch:PutMetricAlarm", ""),
    ("sagemaker:DescribeEndpoint", ""),
    ("sagemaker:UpdateEndpointWeightsAndCapacities", ""),
];

/// All types that the engine makes.
const KINDS: &[Kind] = &[
    api("AWS::ApiGatewayV2::Api"),
    api("AWS::ApiGatewayV2::Authorizer"),
    api("AWS::ApiGatewayV2::Integration"),
    api("AWS::ApiGatewayV2::Route"),
    Kind {
        name: "AWS::ApiGatewayV2::Stage",
        create: &[
            ("apigateway:POST", ""),
            ("apigateway:TagResource", "Tags"),
            ("logs:CreateLogDelivery", "AccessLogSettings"),
            ("logs:PutResourcePolicy", "AccessLogSettings"),
        ],
        read: API[1],
        update: &[
            ("apigateway:PATCH", ""),
            ("logs:UpdateLogDelivery", "AccessLogSettings"),
        ],
        delete: API[3],
    },
    Kind {
        name: SCALABLE_TARGET,
        create: &[
            ("application-autoscaling:RegisterScalableTarget", ""),
            ("iam:CreateServiceLinkedRole", ""),
        ],
        read: &[("application-autoscaling:DescribeScalableTargets", "")],
        update: &[("application-autoscaling:RegisterScalableTarget", "")],
        delete: &[("application-autoscaling:DeregisterScalableTarget", "")],
    },
    Kind {
        name: "AWS::ApplicationAutoScaling::ScalingPolicy",
        create: &[("application-autoscaling:PutScalingPolicy", "")],
        read: &[("application-autoscaling:DescribeScalingPolicies", "")],
        update: &[("application-autoscaling:PutScalingPolicy", "")],
        delete: &[("application-autoscaling:DeleteScalingPolicy", "")],
    },
    Kind {
        name: "AWS::CloudWatch::Alarm",
        create: &[
            ("cloudwatch:PutMetricAlarm", ""),
            ("cloudwatch:TagResource", "Tags"),
        ],
        read: &[
            ("cloudwatch:DescribeAlarms", ""),
            ("cloudwatch:ListTagsForResource", ""),
        ],
        update: &[("cloudwatch:PutMetricAlarm", "")],
        delete: &[("cloudwatch:DeleteAlarms", "")],
    },
    Kind {
        name: "AWS::IAM::Role",
        create: &[
            ("iam:CreateRole", ""),
            ("iam:TagRole", "Tags"),
            ("iam:PutRolePolicy", "Policies"),
            ("iam:AttachRolePolicy", "ManagedPolicyArns"),
        ],
        read: &[
            ("iam:GetRole", ""),
            ("iam:ListRolePolicies", ""),
            ("iam:ListAttachedRolePolicies", ""),
            ("iam:GetRolePolicy", ""),
        ],
        update: &[
            ("iam:UpdateRole", ""),
            ("iam:UpdateAssumeRolePolicy", ""),
            ("iam:PutRolePolicy", "Policies"),
            ("iam:DeleteRolePolicy", "Policies"),
            ("iam:TagRole", "Tags"),
            ("iam:UntagRole", "Tags"),
        ],
        delete: &[
            ("iam:GetRole", ""),
            ("iam:ListRolePolicies", ""),
            ("iam:DeleteRolePolicy", ""),
            ("iam:ListAttachedRolePolicies", ""),
            ("iam:DeleteRole", ""),
        ],
    },
    Kind {
        name: "AWS::Lambda::Function",
        create: &[
            ("s3:GetObject", "Code"),
            ("iam:PassRole", ""),
            ("lambda:CreateFunction", ""),
            ("lambda:TagResource", "Tags"),
            (
                "lambda:PutFunctionConcurrency",
                "ReservedConcurrentExecutions",
            ),
        ],
        read: &[
            ("lambda:GetFunction", ""),
            ("lambda:GetFunctionCodeSigningConfig", ""),
            ("lambda:GetFunctionRecursionConfig", ""),
            ("lambda:GetRuntimeManagementConfig", ""),
        ],
        update: &[
            ("s3:GetObject", "Code"),
            ("iam:PassRole", ""),
            ("lambda:UpdateFunctionCode", ""),
            ("lambda:UpdateFunctionConfiguration", ""),
            ("lambda:TagResource", "Tags"),
        ],
        delete: &[("lambda:DeleteFunction", ""), ("lambda:GetFunction", "")],
    },
    Kind {
        name: "AWS::Lambda::Permission",
        create: &[("lambda:AddPermission", "")],
        read: &[("lambda:GetPolicy", "")],
        update: &[],
        delete: &[("lambda:RemovePermission", "")],
    },
    Kind {
        name: "AWS::Logs::LogGroup",
        create: &[
            ("logs:CreateLogGroup", ""),
            ("logs:PutRetentionPolicy", "RetentionInDays"),
            ("logs:TagResource", "Tags"),
        ],
        read: &[
            ("logs:DescribeLogGroups", ""),
            ("logs:ListTagsForResource", ""),
            ("logs:GetDataProtectionPolicy", ""),
            ("logs:DescribeIndexPolicies", ""),
        ],
        update: &[
            ("logs:PutRetentionPolicy", "RetentionInDays"),
            ("logs:TagResource", "Tags"),
            ("logs:UntagResource", "Tags"),
        ],
        delete: &[("logs:DeleteLogGroup", "")],
    },
    Kind {
        name: "AWS::S3::Bucket",
        create: &[("s3:CreateBucket", "")],
        read: &[
            ("s3:ListBucket", ""),
            ("s3:GetBucketTagging", ""),
            ("s3:GetEncryptionConfiguration", ""),
            ("s3:GetLifecycleConfiguration", ""),
            ("s3:GetBucketPublicAccessBlock", ""),
            ("s3:GetBucketVersioning", ""),
            ("s3:GetBucketOwnershipControls", ""),
        ],
        update: &[],
        delete: &[("s3:DeleteBucket", "")],
    },
    Kind {
        name: "AWS::S3::BucketPolicy",
        create: &[("s3:PutBucketPolicy", "")],
        read: &[("s3:GetBucketPolicy", "")],
        update: &[("s3:PutBucketPolicy", "")],
        delete: &[("s3:DeleteBucketPolicy", "")],
    },
    Kind {
        name: "AWS::SageMaker::Endpoint",
        create: &[
            ("sagemaker:CreateEndpoint", ""),
            ("sagemaker:AddTags", "Tags"),
        ],
        read: &[
            ("sagemaker:DescribeEndpoint", ""),
            ("sagemaker:ListTags", ""),
        ],
        update: &[
            ("sagemaker:UpdateEndpoint", ""),
            ("sagemaker:AddTags", "Tags"),
            ("sagemaker:DeleteTags", "Tags"),
        ],
        delete: &[
            ("sagemaker:DeleteEndpoint", ""),
            ("sagemaker:DescribeEndpoint", ""),
        ],
    },
    Kind {
        name: "AWS::SageMaker::EndpointConfig",
        create: &[
            ("sagemaker:CreateEndpointConfig", ""),
            ("sagemaker:AddTags", "Tags"),
        ],
        read: &[
            ("sagemaker:DescribeEndpointConfig", ""),
            ("sagemaker:ListTags", ""),
        ],
        update: &[
            ("sagemaker:AddTags", "Tags"),
            ("sagemaker:DeleteTags", "Tags"),
        ],
        delete: &[("sagemaker:DeleteEndpointConfig", "")],
    },
    Kind {
        name: "AWS::SageMaker::Model",
        create: &[
            ("iam:PassRole", ""),
            ("sagemaker:CreateModel", ""),
            ("sagemaker:AddTags", "Tags"),
        ],
        read: &[("sagemaker:DescribeModel", ""), ("sagemaker:ListTags", "")],
        update: &[
            ("sagemaker:AddTags", "Tags"),
            ("sagemaker:DeleteTags", "Tags"),
        ],
        delete: &[("sagemaker:DeleteModel", "")],
    },
];

/// Returns everything that working on a resource needs; `None` for a type that nothing is known about.
pub(super) fn wishes(work: Work, subject: &Subject<'_>) -> Option<Vec<Wish>> {
    let kind = KINDS.iter().find(|kind| kind.name == subject.kind)?;
    let own: &[Row] = match work {
        Work::Create => kind.create,
        Work::Read => kind.read,
        Work::Update => kind.update,
        Work::Delete => kind.delete,
    };
    let also: &[Row] = match (work, subject.kind) {
        (Work::Create | Work::Update, "AWS::S3::Bucket") => BUCKET,
        (Work::Create | Work::Update, SCALABLE_TARGET) => SCALING,
        _ => &[],
    };
    let after = match work {
        Work::Create | Work::Update => kind.read,
        Work::Read | Work::Delete => &[],
    };
    let given = |property: &str| {
        property.is_empty()
            || subject
                .properties
                .is_some_and(|all| all.get(property).is_some())
    };
    let asked = own
        .iter()
        .chain(also)
        .filter(|(_, property)| given(property));
    let asked = asked.map(|(action, _)| wish(action, subject));
    let read = after
        .iter()
        .map(|(action, _)| read_back(wish(action, subject)));
    Some(asked.chain(read).collect())
}

/// What was just made has the tags that it was made with.
fn read_back(mut wish: Wish) -> Wish {
    let given = wish.context.iter();
    let given = given.filter_map(|(key, value)| {
        let tag = key.strip_prefix("aws:RequestTag/")?;
        Some((format!("aws:ResourceTag/{tag}"), value.clone()))
    });
    let given: Vec<(String, String)> = given.collect();
    wish.context.extend(given);
    wish
}

/// Says what an action is taken on, and what else there is to know of the request.
fn wish(action: &str, subject: &Subject<'_>) -> Wish {
    let property = |name: &str| subject.properties.and_then(|all| all[name].as_str());
    let partition = |rest: String| format!("arn:aws:{rest}");
    let account = &subject.place.account;
    match action {
        // These know no resource.
        "logs:CreateLogDelivery" | "logs:UpdateLogDelivery" | "logs:PutResourcePolicy"
        | "logs:DescribeLogGroups" | "logs:DescribeIndexPolicies"
        | "application-autoscaling:DescribeScalableTargets"
        | "application-autoscaling:DescribeScalingPolicies" => Wish::new(action, "*"),
        "iam:PassRole" => {
            let role = property("ExecutionRoleArn").or_else(|| property("Role"));
            let service = match subject.kind {
                "AWS::Lambda::Function" => "lambda.amazonaws.com",
                _ => "sagemaker.amazonaws.com",
            };
            Wish::new(action, role.unwrap_or_default()).with("iam:PassedToService", service)
        }
        "iam:CreateServiceLinkedRole" => Wish::new(
            action,
            partition(format!(
                "iam::{account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/\
                 AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
            )),
        )
        .with("iam:AWSServiceName", "sagemaker.application-autoscaling.amazonaws.com"),
        "s3:GetObject" => {
            let code = subject.properties.map(|all| &all["Code"]);
            let part = |name: &str| code.and_then(|code| code[name].as_str()).unwrap_or_default();
            let (bucket, key) = (part("S3Bucket"), part("S3Key"));
            Wish::new(action, partition(format!("s3:::{bucket}/{key}")))
        }
        _ if subject.kind == SCALABLE_TARGET && !action.starts_with("application-autoscaling:") => {
            scaling(action, subject)
        }
        _ => {
            let wish = Wish::new(action, subject.arn());
            let wish = match property("PermissionsBoundary") {
                Some(boundary) => wish.with("iam:PermissionsBoundary", boundary),
                None => wish,
            };
            wish.knowing(&subject.known)
        }
    }
}

/// What scaling is about: the endpoint, or the alarms that Application Auto Scaling makes for it.
fn scaling(action: &str, subject: &Subject<'_>) -> Wish {
    let CellId { account, region } = subject.place;
    // `endpoint/<name>/variant/<name>`
    let id = subject
        .properties
        .and_then(|all| all["ResourceId"].as_str())
        .unwrap_or_default();
    let endpoint = id.split("/variant/").next().unwrap_or_default();
    let (service, resource) = match action {
        "cloudwatch:DescribeAlarms" => ("cloudwatch", "alarm:*".to_owned()),
        action if action.starts_with("cloudwatch:") => (
            "cloudwatch",
            format!("alarm:TargetTracking-{id}-AlarmHigh-0"),
        ),
        _ => ("sagemaker", endpoint.to_owned()),
    };
    Wish::new(
        action,
        format!("arn:aws:{service}:{region}:{account}:{resource}"),
    )
}
