//! SageMaker's resources for CloudFormation.
//!
//! Purpose: makes models, endpoint configurations and endpoints that a stack describes. Input: resolved
//! properties. Output: resources whose `Ref` is their ARN. Must not know: stacks, templates, order.

mod endpoint;
mod plain;

use std::sync::Arc;

use serde_json::{Value, json};

use super::SageMaker;
use super::names::Kind;
use super::state::Record;
use super::tags;
use crate::local::resource::{Resource, ResourceError, ResourceProvider, ResourceRequest};
use crate::local::wire::ApiError;

/// Returns the providers of all SageMaker types that the engine knows.
pub fn providers(service: &Arc<SageMaker>) -> Vec<Arc<dyn ResourceProvider>> {
    vec![
        Arc::new(plain::Model(Arc::clone(service))),
        Arc::new(plain::EndpointConfig(Arc::clone(service))),
        Arc::new(endpoint::Endpoint(Arc::clone(service))),
    ]
}

/// Members that are numbers in the API; CloudFormation takes them as strings too.
const NUMBERS: [&str; 9] = [
    "InitialInstanceCount",
    "InitialVariantWeight",
    "MaxConcurrency",
    "MemorySizeInMB",
    "Priority",
    "ProvisionedConcurrency",
    "VolumeSizeInGB",
    "ModelDataDownloadTimeoutInSeconds",
    "ContainerStartupHealthCheckTimeoutInSeconds",
];

/// What a resource is to be, in the API's form.
struct Wanted {
    name: String,
    arn: String,
    input: Value,
}

impl Wanted {
    /// Turns properties into a create request: with a name, and with the stack's tags.
    fn of(kind: Kind, request: &ResourceRequest) -> Result<Self, ResourceError> {
        let name = request
            .string(kind.member())
            .unwrap_or(&request.physical_name);
        let mut input = request.properties.clone();
        coerce(&mut input);
        let mut all = request.tags.clone();
        all.insert(
            "aws:cloudformation:stack-id".into(),
            request.stack_id.clone(),
        );
        all.insert(
            "aws:cloudformation:logical-id".into(),
            request.logical_id.clone(),
        );
        all.extend(tags::read(&input).map_err(fault)?);
        input[kind.member()] = name.into();
        input["Tags"] = all
            .iter()
            .map(|(key, value)| json!({ "Key": key, "Value": value }))
            .collect();
        Ok(Self {
            name: name.to_owned(),
            arn: kind.arn(&request.account, &request.region, name),
            input,
        })
    }

    /// Tells whether a record is what an earlier, interrupted create of this very resource made.
    fn made(&self, record: &Record) -> bool {
        let tags = tags::read(&self.input).unwrap_or_default();
        let same = |key: &str| record.tags.get(key) == tags.get(key);
        let mut request = self.input.clone();
        if let Some(members) = request.as_object_mut() {
            members.shift_remove("Tags");
        }
        same("aws:cloudformation:stack-id")
            && same("aws:cloudformation:logical-id")
            && record.request == request
    }

    /// The resource as CloudFormation is told of it.
    fn resource(&self, kind: Kind) -> Resource {
        let member = kind.member();
        let arn = member.replace("Name", "Arn");
        Resource {
            physical_id: self.arn.clone(),
            attributes: [
                (member.to_owned(), self.name.as_str().into()),
                (arn, self.arn.as_str().into()),
            ]
            .into(),
        }
    }
}

/// Turns numbers written as strings into numbers, wherever they stand.
fn coerce(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(coerce),
        Value::Object(map) => {
            for (key, value) in map {
                let number = value.as_str().and_then(|text| text.parse().ok());
                match number.filter(|_| NUMBERS.contains(&key.as_str())) {
                    Some(number) => *value = Value::Number(number),
                    None if key != "Environment" => coerce(value),
                    None => {}
                }
            }
        }
        _ => {}
    }
}

/// Splits an ARN into region and name.
fn parse(arn: &str) -> Result<(&str, &str), ResourceError> {
    let region = arn.split(':').nth(3);
    let name = arn.split_once('/').map(|(_, name)| name);
    region
        .zip(name)
        .ok_or_else(|| ResourceError::new(format!("\"{arn}\" is no ARN of SageMaker")))
}

fn fault(error: ApiError) -> ResourceError {
    ResourceError::new(error.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_be_strings_but_environments_stay() {
        let mut value = json!({ "ProductionVariants": [{ "InitialInstanceCount": "2" }],
            "PrimaryContainer": { "Environment": { "VolumeSizeInGB": "7" } } });
        coerce(&mut value);
        assert_eq!(value["ProductionVariants"][0]["InitialInstanceCount"], 2);
        assert_eq!(
            value["PrimaryContainer"]["Environment"]["VolumeSizeInGB"],
            "7"
        );
    }

    #[test]
    fn arns_are_split() {
        let arn = Kind::Endpoint.arn("111122223333", "eu-west-1", "e");
        assert_eq!(parse(&arn).unwrap(), ("eu-west-1", "e"));
        assert!(parse("junk").is_err());
    }
}
