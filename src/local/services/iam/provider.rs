//! `AWS::IAM::Role`.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Iam, Role};
use crate::local::ids;
use crate::local::resource::{
    Live, Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType, TIME_LIMIT,
};

/// Provider of roles.
pub(super) struct Roles(pub(super) Arc<Iam>);

const ROLE: ResourceType = ResourceType {
    name: "AWS::IAM::Role",
    properties: &[
        "AssumeRolePolicyDocument",
        "Description",
        "ManagedPolicyArns",
        "MaxSessionDuration",
        "Path",
        "PermissionsBoundary",
        "Policies",
        "RoleName",
        "Tags",
    ],
    required: &["AssumeRolePolicyDocument"],
    create_only: &["Path", "RoleName"],
    time_limit: TIME_LIMIT,
};

#[async_trait]
impl ResourceProvider for Roles {
    fn definition(&self) -> ResourceType {
        ROLE
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let mut role = role(request, self.0.clock.epoch_millis())?;
        let made = self.0.state.write(|state| {
            if let Some(found) = state.roles.get(&role.name) {
                if found.owner != role.owner {
                    return Err(Unchanged::Refused(format!(
                        "Role with name {} already exists. (Service: Iam, Status Code: 409)",
                        role.name
                    )));
                }
                role.id.clone_from(&found.id);
                role.created = found.created;
            }
            let made = resource(&role);
            state.roles.insert(role.name.clone(), role);
            Ok(made)
        });
        made.map_err(Unchanged::reason)
    }

    async fn update(
        &self,
        physical_id: &str,
        _previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        let wanted = role(request, self.0.clock.epoch_millis())?;
        let made = self.0.state.write(|state| {
            let Some(found) = state.roles.get_mut(physical_id) else {
                return Err(Unchanged::Refused(format!(
                    "The role with name {physical_id} cannot be found. (Service: Iam, Status Code: 404)"
                )));
            };
            *found = Role {
                name: found.name.clone(),
                id: found.id.clone(),
                arn: found.arn.clone(),
                path: found.path.clone(),
                created: found.created,
                owner: found.owner.clone(),
                ..wanted
            };
            Ok(resource(found))
        });
        made.map_err(Unchanged::reason)
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        let removed = self.0.state.write(|state| {
            state.roles.remove(physical_id);
            Ok(())
        });
        removed.map_err(Unchanged::reason)
    }

    /// Inline policies are answered as expected: whoever changes them through IAM is not seen here.
    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        Ok(self
            .0
            .state
            .read(|state| match state.roles.get(physical_id) {
                None => Live::Missing,
                Some(role) => Live::over(
                    expected,
                    [
                        ("AssumeRolePolicyDocument", role.trust.clone()),
                        ("Description", json!(role.description)),
                        ("ManagedPolicyArns", json!(role.managed)),
                        ("MaxSessionDuration", json!(role.longest_session)),
                        ("PermissionsBoundary", json!(role.boundary)),
                    ],
                ),
            }))
    }
}

/// Why the state did not change: a reason of the service, or trouble with the file.
pub(super) enum Unchanged {
    Refused(String),
    Unwritten(std::io::Error),
}

impl From<std::io::Error> for Unchanged {
    fn from(error: std::io::Error) -> Self {
        Self::Unwritten(error)
    }
}

impl Unchanged {
    // No `From`: it would make error types ambiguous wherever resource errors are used with `?`.
    pub(super) fn reason(self) -> ResourceError {
        match self {
            Self::Refused(reason) => ResourceError::new(reason),
            Self::Unwritten(error) => {
                ResourceError::new(format!("the local engine cannot write its state: {error}"))
            }
        }
    }
}

fn resource(role: &Role) -> Resource {
    Resource {
        physical_id: role.name.clone(),
        attributes: [
            ("Arn".to_owned(), json!(role.arn)),
            ("RoleId".to_owned(), json!(role.id)),
        ]
        .into(),
    }
}

fn role(request: &ResourceRequest, now: i64) -> Result<Role, ResourceError> {
    let properties = &request.properties;
    let name = request
        .string("RoleName")
        .unwrap_or(&request.physical_name)
        .to_owned();
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    if name.is_empty() || name.len() > 64 || !name.bytes().all(valid) {
        return Err(ResourceError::new(format!(
            "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_- and have at most 64 of them: {name}"
        )));
    }
    let path = request.string("Path").unwrap_or("/").to_owned();
    if !path.starts_with('/') || !path.ends_with('/') {
        return Err(ResourceError::new(format!(
            "The specified value for path is invalid: {path}"
        )));
    }
    let trust = document(
        "AssumeRolePolicyDocument",
        properties.get("AssumeRolePolicyDocument"),
    )?;
    let mut tags = request.tags.clone();
    tags.retain(|key, _| !key.starts_with("aws:"));
    for tag in list(properties, "Tags") {
        if let (Some(key), Some(value)) = (tag["Key"].as_str(), tag["Value"].as_str()) {
            tags.insert(key.to_owned(), value.to_owned());
        }
    }
    let longest_session = match properties.get("MaxSessionDuration") {
        None => 3600,
        Some(value) => number(value)
            .filter(|seconds| (3600..=43200).contains(seconds))
            .ok_or_else(|| {
                ResourceError::new(format!(
                    "MaxSessionDuration must be from 3600 to 43200 seconds, not {value}"
                ))
            })?,
    };
    Ok(Role {
        id: format!("AROA{}", ids::suffix(17)),
        arn: format!("arn:aws:iam::{}:role{path}{name}", request.account),
        path,
        created: now,
        description: request.string("Description").map(str::to_owned),
        trust,
        longest_session,
        policies: policies(properties)?,
        managed: list(properties, "ManagedPolicyArns")
            .iter()
            .filter_map(|arn| Some(arn.as_str()?.to_owned()))
            .collect(),
        tags,
        boundary: request.string("PermissionsBoundary").map(str::to_owned),
        owner: format!(
            "{}/{}/{}",
            request.stack_id, request.logical_id, request.physical_name
        ),
        name,
    })
}

fn policies(properties: &Value) -> Result<BTreeMap<String, Value>, ResourceError> {
    let mut policies = BTreeMap::new();
    for policy in list(properties, "Policies") {
        let name = policy["PolicyName"]
            .as_str()
            .ok_or_else(|| ResourceError::new("#/Policies: required key [PolicyName] not found"))?;
        let document = document(name, policy.get("PolicyDocument"))?;
        policies.insert(name.to_owned(), document);
    }
    Ok(policies)
}

/// Checks the outer form of a policy document.
pub(super) fn document(name: &str, document: Option<&Value>) -> Result<Value, ResourceError> {
    let malformed = |what: &str| {
        ResourceError::new(format!(
            "{name}: {what} (Service: Iam, Status Code: 400, MalformedPolicyDocument)"
        ))
    };
    let document = match document {
        Some(Value::String(text)) => {
            serde_json::from_str(text).map_err(|_| malformed("Syntax errors in policy."))?
        }
        Some(document) => document.clone(),
        None => return Err(malformed("there is no policy document")),
    };
    let statements: Vec<&Value> = match &document["Statement"] {
        Value::Array(statements) => statements.iter().collect(),
        statement @ Value::Object(_) => vec![statement],
        _ => return Err(malformed("Missing required field Statement")),
    };
    for statement in statements {
        if !matches!(statement["Effect"].as_str(), Some("Allow" | "Deny")) {
            return Err(malformed("Missing required field Effect"));
        }
        if statement.get("Action").is_none() && statement.get("NotAction").is_none() {
            return Err(malformed("Policy statement must contain actions."));
        }
    }
    Ok(document)
}

fn list<'a>(properties: &'a Value, name: &str) -> &'a [Value] {
    properties
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::clock::Clock;

    fn request(name: &str, properties: Value) -> ResourceRequest {
        ResourceRequest {
            stack_name: "app".into(),
            stack_id: "arn:stack".into(),
            logical_id: "Role".into(),
            physical_name: name.into(),
            region: "us-east-1".into(),
            account: "000000000000".into(),
            properties,
            tags: BTreeMap::from([("team".into(), "news".into())]),
        }
    }

    fn properties(policy: &str) -> Value {
        let document = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" }] });
        json!({ "AssumeRolePolicyDocument": document, "Policies": [{ "PolicyName": policy, "PolicyDocument": document }] })
    }

    #[tokio::test]
    async fn a_role_lives_and_dies() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("iam.json");
        let iam = Arc::new(Iam::open(path.clone(), Clock::start()).unwrap());
        let roles = Roles(Arc::clone(&iam));
        let made = roles
            .create(&request("app-Role-1", properties("read")))
            .await
            .unwrap();
        assert_eq!(
            made.attributes["Arn"],
            "arn:aws:iam::000000000000:role/app-Role-1"
        );
        assert!(iam.role_exists("arn:aws:iam::000000000000:role/app-Role-1"));
        let again = roles
            .create(&request("app-Role-1", properties("read")))
            .await
            .unwrap();
        assert_eq!(made, again, "a repeated creation finds what is there");
        roles
            .update(
                &made.physical_id,
                &Value::Null,
                &request("app-Role-1", properties("write")),
            )
            .await
            .unwrap();
        let reopened = Iam::open(path, Clock::start()).unwrap();
        reopened.state.read(|state| {
            let role = &state.roles["app-Role-1"];
            assert_eq!(role.policies.keys().collect::<Vec<_>>(), ["write"]);
            assert_eq!(role.tags["team"], "news");
        });
        roles.delete("app-Role-1").await.unwrap();
        roles.delete("app-Role-1").await.unwrap();
        assert!(!iam.role_exists("arn:aws:iam::000000000000:role/app-Role-1"));
    }

    #[tokio::test]
    async fn anothers_name_and_bad_documents_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let roles = Roles(Arc::new(
            Iam::open(folder.path().join("iam.json"), Clock::start()).unwrap(),
        ));
        let mut fixed = properties("read");
        fixed["RoleName"] = json!("fixed");
        roles.create(&request("one", fixed.clone())).await.unwrap();
        let error = roles.create(&request("two", fixed)).await.unwrap_err();
        assert!(error.message.contains("fixed already exists"), "{error}");
        for bad in [
            json!({}),
            json!({ "Statement": [{ "Action": "x" }] }),
            json!({ "Statement": [{ "Effect": "Allow" }] }),
        ] {
            let error = roles
                .create(&request("x", json!({ "AssumeRolePolicyDocument": bad })))
                .await
                .unwrap_err();
            assert!(error.message.contains("MalformedPolicyDocument"), "{error}");
        }
    }
}
