//! Models: an image, model data and an environment under a name.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::SageMaker;
use super::names::{Kind, constraint, invalid, only_known, required, unsupported};
use super::ports::S3Uri;
use super::state::Record;
use super::tags;
use crate::local::wire::ApiError;

const MEMBERS: [&str; 5] = [
    "ModelName",
    "PrimaryContainer",
    "Containers",
    "ExecutionRoleArn",
    "Tags",
];

const CONTAINER_MEMBERS: [&str; 5] = [
    "Image",
    "ModelDataUrl",
    "Environment",
    "Mode",
    "ContainerHostname",
];

/// The one container of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) image: String,
    pub(super) model_data: String,
    pub(super) environment: BTreeMap<String, String>,
}

impl Container {
    /// Reads the container of a `CreateModel` request.
    pub(super) fn read(request: &Value) -> Result<Self, ApiError> {
        let listed = request.get("Containers").and_then(Value::as_array);
        let container = match (request.get("PrimaryContainer"), listed.map(Vec::as_slice)) {
            (Some(container), None | Some([])) | (None, Some([container])) => container,
            (None, None | Some([])) => {
                return Err(invalid(
                    "Either PrimaryContainer or Containers must be provided.",
                ));
            }
            (Some(_), Some(_)) => {
                return Err(invalid(
                    "PrimaryContainer and Containers cannot both be provided.",
                ));
            }
            (None, Some(_)) => return Err(unsupported("models with several containers")),
        };
        only_known("a model's container", container, &CONTAINER_MEMBERS)?;
        match container.get("Mode").and_then(Value::as_str) {
            None | Some("SingleModel") => {}
            Some(mode) => return Err(unsupported(format!("the container mode {mode}"))),
        }
        let image = required(container, "Image")?.to_owned();
        let model_data = container.get("ModelDataUrl").and_then(Value::as_str);
        let model_data = model_data
            .ok_or_else(|| unsupported("containers without a ModelDataUrl"))?
            .to_owned();
        if S3Uri::parse(&model_data).is_none() {
            return Err(constraint(
                &model_data,
                "ModelDataUrl",
                "Member must satisfy regular expression pattern: ^(https|s3)://([^/]+)/?(.*)$",
            ));
        }
        Ok(Self {
            image,
            model_data,
            environment: environment(container)?,
        })
    }
}

fn environment(container: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let mut environment = BTreeMap::new();
    let given = container.get("Environment").and_then(Value::as_object);
    for (key, value) in given.into_iter().flatten() {
        let value = value
            .as_str()
            .ok_or_else(|| invalid(format!("The environment variable {key} is no string.")))?;
        if key.len() > 1024 || value.len() > 1024 {
            return Err(constraint(
                key,
                "Environment",
                "Member must have length less than or equal to 1024",
            ));
        }
        environment.insert(key.clone(), value.to_owned());
    }
    Ok(environment)
}

impl SageMaker {
    pub(super) async fn create_model(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let name = Kind::Model.name(input)?;
        only_known("CreateModel", input, &MEMBERS)?;
        let container = Container::read(input)?;
        let role = required(input, "ExecutionRoleArn")?;
        self.check_role(role)?;
        if !self.has_objects(&container.model_data).await? {
            return Err(invalid(format!(
                "Could not access model data at {}. Please ensure that the role \"{role}\" exists and \
                 that its trust relationship policy allows the action \"sts:AssumeRole\" for the \
                 service principal \"sagemaker.amazonaws.com\". Also ensure that the role has \
                 \"s3:GetObject\" permissions and that the object is located in {region}.",
                container.model_data
            )));
        }
        let record = self.record(Kind::Model, region, name, input)?;
        let arn = record.arn.clone();
        self.change(|state| {
            if state.models.contains_key(&arn) {
                return Err(Kind::Model.exists(&arn));
            }
            state.models.insert(arn.clone(), record);
            Ok(())
        })?;
        Ok(json!({ "ModelArn": arn }))
    }

    pub(super) fn describe_model(&self, region: &str, input: &Value) -> Result<Value, ApiError> {
        let arn = self.arn(Kind::Model, region, Kind::Model.name(input)?);
        let record = self.read(|state| state.models.get(&arn).cloned());
        let record = record.ok_or_else(|| Kind::Model.missing(&arn))?;
        let mut answer = record.request;
        answer["ModelArn"] = arn.into();
        answer["CreationTime"] = record.created.into();
        answer["EnableNetworkIsolation"] = false.into();
        Ok(answer)
    }

    pub(super) fn delete_model(&self, region: &str, input: &Value) -> Result<Value, ApiError> {
        let arn = self.arn(Kind::Model, region, Kind::Model.name(input)?);
        self.change(|state| {
            let removed = state.models.remove(&arn);
            removed
                .map(|_| json!({}))
                .ok_or_else(|| Kind::Model.missing(&arn))
        })
    }

    /// Refuses a role that does not exist, in the service's words.
    pub(super) fn check_role(&self, arn: &str) -> Result<(), ApiError> {
        if self.parts.roles.role_exists(arn) {
            return Ok(());
        }
        Err(invalid(format!(
            "Could not assume role {arn}. Please ensure that the role exists and allows principal \
             'sagemaker.amazonaws.com' to assume the role."
        )))
    }

    /// Makes the record of a thing that is being created.
    pub(super) fn record(
        &self,
        kind: Kind,
        region: &str,
        name: &str,
        input: &Value,
    ) -> Result<Record, ApiError> {
        let mut request = input.clone();
        if let Some(members) = request.as_object_mut() {
            members.shift_remove("Tags");
        }
        let now = self.parts.clock.epoch_seconds();
        Ok(Record {
            name: name.to_owned(),
            region: region.to_owned(),
            arn: self.arn(kind, region, name),
            created: now,
            modified: now,
            tags: tags::read(input)?,
            request,
        })
    }
}
