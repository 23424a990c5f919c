//! The calls that `deploy` itself makes of AWS: what each needs, and for what it is made.
//!
//! An operation that the adapters call and that is not here fails a test; so does one that a run makes for
//! a purpose that is not here. The actions are those of the Service Authorization Reference; where an
//! operation is not an action of its own name, the pages are "Required permissions for Amazon S3 API
//! operations" (S3 user guide), "Actions, resources, and condition keys for Amazon API Gateway Management
//! V2" and "Detect unmanaged configuration changes" (CloudFormation user guide).

use super::Purpose::{self, Diff, Down, Promote, Status, Up};
use super::Scope::{
    self, AllAlarms, Apis, Bucket, DataBucket, DataObjects, Endpoints, Everything, Function,
    JobLogGroups, JobLogStreams, Keys, LogGroups, ModelPackages, Objects, Roles, RolesForSageMaker,
    Routes, ServiceRole, SourceBucket, SourceObjects, Stacks, TaggedModels, TrainingJobs,
    TransformJobs,
};
use crate::stack::Stack;

/// One operation of a service.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// The service by its name in signatures, and the operation: `cloudformation.CreateChangeSet`.
    pub operation: &'static str,
    /// What it is called for.
    pub purposes: &'static [Purpose],
    /// What it needs: actions, and on what.
    pub grants: &'static [(&'static str, Scope)],
    /// Which environments make it.
    pub(super) by: By,
}

/// Which environments make a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// All.
    All,
    /// Those that train.
    Training,
    /// Those that classify in bulk.
    Batch,
}

impl By {
    /// Whether an environment is one of them.
    pub(super) fn holds(self, stack: &Stack) -> bool {
        match self {
            Self::All => true,
            Self::Training => stack.promotion.is_none(),
            Self::Batch => stack.batch.is_some(),
        }
    }
}

const ALL: &[Purpose] = &[Up, Diff, Status, Promote, Down];
const CHANGE: &[Purpose] = &[Up, Promote, Down];
const DEPLOY: &[Purpose] = &[Up, Promote];
const LOOK: &[Purpose] = &[Up, Diff, Status, Promote];
const COMPARE: &[Purpose] = &[Up, Diff, Promote];
const FOLLOW: &[Purpose] = &[Up, Status, Promote];
const CLEAN: &[Purpose] = &[Up, Down];

const fn call(
    operation: &'static str,
    purposes: &'static [Purpose],
    grants: &'static [(&'static str, Scope)],
) -> Call {
    Call {
        operation,
        purposes,
        grants,
        by: By::All,
    }
}

const fn by(by: By, call: Call) -> Call {
    Call { by, ..call }
}

/// All calls.
pub const CALLS: &[Call] = &[
    // Who it is, nobody has to be allowed to ask ("GetCallerIdentity", STS API reference). A role is assumed by
    // other credentials than those that the policy is for.
    call("sts.GetCallerIdentity", ALL, &[]),
    call("sts.AssumeRole", ALL, &[]),
    // Stacks.
    call(
        "cloudformation.DescribeStacks",
        ALL,
        &[("cloudformation:DescribeStacks", Stacks)],
    ),
    call(
        "cloudformation.DescribeStackEvents",
        ALL,
        &[("cloudformation:DescribeStackEvents", Stacks)],
    ),
    call(
        "cloudformation.ListStackResources",
        ALL,
        &[("cloudformation:ListStackResources", Stacks)],
    ),
    call(
        "cloudformation.ListChangeSets",
        ALL,
        &[("cloudformation:ListChangeSets", Stacks)],
    ),
    call(
        "cloudformation.DescribeEvents",
        CHANGE,
        &[("cloudformation:DescribeEvents", Stacks)],
    ),
    call(
        "cloudformation.CreateChangeSet",
        DEPLOY,
        &[
            ("cloudformation:CreateChangeSet", Stacks),
            ("iam:PassRole", ServiceRole),
        ],
    ),
    call(
        "cloudformation.DescribeChangeSet",
        DEPLOY,
        &[("cloudformation:DescribeChangeSet", Stacks)],
    ),
    call(
        "cloudformation.ExecuteChangeSet",
        DEPLOY,
        &[("cloudformation:ExecuteChangeSet", Stacks)],
    ),
    call(
        "cloudformation.DeleteChangeSet",
        DEPLOY,
        &[("cloudformation:DeleteChangeSet", Stacks)],
    ),
    call(
        "cloudformation.DeleteStack",
        CHANGE,
        &[
            ("cloudformation:DeleteStack", Stacks),
            ("iam:PassRole", ServiceRole),
        ],
    ),
    call(
        "cloudformation.RollbackStack",
        CHANGE,
        &[
            ("cloudformation:RollbackStack", Stacks),
            ("iam:PassRole", ServiceRole),
        ],
    ),
    call(
        "cloudformation.ContinueUpdateRollback",
        CHANGE,
        &[
            ("cloudformation:ContinueUpdateRollback", Stacks),
            ("iam:PassRole", ServiceRole),
        ],
    ),
    // Drift: CloudFormation looks with the caller's rights.
    call(
        "cloudformation.GetTemplate",
        LOOK,
        &[("cloudformation:GetTemplate", Stacks)],
    ),
    call(
        "cloudformation.DetectStackDrift",
        COMPARE,
        &[
            ("cloudformation:DetectStackDrift", Stacks),
            ("cloudformation:DetectStackResourceDrift", Stacks),
            ("cloudformation:BatchDescribeTypeConfigurations", Everything),
        ],
    ),
    call(
        "cloudformation.DescribeStackDriftDetectionStatus",
        COMPARE,
        &[(
            "cloudformation:DescribeStackDriftDetectionStatus",
            Everything,
        )],
    ),
    call(
        "cloudformation.DescribeStackResourceDrifts",
        COMPARE,
        &[("cloudformation:DescribeStackResourceDrifts", Stacks)],
    ),
    call("iam.GetRole", COMPARE, &[("iam:GetRole", Roles)]),
    call(
        "iam.GetRolePolicy",
        COMPARE,
        &[("iam:GetRolePolicy", Roles)],
    ),
    call(
        "iam.ListRolePolicies",
        COMPARE,
        &[("iam:ListRolePolicies", Roles)],
    ),
    call(
        "iam.ListAttachedRolePolicies",
        COMPARE,
        &[("iam:ListAttachedRolePolicies", Roles)],
    ),
    call(
        "s3.GetBucketPolicy",
        COMPARE,
        &[("s3:GetBucketPolicy", Bucket)],
    ),
    call(
        "s3.GetBucketVersioning",
        COMPARE,
        &[("s3:GetBucketVersioning", Bucket)],
    ),
    call(
        "s3.GetBucketEncryption",
        COMPARE,
        &[("s3:GetEncryptionConfiguration", Bucket)],
    ),
    call(
        "s3.GetPublicAccessBlock",
        COMPARE,
        &[("s3:GetBucketPublicAccessBlock", Bucket)],
    ),
    call(
        "sagemaker.DescribeEndpointConfig",
        COMPARE,
        &[("sagemaker:DescribeEndpointConfig", TaggedModels)],
    ),
    call(
        "sagemaker.DescribeModel",
        COMPARE,
        &[("sagemaker:DescribeModel", TaggedModels)],
    ),
    call("apigateway.GetApi", COMPARE, &[("apigateway:GET", Apis)]),
    call("apigateway.GetRoutes", COMPARE, &[("apigateway:GET", Apis)]),
    call("apigateway.GetRoute", COMPARE, &[("apigateway:GET", Apis)]),
    call(
        "apigateway.GetIntegration",
        COMPARE,
        &[("apigateway:GET", Apis)],
    ),
    call("apigateway.GetStage", COMPARE, &[("apigateway:GET", Apis)]),
    // The bucket. Without the right to list it, S3 does not tell that an object is not there.
    call(
        "s3.GetObject",
        ALL,
        &[
            ("s3:GetObject", Objects),
            ("s3:ListBucket", Bucket),
            ("kms:Decrypt", Keys),
        ],
    ),
    call(
        "s3.HeadObject",
        ALL,
        &[
            ("s3:GetObject", Objects),
            ("s3:ListBucket", Bucket),
            ("s3:GetObject", DataObjects),
            ("s3:ListBucket", DataBucket),
        ],
    ),
    call(
        "s3.ListObjectsV2",
        ALL,
        &[("s3:ListBucket", Bucket), ("s3:ListBucket", DataBucket)],
    ),
    call("s3.PutObject", CHANGE, &[("s3:PutObject", Objects)]),
    call("s3.DeleteObject", CHANGE, &[("s3:DeleteObject", Objects)]),
    call(
        "s3.CreateMultipartUpload",
        DEPLOY,
        &[("s3:PutObject", Objects)],
    ),
    call("s3.UploadPart", DEPLOY, &[("s3:PutObject", Objects)]),
    call(
        "s3.CompleteMultipartUpload",
        DEPLOY,
        &[("s3:PutObject", Objects)],
    ),
    call(
        "s3.ListParts",
        DEPLOY,
        &[("s3:ListMultipartUploadParts", Objects)],
    ),
    call(
        "s3.ListMultipartUploads",
        CHANGE,
        &[("s3:ListBucketMultipartUploads", Bucket)],
    ),
    call(
        "s3.AbortMultipartUpload",
        CHANGE,
        &[("s3:AbortMultipartUpload", Objects)],
    ),
    call(
        "s3.ListObjectVersions",
        CLEAN,
        &[("s3:ListBucketVersions", Bucket)],
    ),
    call(
        "s3.DeleteObjects",
        CLEAN,
        &[
            ("s3:DeleteObject", Objects),
            ("s3:DeleteObjectVersion", Objects),
        ],
    ),
    call("s3.HeadBucket", &[Down], &[("s3:ListBucket", Bucket)]),
    call(
        "s3.CopyObject",
        DEPLOY,
        &[
            ("s3:PutObject", Objects),
            ("s3:GetObject", SourceObjects),
            ("s3:ListBucket", SourceBucket),
        ],
    ),
    // Training.
    by(
        By::Training,
        call(
            "sagemaker.CreateTrainingJob",
            &[Up],
            &[
                ("sagemaker:CreateTrainingJob", TrainingJobs),
                ("sagemaker:AddTags", TrainingJobs),
                ("iam:PassRole", RolesForSageMaker),
                ("kms:CreateGrant", Keys),
                ("kms:DescribeKey", Keys),
            ],
        ),
    ),
    call(
        "sagemaker.DescribeTrainingJob",
        ALL,
        &[("sagemaker:DescribeTrainingJob", TrainingJobs)],
    ),
    call(
        "sagemaker.ListTrainingJobs",
        ALL,
        &[("sagemaker:ListTrainingJobs", Everything)],
    ),
    call(
        "sagemaker.StopTrainingJob",
        CLEAN,
        &[("sagemaker:StopTrainingJob", TrainingJobs)],
    ),
    call(
        "sagemaker.DeleteTrainingJob",
        CLEAN,
        &[("sagemaker:DeleteTrainingJob", TrainingJobs)],
    ),
    // Classifying in bulk.
    by(
        By::Batch,
        call(
            "sagemaker.CreateTransformJob",
            &[Up],
            &[
                ("sagemaker:CreateTransformJob", TransformJobs),
                ("sagemaker:AddTags", TransformJobs),
            ],
        ),
    ),
    call(
        "sagemaker.ListTransformJobs",
        CLEAN,
        &[("sagemaker:ListTransformJobs", Everything)],
    ),
    call(
        "sagemaker.DescribeTransformJob",
        CLEAN,
        &[("sagemaker:DescribeTransformJob", TransformJobs)],
    ),
    call(
        "sagemaker.StopTransformJob",
        CLEAN,
        &[("sagemaker:StopTransformJob", TransformJobs)],
    ),
    // The registry.
    call(
        "sagemaker.CreateModelPackageGroup",
        DEPLOY,
        &[
            ("sagemaker:CreateModelPackageGroup", ModelPackages),
            ("sagemaker:AddTags", ModelPackages),
        ],
    ),
    call(
        "sagemaker.CreateModelPackage",
        DEPLOY,
        &[("sagemaker:CreateModelPackage", ModelPackages)],
    ),
    call(
        "sagemaker.UpdateModelPackage",
        DEPLOY,
        &[("sagemaker:UpdateModelPackage", ModelPackages)],
    ),
    call(
        "sagemaker.ListModelPackages",
        &[Up, Status, Promote, Down],
        &[("sagemaker:ListModelPackages", ModelPackages)],
    ),
    call(
        "sagemaker.DeleteModelPackage",
        CLEAN,
        &[("sagemaker:DeleteModelPackage", ModelPackages)],
    ),
    call(
        "sagemaker.DeleteModelPackageGroup",
        &[Down],
        &[("sagemaker:DeleteModelPackageGroup", ModelPackages)],
    ),
    // What serves.
    call(
        "sagemaker.DescribeEndpoint",
        ALL,
        &[("sagemaker:DescribeEndpoint", Endpoints)],
    ),
    call(
        "sagemaker.InvokeEndpoint",
        DEPLOY,
        &[("sagemaker:InvokeEndpoint", Endpoints)],
    ),
    call(
        "lambda.GetFunctionConfiguration",
        LOOK,
        &[("lambda:GetFunctionConfiguration", Function)],
    ),
    call(
        "lambda.Invoke",
        &[Up],
        &[("lambda:InvokeFunction", Function)],
    ),
    call(
        "execute-api.Invoke",
        DEPLOY,
        &[("execute-api:Invoke", Routes)],
    ),
    call(
        "monitoring.DescribeAlarms",
        &[Status],
        &[("cloudwatch:DescribeAlarms", AllAlarms)],
    ),
    call(
        "servicequotas.ListServiceQuotas",
        COMPARE,
        &[("servicequotas:ListServiceQuotas", Everything)],
    ),
    call(
        "servicequotas.ListAWSDefaultServiceQuotas",
        COMPARE,
        &[("servicequotas:ListAWSDefaultServiceQuotas", Everything)],
    ),
    call(
        "logs.GetLogEvents",
        FOLLOW,
        &[
            ("logs:GetLogEvents", JobLogGroups),
            ("logs:GetLogEvents", LogGroups),
        ],
    ),
    call(
        "logs.FilterLogEvents",
        FOLLOW,
        &[
            ("logs:FilterLogEvents", JobLogGroups),
            ("logs:FilterLogEvents", LogGroups),
        ],
    ),
    call(
        "logs.DescribeLogStreams",
        ALL,
        &[
            ("logs:DescribeLogStreams", JobLogGroups),
            ("logs:DescribeLogStreams", LogGroups),
        ],
    ),
    // What is left when it is down.
    call(
        "logs.DescribeLogGroups",
        &[Down],
        &[("logs:DescribeLogGroups", Everything)],
    ),
    call(
        "logs.DeleteLogStream",
        &[Down],
        &[("logs:DeleteLogStream", JobLogStreams)],
    ),
    call("iam.ListRoles", &[Down], &[("iam:ListRoles", Everything)]),
    call(
        "lambda.GetFunction",
        &[Down],
        &[("lambda:GetFunction", Function)],
    ),
    call("apigateway.GetApis", &[Down], &[("apigateway:GET", Apis)]),
    call(
        "sagemaker.ListModels",
        &[Down],
        &[("sagemaker:ListModels", Everything)],
    ),
    call(
        "sagemaker.ListEndpointConfigs",
        &[Down],
        &[("sagemaker:ListEndpointConfigs", Everything)],
    ),
    // What `deploy doctor` and `deploy cost` ask where they may, and do without where they may not.
    call(
        "iam.SimulatePrincipalPolicy",
        &[],
        &[("iam:SimulatePrincipalPolicy", Everything)],
    ),
    call(
        "s3.GetBucketTagging",
        &[],
        &[("s3:GetBucketTagging", Bucket)],
    ),
    call(
        "pricing.GetProducts",
        &[],
        &[("pricing:GetProducts", Everything)],
    ),
];

/// The actions that an operation needs, by its name without its service.
pub fn needed_by(operation: &str) -> Vec<&'static str> {
    let calls = CALLS.iter().filter(|call| {
        let name = call.operation.split_once('.').map(|(_, name)| name);
        name == Some(operation)
    });
    let mut actions: Vec<&str> = calls
        .flat_map(|call| call.grants)
        // What only some environments need.
        .filter(|(_, scope)| !matches!(scope, ServiceRole | Keys | DataBucket | DataObjects))
        .map(|(action, _)| *action)
        .collect();
    actions.dedup();
    actions
}
