//! Endpoint configurations: which model is to be served, and how.

use serde_json::{Value, json};

use super::SageMaker;
use super::models::Container;
use super::names::{Kind, check_name, constraint, invalid, only_known, required, unsupported};
use super::state::{Serving, State};
use crate::local::wire::ApiError;

/// Seconds that a server may take to become healthy when the configuration does not say.
const DEFAULT_STARTUP: u64 = 240;

const MEMBERS: [&str; 4] = [
    "EndpointConfigName",
    "ProductionVariants",
    "ExecutionRoleArn",
    "Tags",
];

const VARIANT_MEMBERS: [&str; 11] = [
    "VariantName",
    "ModelName",
    "InitialInstanceCount",
    "InstancePools",
    "InstanceType",
    "InitialVariantWeight",
    "VolumeSizeInGB",
    "ModelDataDownloadTimeoutInSeconds",
    "ContainerStartupHealthCheckTimeoutInSeconds",
    "RoutingConfig",
    "ServerlessConfig",
];

/// The one production variant of a configuration.
struct Variant<'a> {
    name: &'a str,
    model: &'a str,
    instances: u64,
    /// Requests at once of a serverless variant.
    concurrency: Option<u64>,
    startup_limit: u64,
}

impl<'a> Variant<'a> {
    fn read(request: &'a Value) -> Result<Self, ApiError> {
        let listed = request.get("ProductionVariants").and_then(Value::as_array);
        let variant = match listed.map(Vec::as_slice) {
            Some([variant]) => variant,
            Some([_, _, ..]) => return Err(unsupported("several production variants")),
            None | Some([]) => {
                return Err(constraint(
                    "null",
                    "ProductionVariants",
                    "Member must not be null",
                ));
            }
        };
        only_known("a production variant", variant, &VARIANT_MEMBERS)?;
        let name = required(variant, "VariantName")?;
        check_name("VariantName", name)?;
        let concurrency = capacity(variant)?;
        let number = |member: &str| variant.get(member).and_then(Value::as_u64);
        let instances = number("InitialInstanceCount").unwrap_or(1);
        let startup_limit = number("ContainerStartupHealthCheckTimeoutInSeconds");
        let startup_limit = startup_limit.unwrap_or(DEFAULT_STARTUP);
        if instances == 0 || !(60..=3600).contains(&startup_limit) {
            return Err(invalid(
                "InitialInstanceCount must be at least 1, and \
                 ContainerStartupHealthCheckTimeoutInSeconds between 60 and 3600.",
            ));
        }
        Ok(Self {
            name,
            model: required(variant, "ModelName")?,
            instances,
            concurrency,
            startup_limit,
        })
    }
}

/// Checks what a variant runs on; returns how many requests at once it takes when it is serverless.
fn capacity(variant: &Value) -> Result<Option<u64>, ApiError> {
    if let Some(serverless) = variant.get("ServerlessConfig") {
        let number = |member: &str| match &serverless[member] {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        };
        let memory = number("MemorySizeInMB").unwrap_or_default();
        let concurrency = number("MaxConcurrency").unwrap_or_default();
        let whole = memory % 1024 == 0 && (1024..=6144).contains(&memory);
        if !whole || !(1..=200).contains(&concurrency) || variant.get("InstanceType").is_some() {
            return Err(invalid(
                "ServerlessConfig needs MemorySizeInMB from 1024 to 6144 in steps of 1024 and \
                 MaxConcurrency from 1 to 200, and no InstanceType beside it.",
            ));
        }
        return Ok(Some(concurrency));
    }
    let first = &variant["InstancePools"][0];
    let pooled = first.is_object().then_some(first);
    let instance = required(pooled.unwrap_or(variant), "InstanceType")?;
    if !instance.starts_with("ml.") {
        return Err(constraint(
            instance,
            "InstanceType",
            "Member must satisfy enum value set",
        ));
    }
    Ok(None)
}

/// Copies together what serving the configuration `name` needs.
pub(super) fn serving(
    state: &State,
    account: &str,
    region: &str,
    name: &str,
) -> Result<Serving, ApiError> {
    let arn = Kind::EndpointConfig.arn(account, region, name);
    let config = state.configs.get(&arn);
    let config = config.ok_or_else(|| Kind::EndpointConfig.missing(&arn))?;
    let variant = Variant::read(&config.request)?;
    let model = Kind::Model.arn(account, region, variant.model);
    let model = state
        .models
        .get(&model)
        .ok_or_else(|| Kind::Model.missing(&model))?;
    let container = Container::read(&model.request)?;
    Ok(Serving {
        config: name.to_owned(),
        variant: variant.name.to_owned(),
        instances: variant.instances,
        concurrency: variant.concurrency,
        image: container.image,
        model_data: container.model_data,
        environment: container.environment,
        startup_limit: variant.startup_limit,
    })
}

impl SageMaker {
    pub(super) fn create_endpoint_config(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let name = Kind::EndpointConfig.name(input)?;
        only_known("CreateEndpointConfig", input, &MEMBERS)?;
        let model = self.arn(Kind::Model, region, Variant::read(input)?.model);
        let record = self.record(Kind::EndpointConfig, region, name, input)?;
        let arn = record.arn.clone();
        self.change(|state| {
            if state.configs.contains_key(&arn) {
                return Err(Kind::EndpointConfig.exists(&arn));
            }
            if !state.models.contains_key(&model) {
                return Err(Kind::Model.missing(&model));
            }
            state.configs.insert(arn.clone(), record);
            Ok(())
        })?;
        Ok(json!({ "EndpointConfigArn": arn }))
    }

    pub(super) fn describe_endpoint_config(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let arn = self.arn(
            Kind::EndpointConfig,
            region,
            Kind::EndpointConfig.name(input)?,
        );
        let record = self.read(|state| state.configs.get(&arn).cloned());
        let record = record.ok_or_else(|| Kind::EndpointConfig.missing(&arn))?;
        let mut answer = record.request;
        answer["EndpointConfigArn"] = arn.into();
        answer["CreationTime"] = record.created.into();
        Ok(answer)
    }

    pub(super) fn delete_endpoint_config(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let arn = self.arn(
            Kind::EndpointConfig,
            region,
            Kind::EndpointConfig.name(input)?,
        );
        self.change(|state| {
            let removed = state.configs.remove(&arn);
            removed
                .map(|_| json!({}))
                .ok_or_else(|| Kind::EndpointConfig.missing(&arn))
        })
    }
}
