//! Versions of a model, with what is known of them and whether they are approved.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::SageMaker;
use super::super::listing::{Listed, page};
use super::super::names::{Kind, constraint, invalid, only_known, required, unsupported};
use super::super::ports::S3Uri;
use super::super::state::Record;
use super::groups::check_length;
use super::{Approval, Package};
use crate::local::wire::ApiError;

/// The members of `CreateModelPackage` that are understood.
const MEMBERS: [&str; 9] = [
    "ApprovalDescription",
    "ClientToken",
    "CustomerMetadataProperties",
    "InferenceSpecification",
    "MetadataProperties",
    "ModelApprovalStatus",
    "ModelMetrics",
    "ModelPackageDescription",
    "ModelPackageGroupName",
];
/// The members of `UpdateModelPackage` that are understood.
const UPDATES: [&str; 6] = [
    "ApprovalDescription",
    "CustomerMetadataProperties",
    "CustomerMetadataPropertiesToRemove",
    "ModelApprovalStatus",
    "ModelPackageArn",
    "ModelPackageRegistrationType",
];
/// Members that a version has in a state that changes, and which its request therefore does not keep.
const CHANGEABLE: [&str; 4] = [
    "ApprovalDescription",
    "ClientToken",
    "CustomerMetadataProperties",
    "ModelApprovalStatus",
];
/// Longest description, in characters.
const DESCRIPTION: usize = 1024;
/// Most containers of a package.
const CONTAINERS: usize = 15;
/// Most metadata properties, and their longest key and value ("`CreateModelPackage`", `SageMaker` API
/// reference).
const PROPERTIES: usize = 50;
const KEY: usize = 128;
const VALUE: usize = 256;

impl SageMaker {
    pub(in super::super) fn create_package(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        check_request(input)?;
        let group = self.group_arn(region, input)?;
        let token = input["ClientToken"].as_str().map(str::to_owned);
        let approval = Approval::read(input)?.unwrap_or_default();
        let properties = properties(input)?;
        let name = group.rsplit('/').next().unwrap_or_default().to_owned();
        let mut record = self.record(Kind::Package, region, &name, input)?;
        if let Some(members) = record.request.as_object_mut() {
            members.retain(|name, _| !CHANGEABLE.contains(&name.as_str()));
        }
        let arn = self.change(|state| {
            let there = state.package_groups.get_mut(&group);
            let there = there.ok_or_else(|| Kind::PackageGroup.missing(&group))?;
            let mut packages = state.packages.values();
            let same = packages.find(|one| one.group == group && one.token == token);
            if let (Some(same), true) = (same, token.is_some()) {
                return Ok(same.record.arn.clone());
            }
            there.newest += 1;
            record.name = format!("{name}/{}", there.newest);
            record.arn = format!("{}/{}", record.arn, there.newest);
            let arn = record.arn.clone();
            let package = Package {
                record,
                group,
                version: there.newest,
                approval,
                approval_note: note(input),
                properties,
                token,
            };
            state.packages.insert(arn.clone(), package);
            Ok(arn)
        })?;
        Ok(json!({ "ModelPackageArn": arn }))
    }

    pub(in super::super) fn describe_package(&self, input: &Value) -> Result<Value, ApiError> {
        let arn = Kind::Package.versioned(input)?;
        let package = self.read(|state| state.packages.get(arn).cloned());
        let package = package.ok_or_else(|| Kind::Package.missing(arn))?;
        let mut answer = package.record.request.clone();
        let summary = package.summary();
        for (name, value) in summary.as_object().into_iter().flatten() {
            answer[name] = value.clone();
        }
        answer["LastModifiedTime"] = package.record.modified.into();
        answer["CreatedBy"] = json!({});
        answer["ModelPackageStatusDetails"] = json!({ "ValidationStatuses": [] });
        answer["CertifyForMarketplace"] = false.into();
        answer["CustomerMetadataProperties"] = json!(package.properties);
        if let Some(note) = package.approval_note {
            answer["ApprovalDescription"] = note.into();
        }
        Ok(answer)
    }

    pub(in super::super) fn update_package(&self, input: &Value) -> Result<Value, ApiError> {
        only_known("UpdateModelPackage", input, &UPDATES)?;
        check_length(input, "ApprovalDescription", DESCRIPTION)?;
        let arn = required(input, "ModelPackageArn")?;
        let approval = Approval::read(input)?;
        let added = properties(input)?;
        let removed = input["CustomerMetadataPropertiesToRemove"].as_array();
        let now = self.parts.clock.epoch_seconds();
        self.change(|state| {
            let package = state.packages.get_mut(arn);
            let package = package.ok_or_else(|| Kind::Package.missing(arn))?;
            for name in removed.into_iter().flatten().filter_map(Value::as_str) {
                package.properties.remove(name);
            }
            package.properties.extend(added);
            check_count(&package.properties)?;
            package.approval = approval.unwrap_or(package.approval);
            package.approval_note = note(input).or(package.approval_note.take());
            package.record.modified = now;
            Ok(json!({ "ModelPackageArn": arn }))
        })
    }

    pub(in super::super) fn list_packages(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let mut filters = input.clone();
        let mut take = |name: &str| filters.as_object_mut()?.shift_remove(name);
        let (group, approval) = (take("ModelPackageGroupName"), take("ModelApprovalStatus"));
        match take("ModelPackageType").as_ref().and_then(Value::as_str) {
            None | Some("Versioned" | "Both") => {}
            Some(other) => return Err(unsupported(format!("the ModelPackageType {other}"))),
        }
        let group = group.map(|_| self.group_arn(region, input)).transpose()?;
        let approval = approval.map(|_| Approval::read(input)).transpose()?;
        self.read(|state| {
            if let Some(group) = group
                .as_ref()
                .filter(|arn| !state.package_groups.contains_key(*arn))
            {
                return Err(Kind::PackageGroup.missing(group));
            }
            let here = state.packages.values().filter(|package| {
                group.as_ref().is_none_or(|group| package.group == *group)
                    && approval
                        .flatten()
                        .is_none_or(|wanted| package.approval == wanted)
            });
            page(Kind::Package, region, &filters, here)
        })
    }

    pub(in super::super) fn delete_package(&self, input: &Value) -> Result<Value, ApiError> {
        let arn = Kind::Package.versioned(input)?;
        self.change(|state| {
            let removed = state.packages.remove(arn);
            removed
                .map(|_| json!({}))
                .ok_or_else(|| Kind::Package.missing(arn))
        })
    }
}

impl Kind {
    /// Reads the ARN of a version, which is the only name that it has.
    fn versioned(self, input: &Value) -> Result<&str, ApiError> {
        let given = required(input, self.member())?;
        if given.starts_with("arn:") {
            Ok(given)
        } else {
            Err(unsupported("model packages that are not versioned"))
        }
    }
}

impl Package {
    fn summary(&self) -> Value {
        let Record { arn, created, .. } = &self.record;
        json!({
            "ModelPackageGroupName": self.group.rsplit('/').next(),
            "ModelPackageVersion": self.version,
            "ModelPackageArn": arn,
            "ModelPackageDescription": self.record.request["ModelPackageDescription"],
            "CreationTime": created,
            "ModelPackageStatus": "Completed",
            "ModelApprovalStatus": self.approval,
        })
    }
}

impl Listed for Package {
    fn record(&self) -> &Record {
        &self.record
    }

    /// Versions that were made at the same moment are in their order.
    fn name(&self) -> String {
        let group = self.group.rsplit('/').next().unwrap_or_default();
        format!("{group}/{:010}", self.version)
    }

    fn tell(&self, summary: &mut Value) {
        *summary = self.summary();
    }
}

impl Approval {
    /// Reads the status of a request, if it has one.
    fn read(input: &Value) -> Result<Option<Self>, ApiError> {
        let given = &input["ModelApprovalStatus"];
        match given.as_str() {
            None => Ok(None),
            Some("Approved") => Ok(Some(Self::Approved)),
            Some("Rejected") => Ok(Some(Self::Rejected)),
            Some("PendingManualApproval") => Ok(Some(Self::Pending)),
            Some(other) => Err(constraint(
                other,
                "ModelApprovalStatus",
                "Member must satisfy enum value set: [Approved, Rejected, PendingManualApproval]",
            )),
        }
    }
}

fn check_request(input: &Value) -> Result<(), ApiError> {
    let is_given = |member: &str| !input[member].is_null();
    match (
        is_given("ModelPackageName"),
        is_given("ModelPackageGroupName"),
    ) {
        (true, true) => {
            return Err(invalid(
                "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot \
                 determine which one to use.",
            ));
        }
        (true, false) => return Err(unsupported("model packages that are not versioned")),
        (false, _) => {}
    }
    // "In this case, you cannot supply a tag argument" (`CreateModelPackage`, `SageMaker` API reference).
    if input["Tags"]
        .as_array()
        .is_some_and(|tags| !tags.is_empty())
    {
        return Err(invalid(
            "Tags cannot be specified for a model package version; it uses the tags of its group.",
        ));
    }
    only_known("CreateModelPackage", input, &MEMBERS)?;
    check_length(input, "ModelPackageDescription", DESCRIPTION)?;
    check_length(input, "ApprovalDescription", DESCRIPTION)?;
    check_inference(&input["InferenceSpecification"])
}

/// Checks how the model is served, if that is said.
fn check_inference(inference: &Value) -> Result<(), ApiError> {
    if inference.is_null() {
        return Ok(());
    }
    let containers = inference["Containers"].as_array().map(Vec::as_slice);
    let containers = containers.unwrap_or_default();
    if !(1..=CONTAINERS).contains(&containers.len()) {
        return Err(constraint(
            &containers.len().to_string(),
            "InferenceSpecification.Containers",
            "Member must have length from 1 to 15",
        ));
    }
    for container in containers {
        required(container, "Image")?;
        let data = container["ModelDataUrl"].as_str();
        if let Some(data) = data.filter(|data| S3Uri::parse(data).is_none()) {
            return Err(constraint(
                data,
                "ModelDataUrl",
                "Member must satisfy regular expression pattern: ^(https|s3)://([^/]+)/?(.*)$",
            ));
        }
    }
    Ok(())
}

fn properties(input: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let given = input["CustomerMetadataProperties"].as_object();
    let mut properties = BTreeMap::new();
    for (key, value) in given.into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        let fits =
            (1..=KEY).contains(&key.chars().count()) && (1..=VALUE).contains(&text.chars().count());
        if !fits {
            return Err(constraint(
                key,
                "CustomerMetadataProperties",
                "Keys must have 1 to 128 characters, and values 1 to 256",
            ));
        }
        properties.insert(key.clone(), text.to_owned());
    }
    check_count(&properties)?;
    Ok(properties)
}

fn check_count(properties: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if properties.len() <= PROPERTIES {
        return Ok(());
    }
    Err(constraint(
        &properties.len().to_string(),
        "CustomerMetadataProperties",
        "Member must have length less than or equal to 50",
    ))
}

fn note(input: &Value) -> Option<String> {
    input["ApprovalDescription"].as_str().map(str::to_owned)
}
