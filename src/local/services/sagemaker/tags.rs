//! Tags: how requests give them, and the operations on them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::SageMaker;
use super::names::{constraint, invalid, required};
use crate::local::wire::ApiError;

const MAX_TAGS: usize = 50;

/// Reads a `Tags` member: a list of `Key` and `Value`.
pub(super) fn read(input: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let mut tags = BTreeMap::new();
    for tag in input
        .get("Tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let key = required(tag, "Key")?;
        let value = required(tag, "Value")?;
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(invalid(format!("Duplicate tag keys found: {key}")));
        }
    }
    check_count(&tags)?;
    Ok(tags)
}

fn check_count(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    // Tags of AWS itself are not counted.
    let own = tags.keys().filter(|key| !key.starts_with("aws:")).count();
    if own > MAX_TAGS {
        return Err(constraint(
            &own.to_string(),
            "Tags",
            "Member must have length less than or equal to 50",
        ));
    }
    Ok(())
}

impl SageMaker {
    pub(super) fn add_tags(&self, input: &Value) -> Result<Value, ApiError> {
        let arn = required(input, "ResourceArn")?;
        let added = read(input)?;
        let tags = self.change(|state| {
            let record = state.record_mut(arn).ok_or_else(|| missing(arn))?;
            let mut tags = record.tags.clone();
            tags.extend(added);
            check_count(&tags)?;
            record.tags.clone_from(&tags);
            Ok(tags)
        })?;
        Ok(json!({ "Tags": list(&tags) }))
    }

    pub(super) fn delete_tags(&self, input: &Value) -> Result<Value, ApiError> {
        let arn = required(input, "ResourceArn")?;
        let keys = input.get("TagKeys").and_then(Value::as_array);
        self.change(|state| {
            let record = state.record_mut(arn).ok_or_else(|| missing(arn))?;
            for key in keys.into_iter().flatten().filter_map(Value::as_str) {
                record.tags.remove(key);
            }
            Ok(json!({}))
        })
    }

    pub(super) fn list_tags(&self, input: &Value) -> Result<Value, ApiError> {
        let arn = required(input, "ResourceArn")?;
        // At most fifty tags and those of CloudFormation: always one page.
        let tags = self.read(|state| {
            state
                .clone()
                .record_mut(arn)
                .map(|record| record.tags.clone())
        });
        Ok(json!({ "Tags": list(&tags.ok_or_else(|| missing(arn))?) }))
    }

    /// Tells the tags of what has an ARN; of what is not there, none.
    pub(crate) fn tags_of(&self, arn: &str) -> BTreeMap<String, String> {
        self.read(|state| {
            let mut state = state.clone();
            let record = state.record_mut(arn);
            record.map(|record| record.tags.clone()).unwrap_or_default()
        })
    }

    /// Replaces all tags of a thing.
    pub(super) fn set_tags(
        &self,
        arn: &str,
        tags: BTreeMap<String, String>,
    ) -> Result<(), ApiError> {
        self.change(|state| {
            state.record_mut(arn).ok_or_else(|| missing(arn))?.tags = tags;
            Ok(())
        })
    }
}

fn missing(arn: &str) -> ApiError {
    invalid(format!("Could not find resource \"{arn}\"."))
}

fn list(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect()
}
