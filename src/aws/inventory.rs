//! What exists under an environment's names, asked of every service by itself.

use async_trait::async_trait;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::fault::{fault, incomplete};
use crate::cloud::inventory::{Inventory, Item, Scope, kinds};
use crate::cloud::{CloudFault, FaultKind};

/// Pages that are read of any listing at most.
const PAGES: usize = 100;

/// The clients of one account and region.
pub(super) struct Account {
    pub(super) s3: aws_sdk_s3::Client,
    pub(super) sagemaker: aws_sdk_sagemaker::Client,
    pub(super) logs: aws_sdk_cloudwatchlogs::Client,
    pub(super) iam: aws_sdk_iam::Client,
    pub(super) lambda: aws_sdk_lambda::Client,
    pub(super) apis: aws_sdk_apigatewayv2::Client,
}

#[async_trait]
impl Inventory for Account {
    async fn items(&self, scope: &Scope) -> Result<Vec<Item>, CloudFault> {
        let (storage, roles, functions, apis, groups, models, configs, endpoints, jobs) = futures::try_join!(
            self.bucket(scope),
            self.roles(scope),
            self.functions(scope),
            self.apis(scope),
            self.log_groups(scope),
            self.models(scope),
            self.configs(scope),
            self.endpoints(scope),
            self.jobs(scope),
        )?;
        let lists = [
            storage, roles, functions, apis, groups, models, configs, endpoints, jobs,
        ];
        let mut items: Vec<Item> = lists.into_iter().flatten().collect();
        items.sort();
        Ok(items)
    }
}

/// Reads a paged listing: `$request` once per page, `$names` out of each answer.
macro_rules! pages {
    ($kind:expr, $operation:literal, $token:ident => $request:expr, $answer:ident => $names:expr, $next:expr, $keep:expr) => {{
        let mut found = Vec::new();
        let mut $token: Option<String> = None;
        for page in 0..=PAGES {
            if page == PAGES {
                return Err(incomplete($operation, "an end"));
            }
            let $answer = $request
                .send()
                .await
                .map_err(|error| fault($operation, &error))?;
            let next = $next;
            let names: Vec<String> = $names;
            found.extend(
                names
                    .into_iter()
                    .filter($keep)
                    .map(|name| Item { kind: $kind, name }),
            );
            match next {
                Some(next) => $token = Some(next),
                None => break,
            }
        }
        Ok(found)
    }};
}

impl Account {
    async fn bucket(&self, scope: &Scope) -> Result<Vec<Item>, CloudFault> {
        let bucket = &scope.bucket;
        match self.s3.head_bucket().bucket(bucket).send().await {
            Ok(_) => Ok(vec![Item {
                kind: kinds::BUCKET,
                name: bucket.clone(),
            }]),
            Err(error) => match fault("HeadBucket", &error) {
                gone if gone.kind == FaultKind::NotFound => Ok(Vec::new()),
                other => Err(other),
            },
        }
    }

    async fn roles(&self, scope: &Scope) -> Result<Vec<Item>, CloudFault> {
        pages!(kinds::ROLE, "ListRoles",
            marker => self.iam.list_roles().set_marker(marker.take()),
            answer => answer.roles.into_iter().map(|role| role.role_name).collect(),
            answer.marker.clone(),
            |name| scope.generated(name))
    }

    async fn functions(&self, scope: &Scope) -> Result<Vec<Item>, CloudFault> {
        match self
            .lambda
            .get_function()
            .function_name(&scope.function)
            .send()
            .await
        {
            Ok(_) => Ok(vec![Item {
                kind: kinds::FUNCTION,
                name: scope.function.clone(),
            }]),
            Err(error) => match fault("GetFunction", &error) {
                gone if gone.kind == FaultKind::NotFound => Ok(Vec::new()),
                other => Err(other),
            },
        }
    }

    async fn apis(&self, scope: &Scope) -> Result<Vec<Item>, CloudFault> {
        let tagged = |api: &aws_sdk_apigatewayv2::types::Api| {
            api.tags.as_ref().is_some_and(|tags| {
                tags.get("deploy:stack") == Some(&scope.stack)
                    && tags.get("deploy:environment") == Some(&scope.environment)
            })
        };
        pages!(kinds::API, "GetApis",
            token => self.apis.get_apis().set_next_token(token.take()),
            answer => answer.items.unwrap_or_default().into_iter()
                .filter(tagged).filter_map(|api| api.api_id).collect(),
            answer.next_token.clone(),
            |_| true)
    }

    async fn log_groups(&self, scope: &Scope) -> Result<Vec<Item>, CloudFault> {
        let mut found = Vec::new();
        for group in &scope.log_groups {
            let request = self.logs.describe_log_groups().log_group_name_prefix(group);
            let answer = request
                .send()
                .await
                .map_err(|error| fault("DescribeLogGroups", &error))?;
            let there = answer.log_groups.unwrap_or_default();
            if there
                .iter()
                .any(|entry| entry.log_group_name.as_ref() == Some(group))
            {
                found.push(Item {
                    kind: kinds::LOG_GROUP,
                    name: group.clone(),
                });
            }
        }
        Ok(found)
    }

    async fn models(&self, scope: &Scope) -> Result<Vec<Item>, CloudFault> {
        pages!(kinds::MODEL, "ListModels",
            token => self.sagemaker.list_models().name_contains(&scope.stem).max_results(100)
                .set_next_token(token.take()),
            answer => answer.models.unwrap_or_default().into_iter()
                .filter_map(|model| model.model_name).collect(),
            answer.next_token.clone(),
            |name| scope.generated(name))
    }

    async fn configs(&self, scope: &Scope) -> Result<Vec<Item>, CloudFault> {
        pages!(kinds::ENDPOINT_CONFIG, "ListEndpointConfigs",
            token => self.sagemaker.list_endpoint_configs().name_contains(&scope.stem)
                .max_results(100).set_next_token(token.take()),
            answer => answer.endpoint_configs.unwrap_or_default().into_iter()
                .filter_map(|config| config.endpoint_config_name).collect(),
            answer.next_token.clone(),
            |name| scope.generated(name))
    }

    async fn endpoints(&self, scope: &Scope) -> Result<Vec<Item>, CloudFault> {
        let mut found = Vec::new();
        for name in &scope.endpoints {
            let describe = self.sagemaker.describe_endpoint().endpoint_name(name);
            match describe.send().await {
                Ok(_) => found.push(Item {
                    kind: kinds::ENDPOINT,
                    name: name.clone(),
                }),
                Err(error)
                    if error
                        .message()
                        .is_some_and(|text| text.contains("Could not find")) => {}
                Err(error) => return Err(fault("DescribeEndpoint", &error)),
            }
        }
        Ok(found)
    }

    async fn jobs(&self, scope: &Scope) -> Result<Vec<Item>, CloudFault> {
        pages!(kinds::TRAINING_JOB, "ListTrainingJobs",
            token => self.sagemaker.list_training_jobs().name_contains(&scope.stem)
                .max_results(100).set_next_token(token.take()),
            answer => answer.training_job_summaries.unwrap_or_default().into_iter()
                .filter_map(|job| job.training_job_name).collect(),
            answer.next_token.clone(),
            |name| scope.training_job(name))
    }
}
