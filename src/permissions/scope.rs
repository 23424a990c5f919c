//! On what an action is needed, as ARNs of the names that an environment composes.

use std::collections::BTreeSet;

use super::statement::Condition;
use crate::stack::{Auth, Brought, DataSource, ModelSource, Stack, partition};

/// Characters of a role's name at most ("IAM and AWS STS quotas", IAM user guide).
const ROLE_NAME: usize = 64;
/// Characters that a generated name has beside that of its stack: two hyphens, the longest logical id of a
/// role in the templates, and the suffix of CloudFormation.
const GENERATED: usize = 2 + 12 + 14;
/// How much of a stack's name is sure to be in a generated name that has no room for all of it.
const SHORTENED: usize = 24;

/// On what an action is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// On everything: the action knows no resource.
    Everything,
    /// The two CloudFormation stacks.
    Stacks,
    /// The role that CloudFormation acts as, handed over to CloudFormation only.
    ServiceRole,
    /// The bucket itself.
    Bucket,
    /// What is in the bucket.
    Objects,
    /// The bucket of the environment that is taken over from.
    SourceBucket,
    /// What is in that bucket.
    SourceObjects,
    /// The bucket of a data set that is in S3 already.
    DataBucket,
    /// That data set.
    DataObjects,
    /// The roles that the foundation makes.
    Roles,
    /// The same, as long as they have the permissions boundary.
    BoundRoles,
    /// The same, handed over to SageMaker only.
    RolesForSageMaker,
    /// The same, handed over to Lambda only.
    RolesForLambda,
    /// The role by which Application Auto Scaling changes endpoints.
    ScalingRole,
    /// Training jobs.
    TrainingJobs,
    /// Batch jobs.
    TransformJobs,
    /// The endpoint, under both names that it may have.
    Endpoints,
    /// Models and endpoint configurations that carry the environment's tags. CloudFormation names them.
    TaggedModels,
    /// Models and endpoint configurations that are made with the environment's tags.
    NewModels,
    /// The notebook instance.
    Notebook,
    /// The model package group and its versions.
    ModelPackages,
    /// The function.
    Function,
    /// The HTTP APIs of the region: ids are not known before.
    Apis,
    /// The domain names of the region's HTTP APIs.
    Domains,
    /// Calls of the routes that want a signature.
    Routes,
    /// The log groups of the environment.
    LogGroups,
    /// The log groups that all jobs of the account share.
    JobLogGroups,
    /// In those, the log streams of the environment's jobs.
    JobLogStreams,
    /// The alarms.
    Alarms,
    /// All alarms of the region: they are asked for by the beginning of their names.
    AllAlarms,
    /// The alarms that Application Auto Scaling makes for the endpoint.
    ScalingAlarms,
    /// The scalable targets of the region: they have ids of their own.
    ScalableTargets,
    /// The KMS keys that the stack file names.
    Keys,
}

/// Where an environment is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) stack: &'a Stack,
    /// The environment that it takes over from.
    pub(super) source: Option<&'a Stack>,
    /// The role that CloudFormation acts as.
    pub(super) service_role: Option<&'a str>,
}

impl Place<'_> {
    fn arn(&self, service: &str, resource: &str) -> String {
        let partition = self.partition();
        let (region, account) = (&self.stack.region, &self.stack.account);
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    fn partition(&self) -> &'static str {
        partition(self.stack.region.as_str()).unwrap_or("aws")
    }

    fn s3(&self, resource: &str) -> String {
        format!("arn:{}:s3:::{resource}", self.partition())
    }

    fn iam(&self, resource: &str) -> String {
        let (partition, account) = (self.partition(), &self.stack.account);
        format!("arn:{partition}:iam::{account}:{resource}")
    }

    fn api_gateway(&self, path: &str) -> String {
        let (partition, region) = (self.partition(), &self.stack.region);
        format!("arn:{partition}:apigateway:{region}::{path}")
    }

    /// The roles of the foundation.
    fn roles(&self) -> Vec<String> {
        let names = generated(&self.stack.names.foundation_stack, "");
        vec![self.iam(&format!("role/{names}"))]
    }

    /// The bucket that data or a brought model is taken from, and the keys there.
    fn read(&self) -> Option<(&str, String)> {
        match &self.stack.model {
            ModelSource::Brought(Brought::S3 { bucket, key, .. }) => Some((bucket, key.clone())),
            ModelSource::Brought(Brought::File { .. }) => None,
            ModelSource::Trained(recipe) => match &recipe.data.source {
                DataSource::S3(at) => Some((&at.bucket, format!("{}*", at.prefix))),
                DataSource::File(_) | DataSource::Folder(_) => None,
            },
        }
    }

    /// The KMS keys of the stack file.
    fn keys(&self) -> Vec<String> {
        let (training, endpoint) = (self.stack.training(), &self.stack.endpoint);
        let encryption = training.map(|training| &training.encryption);
        let capture = endpoint.capture.as_ref();
        let keys = [
            encryption.and_then(|encryption| encryption.volume_key.as_ref()),
            encryption.and_then(|encryption| encryption.output_key.as_ref()),
            endpoint.volume_key.as_ref(),
            capture.and_then(|capture| capture.key.as_ref()),
        ];
        let keys: BTreeSet<String> = keys.into_iter().flatten().cloned().collect();
        keys.into_iter().collect()
    }

    fn log_groups(&self) -> Vec<String> {
        let names = &self.stack.names;
        let groups = names.endpoint_log_groups();
        let groups = groups
            .iter()
            .chain([&names.function_log_group, &names.api_log_group]);
        // The group itself, and its streams.
        let group = |name: &String| self.arn("logs", &format!("log-group:{name}"));
        groups
            .flat_map(|name| [group(name), group(name) + ":*"])
            .collect()
    }

    fn routes(&self) -> Vec<String> {
        let routes = self.stack.api.routes.iter();
        let signed = routes.filter(|route| route.auth == Auth::Iam);
        let arn =
            |method: &str, path: &str| self.arn("execute-api", &format!("*/*/{method}{path}"));
        signed
            .map(|route| arn(&route.method, &route.path))
            .collect()
    }
}

/// The names that CloudFormation gives to the role of this logical id in a stack, as a pattern: it makes them of the
/// stack's name, and shortens that where it must.
fn generated(stack: &str, logical_id: &str) -> String {
    if stack.len() + GENERATED <= ROLE_NAME {
        format!("{stack}-{logical_id}*")
    } else {
        format!("{}*", stack.chars().take(SHORTENED).collect::<String>())
    }
}

/// The names of what lets others deploy an environment. None begins as the environment's own names do: it is no
/// part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The CloudFormation stack.
    pub stack: String,
    /// ARN of the role that CloudFormation acts as, as a pattern.
    pub service_role: String,
}

impl Names {
    /// Composes the names.
    pub fn of(stack: &Stack) -> Self {
        let place = Place {
            stack,
            source: None,
            service_role: None,
        };
        let name = format!("deploy-{}", stack.names.stem);
        let role = generated(&name, "ServiceRole-");
        Self {
            service_role: place.iam(&format!("role/{role}")),
            stack: name,
        }
    }

    /// Whether an ARN is that of the role.
    pub fn is_service_role(&self, arn: &str) -> bool {
        arn.starts_with(self.service_role.trim_end_matches('*'))
    }
}

impl Scope {
    /// Whether an environment has anything of that kind.
    pub(super) fn exists(self, place: &Place<'_>) -> bool {
        !self.resources(place).is_empty()
    }

    /// The ARNs.
    pub(super) fn resources(self, place: &Place<'_>) -> Vec<String> {
        let (stack, names) = (place.stack, &place.stack.names);
        let stem = &names.stem;
        let one = |service: &str, resource: String| vec![place.arn(service, &resource)];
        match self {
            Self::Everything => vec!["*".to_owned()],
            Self::Stacks => [&names.foundation_stack, &names.service_stack]
                .map(|stack| place.arn("cloudformation", &format!("stack/{stack}/*")))
                .into(),
            Self::ServiceRole => place.service_role.map(str::to_owned).into_iter().collect(),
            Self::Bucket => vec![place.s3(&names.bucket)],
            Self::Objects => vec![place.s3(&format!("{}/*", names.bucket))],
            Self::SourceBucket | Self::SourceObjects => {
                let below = if self == Self::SourceBucket { "" } else { "/*" };
                let bucket = place.source.map(|source| &source.names.bucket);
                let arn = bucket.map(|bucket| place.s3(&format!("{bucket}{below}")));
                arn.into_iter().collect()
            }
            Self::DataBucket | Self::DataObjects => match place.read() {
                Some((bucket, _)) if self == Self::DataBucket => vec![place.s3(bucket)],
                Some((bucket, keys)) => vec![place.s3(&format!("{bucket}/{keys}"))],
                None => Vec::new(),
            },
            Self::Roles | Self::BoundRoles | Self::RolesForSageMaker | Self::RolesForLambda => {
                place.roles()
            }
            Self::ScalingRole => vec![
                place
                    .iam("role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/*"),
            ],
            Self::TrainingJobs => one("sagemaker", format!("training-job/{stem}-*")),
            Self::TransformJobs => one("sagemaker", format!("transform-job/{stem}-*")),
            Self::Endpoints => names
                .endpoints()
                .map(|name| place.arn("sagemaker", &format!("endpoint/{name}")))
                .into(),
            Self::TaggedModels | Self::NewModels => ["endpoint-config/*", "model/*"]
                .map(|kind| place.arn("sagemaker", kind))
                .into(),
            Self::Notebook => one("sagemaker", format!("notebook-instance/{}", names.notebook)),
            Self::ModelPackages => {
                let group = stack.registry.as_ref().map(|registry| &registry.group);
                let both = group.map(|group| {
                    [
                        format!("model-package-group/{group}"),
                        format!("model-package/{group}/*"),
                    ]
                });
                both.into_iter()
                    .flatten()
                    .map(|arn| place.arn("sagemaker", &arn))
                    .collect()
            }
            Self::Function => one("lambda", format!("function:{}", names.function)),
            Self::Apis => ["/apis", "/apis/*", "/tags/*"]
                .map(|path| place.api_gateway(path))
                .into(),
            Self::Domains => ["/domainnames", "/domainnames/*"]
                .map(|path| place.api_gateway(path))
                .into(),
            Self::Routes => place.routes(),
            Self::LogGroups => place.log_groups(),
            Self::JobLogGroups => job_log_groups(place, ":*"),
            Self::JobLogStreams => job_log_groups(place, &format!(":log-stream:{stem}-*")),
            Self::Alarms => one("cloudwatch", format!("alarm:{stem}-*")),
            Self::AllAlarms => one("cloudwatch", "alarm:*".to_owned()),
            Self::ScalingAlarms => one(
                "cloudwatch",
                format!("alarm:TargetTracking-endpoint/{}/*", names.endpoint),
            ),
            Self::ScalableTargets => one("application-autoscaling", "scalable-target/*".to_owned()),
            Self::Keys => place.keys(),
        }
    }

    /// Under which conditions.
    pub(super) fn conditions(self, place: &Place<'_>) -> Vec<Condition> {
        let tagged = |kind: &str| {
            ["deploy:environment", "deploy:stack"]
                .into_iter()
                .filter_map(|key| {
                    let value = place.stack.tags.get(key)?;
                    Some(Condition::equals(&format!("aws:{kind}/{key}"), value))
                })
                .collect()
        };
        let passed = |service: &str| vec![Condition::equals("iam:PassedToService", service)];
        match self {
            Self::ServiceRole => passed("cloudformation.amazonaws.com"),
            Self::RolesForSageMaker => passed("sagemaker.amazonaws.com"),
            Self::RolesForLambda => passed("lambda.amazonaws.com"),
            Self::ScalingRole => vec![Condition::equals(
                "iam:AWSServiceName",
                "sagemaker.application-autoscaling.amazonaws.com",
            )],
            Self::TaggedModels => tagged("ResourceTag"),
            Self::NewModels => tagged("RequestTag"),
            Self::BoundRoles => (place.stack.permissions_boundary.iter())
                .map(|boundary| Condition::equals("iam:PermissionsBoundary", boundary))
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// The log groups of all jobs of the account, with what follows their names.
fn job_log_groups(place: &Place<'_>, below: &str) -> Vec<String> {
    ["TrainingJobs", "TransformJobs"]
        .map(|kind| place.arn("logs", &format!("log-group:/aws/sagemaker/{kind}{below}")))
        .into()
}
