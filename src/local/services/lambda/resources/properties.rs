//! The properties of a function resource, read and checked.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::local::resource::{ResourceError, ResourceRequest};
use crate::local::services::lambda::model::Logging;

/// What a template says about a function, beside its code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Properties {
    pub(super) runtime: String,
    pub(super) handler: String,
    pub(super) role: String,
    pub(super) description: String,
    pub(super) memory: u32,
    pub(super) timeout: u32,
    pub(super) reserved: Option<u32>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) architectures: Vec<String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) logging: Logging,
}

/// Reads the properties for a function called `name`.
///
/// # Errors
/// A property is missing, out of range, or asks for something that is not emulated.
pub(super) fn read(request: &ResourceRequest, name: &str) -> Result<Properties, ResourceError> {
    let given = &request.properties;
    if given["PackageType"]
        .as_str()
        .is_some_and(|kind| kind != "Zip")
    {
        return Err(not_emulated("the Lambda package type Image"));
    }
    let runtime = required(request, "Runtime")?;
    if !runtime.starts_with("python3.") {
        return Err(not_emulated(&format!("the Lambda runtime {runtime}")));
    }
    Ok(Properties {
        runtime,
        handler: required(request, "Handler")?,
        role: required(request, "Role")?,
        description: request.string("Description").unwrap_or_default().to_owned(),
        memory: number(&given["MemorySize"], "MemorySize", (128, 10_240), 128)?,
        timeout: number(&given["Timeout"], "Timeout", (1, 900), 3)?,
        reserved: reserved(&given["ReservedConcurrentExecutions"])?,
        environment: environment(&given["Environment"])?,
        architectures: architectures(&given["Architectures"])?,
        tags: tags(request)?,
        logging: logging(&given["LoggingConfig"], name)?,
    })
}

fn required(request: &ResourceRequest, name: &str) -> Result<String, ResourceError> {
    let value = request.string(name).map(str::to_owned);
    value.ok_or_else(|| {
        ResourceError::new(format!(
            "{name} is mandatory for functions created with a deployment package"
        ))
    })
}

fn not_emulated(what: &str) -> ResourceError {
    ResourceError::new(format!("the local engine does not emulate {what}"))
}

/// Reads a whole number, which templates may also write as a string.
fn number(
    value: &Value,
    name: &str,
    (least, most): (u32, u32),
    default: u32,
) -> Result<u32, ResourceError> {
    let number = match value {
        Value::Null => return Ok(default),
        Value::String(text) => text.parse().ok(),
        other => other.as_u64().and_then(|number| u32::try_from(number).ok()),
    };
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| {
            ResourceError::new(format!(
                "Value {value} at '{name}' failed to satisfy constraint: between {least} and {most}"
            ))
        })
}

/// Reads a number of invocations; an account has a thousand at once, of which a hundred cannot be reserved.
fn reserved(value: &Value) -> Result<Option<u32>, ResourceError> {
    if value.is_null() {
        return Ok(None);
    }
    number(value, "ReservedConcurrentExecutions", (0, 900), 0).map(Some)
}

fn environment(set: &Value) -> Result<BTreeMap<String, String>, ResourceError> {
    const LARGEST: usize = 4096;
    let variables = set["Variables"].as_object();
    let mut environment = BTreeMap::new();
    for (name, value) in variables.into_iter().flatten() {
        if matches!(
            name.as_str(),
            "AWS_REGION" | "AWS_DEFAULT_REGION" | "_HANDLER"
        ) || name.starts_with("AWS_LAMBDA_")
            || name.starts_with("AWS_ACCESS_KEY")
            || name.starts_with("AWS_SECRET")
        {
            return Err(ResourceError::new(format!(
                "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: {name}"
            )));
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => {
                return Err(ResourceError::new(format!(
                    "Environment variable {name} is not a string"
                )));
            }
        };
        environment.insert(name.clone(), text);
    }
    let size: usize = environment
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if size > LARGEST {
        return Err(ResourceError::new(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the {LARGEST} bytes limit."
        )));
    }
    Ok(environment)
}

fn architectures(set: &Value) -> Result<Vec<String>, ResourceError> {
    match set.as_array().map(Vec::as_slice) {
        None => Ok(vec!["x86_64".to_owned()]),
        Some([Value::String(one)]) if matches!(one.as_str(), "x86_64" | "arm64") => {
            Ok(vec![one.clone()])
        }
        Some(_) => Err(ResourceError::new(
            "Architectures must be one of [x86_64] and [arm64]",
        )),
    }
}

fn tags(request: &ResourceRequest) -> Result<BTreeMap<String, String>, ResourceError> {
    let mut tags = request.tags.clone();
    let own = request.properties["Tags"].as_array();
    for tag in own.into_iter().flatten() {
        let (Some(key), Some(value)) = (tag["Key"].as_str(), tag["Value"].as_str()) else {
            return Err(ResourceError::new(
                "Tags: every tag needs a Key and a Value",
            ));
        };
        tags.insert(key.to_owned(), value.to_owned());
    }
    Ok(tags)
}

fn logging(set: &Value, name: &str) -> Result<Logging, ResourceError> {
    let known = [
        "LogGroup",
        "LogFormat",
        "ApplicationLogLevel",
        "SystemLogLevel",
    ];
    let names = set.as_object().into_iter().flatten().map(|(name, _)| name);
    if let Some(other) = names
        .into_iter()
        .find(|name| !known.contains(&name.as_str()))
    {
        return Err(not_emulated(&format!("LoggingConfig.{other}")));
    }
    let text = |name: &str| set[name].as_str().map(str::to_owned);
    Ok(Logging {
        group: text("LogGroup").unwrap_or_else(|| format!("/aws/lambda/{name}")),
        format: text("LogFormat").unwrap_or_else(|| "Text".to_owned()),
        level: text("ApplicationLogLevel"),
    })
}
