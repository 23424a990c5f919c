//! Groups of model packages.

use serde_json::{Value, json};

use super::super::SageMaker;
use super::super::listing::Listed;
use super::super::names::{Kind, constraint, invalid, only_known, required};
use super::super::state::Record;
use super::Group;
use crate::local::wire::ApiError;

/// Longest description, in characters.
const DESCRIPTION: usize = 1024;

impl Listed for Group {
    fn record(&self) -> &Record {
        &self.record
    }

    fn tell(&self, summary: &mut Value) {
        let description = &self.record.request["ModelPackageGroupDescription"];
        summary["ModelPackageGroupDescription"] = description.clone();
        summary["ModelPackageGroupStatus"] = "Completed".into();
    }
}

impl SageMaker {
    pub(in super::super) fn create_package_group(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let name = Kind::PackageGroup.name(input)?;
        only_known(
            "CreateModelPackageGroup",
            input,
            &[
                "ModelPackageGroupName",
                "ModelPackageGroupDescription",
                "Tags",
            ],
        )?;
        check_length(input, "ModelPackageGroupDescription", DESCRIPTION)?;
        let record = self.record(Kind::PackageGroup, region, name, input)?;
        let arn = record.arn.clone();
        self.change(|state| {
            if state.package_groups.contains_key(&arn) {
                return Err(Kind::PackageGroup.exists(&arn));
            }
            let group = Group { record, newest: 0 };
            state.package_groups.insert(arn.clone(), group);
            Ok(())
        })?;
        Ok(json!({ "ModelPackageGroupArn": arn }))
    }

    pub(in super::super) fn describe_package_group(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let arn = self.group_arn(region, input)?;
        let group = self.read(|state| state.package_groups.get(&arn).cloned());
        let record = group
            .ok_or_else(|| Kind::PackageGroup.missing(&arn))?
            .record;
        let mut answer = record.request;
        answer["ModelPackageGroupName"] = record.name.into();
        answer["ModelPackageGroupArn"] = arn.into();
        answer["CreationTime"] = record.created.into();
        answer["CreatedBy"] = json!({});
        answer["ModelPackageGroupStatus"] = "Completed".into();
        Ok(answer)
    }

    pub(in super::super) fn delete_package_group(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let arn = self.group_arn(region, input)?;
        self.change(|state| {
            if state.packages.values().any(|package| package.group == arn) {
                return Err(ApiError::client(
                    "ConflictException",
                    format!(
                        "Model Package Group {arn} cannot be deleted because it still contains model \
                         packages."
                    ),
                ));
            }
            let removed = state.package_groups.remove(&arn);
            removed
                .map(|_| json!({}))
                .ok_or_else(|| Kind::PackageGroup.missing(&arn))
        })
    }

    /// Reads which group is meant: by its name, or by its ARN.
    pub(super) fn group_arn(&self, region: &str, input: &Value) -> Result<String, ApiError> {
        let given = required(input, Kind::PackageGroup.member())?;
        if !given.starts_with("arn:") {
            let name = Kind::PackageGroup.name(input)?;
            return Ok(self.arn(Kind::PackageGroup, region, name));
        }
        let own = self.arn(Kind::PackageGroup, region, "");
        if given.starts_with(&own) {
            Ok(given.to_owned())
        } else {
            Err(invalid(format!(
                "{given} is no group of model packages of this account and region."
            )))
        }
    }
}

/// Checks the length of a text, if it is given.
pub(super) fn check_length(input: &Value, member: &str, most: usize) -> Result<(), ApiError> {
    let text = input[member].as_str().unwrap_or_default();
    if text.chars().count() <= most {
        return Ok(());
    }
    Err(constraint(
        text,
        member,
        &format!("Member must have length less than or equal to {most}"),
    ))
}
