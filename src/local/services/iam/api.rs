//! IAM's operations; those that read are here.

use axum::body::Body;
use axum::http::{Response, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{Iam, Role};
use crate::local::clock::iso8601;
use crate::local::wire::query::{Parameters, Xml, answer};
use crate::local::wire::{ApiError, ApiRequest};

const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// Documents travel percent-encoded as RFC 3986 has it.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Answers one request.
pub(super) fn handle(iam: &Iam, request: &ApiRequest) -> Response<Body> {
    let parameters = Parameters::parse(if request.body.is_empty() {
        request.query.as_bytes()
    } else {
        &request.body
    });
    let action = parameters.action();
    let result = match action {
        "DeleteRolePolicy" => iam.delete_role_policy(&parameters),
        "GetRole" => with_role(iam, &parameters, |role| {
            let mut xml = Xml::default();
            xml.element("Role", |xml| describe(xml, role));
            Ok(xml)
        }),
        "GetRolePolicy" => with_role(iam, &parameters, |role| policy(role, &parameters)),
        "ListAttachedRolePolicies" => with_role(iam, &parameters, |role| {
            let mut xml = Xml::default();
            xml.text("IsTruncated", false)
                .list("AttachedPolicies", &role.managed, |xml, arn| {
                    xml.text("PolicyName", arn.rsplit('/').next().unwrap_or(arn))
                        .text("PolicyArn", arn);
                });
            Ok(xml)
        }),
        "ListRolePolicies" => with_role(iam, &parameters, |role| {
            let mut xml = Xml::default();
            xml.text("IsTruncated", false)
                .values("PolicyNames", role.policies.keys());
            Ok(xml)
        }),
        "ListRoleTags" => with_role(iam, &parameters, |role| {
            let mut xml = Xml::default();
            xml.text("IsTruncated", false);
            tags(&mut xml, role);
            Ok(xml)
        }),
        "ListRoles" => list(iam, &parameters),
        "PutRolePolicy" => iam.put_role_policy(&parameters),
        "UpdateAssumeRolePolicy" => iam.update_assume_role_policy(&parameters),
        other => Err(ApiError::not_emulated("iam", other)),
    };
    answer(NAMESPACE, action, result)
}

fn with_role(
    iam: &Iam,
    parameters: &Parameters,
    look: impl FnOnce(&Role) -> Result<Xml, ApiError>,
) -> Result<Xml, ApiError> {
    let name = parameters.required("RoleName")?;
    iam.state.read(|state| match state.roles.get(name) {
        Some(role) => look(role),
        None => Err(no_such_entity(format!(
            "The role with name {name} cannot be found."
        ))),
    })
}

fn list(iam: &Iam, parameters: &Parameters) -> Result<Xml, ApiError> {
    let prefix = parameters.get("PathPrefix").unwrap_or("/");
    let size = match parameters.get("MaxItems").map(str::parse::<usize>) {
        None => 100,
        Some(Ok(size @ 1..=1000)) => size,
        Some(_) => {
            return Err(ApiError::client(
                "ValidationError",
                "MaxItems must be from 1 to 1000",
            ));
        }
    };
    let marker = parameters.get("Marker").unwrap_or_default();
    iam.state.read(|state| {
        // The marker is the name of the last role of the page before.
        let mut roles = state
            .roles
            .values()
            .filter(|role| role.path.starts_with(prefix) && role.name.as_str() > marker);
        let page: Vec<&Role> = roles.by_ref().take(size).collect();
        let more = roles.next().is_some();
        let mut xml = Xml::default();
        xml.text("IsTruncated", more)
            .list("Roles", &page, |xml, role| describe(xml, role));
        xml.optional(
            "Marker",
            page.last().filter(|_| more).map(|role| &role.name),
        );
        Ok(xml)
    })
}

fn policy(role: &Role, parameters: &Parameters) -> Result<Xml, ApiError> {
    let name = parameters.required("PolicyName")?;
    let document = role.policies.get(name).ok_or_else(|| {
        no_such_entity(format!("The role policy with name {name} cannot be found."))
    })?;
    let mut xml = Xml::default();
    xml.text("RoleName", &role.name)
        .text("PolicyName", name)
        .text("PolicyDocument", encoded(document));
    Ok(xml)
}

fn describe(xml: &mut Xml, role: &Role) {
    xml.text("Path", &role.path)
        .text("RoleName", &role.name)
        .text("RoleId", &role.id)
        .text("Arn", &role.arn)
        .text("CreateDate", iso8601(role.created))
        .text("AssumeRolePolicyDocument", encoded(&role.trust))
        .optional("Description", role.description.as_ref())
        .text("MaxSessionDuration", role.longest_session);
    if let Some(boundary) = &role.boundary {
        xml.element("PermissionsBoundary", |xml| {
            xml.text("PermissionsBoundaryType", "Policy")
                .text("PermissionsBoundaryArn", boundary);
        });
    }
    tags(xml, role);
}

fn tags(xml: &mut Xml, role: &Role) {
    xml.list("Tags", &role.tags, |xml, (key, value)| {
        xml.text("Key", key).text("Value", value);
    });
}

fn encoded(document: &Value) -> String {
    utf8_percent_encode(&document.to_string(), ENCODED).to_string()
}

pub(super) fn no_such_entity(message: String) -> ApiError {
    ApiError::with_status(StatusCode::NOT_FOUND, "NoSuchEntity", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::auth::Caller;
    use crate::local::clock::Clock;
    use axum::http::{HeaderMap, Method};
    use serde_json::json;

    fn role(name: &str) -> Role {
        Role {
            name: name.into(),
            id: "AROA1".into(),
            arn: format!("arn:aws:iam::000000000000:role/{name}"),
            path: "/".into(),
            created: 0,
            description: None,
            trust: json!({ "a": 1 }),
            longest_session: 3600,
            policies: [("read".to_owned(), json!({ "Statement": [] }))].into(),
            managed: vec!["arn:aws:iam::aws:policy/ReadOnlyAccess".into()],
            tags: [("k".to_owned(), "v".to_owned())].into(),
            boundary: None,
            owner: String::new(),
        }
    }

    async fn call(iam: &Iam, form: &str) -> (u16, String) {
        let response = handle(
            iam,
            &ApiRequest {
                method: Method::POST,
                path: "/".into(),
                query: String::new(),
                headers: HeaderMap::new(),
                body: form.to_owned().into(),
                region: "us-east-1".into(),
                caller: Caller::root("000000000000"),
            },
        );
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 100_000)
            .await
            .unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn roles_are_shown_and_listed_in_pages() {
        let folder = tempfile::tempdir().unwrap();
        let iam = Iam::open(folder.path().join("iam.json"), Clock::start()).unwrap();
        iam.state
            .write(|state| {
                state
                    .roles
                    .extend(["a", "b", "c"].map(|name| (name.to_owned(), role(name))));
                Ok::<_, std::io::Error>(())
            })
            .unwrap();
        let (_, text) = call(&iam, "Action=GetRole&RoleName=a").await;
        assert!(
            text.contains("<AssumeRolePolicyDocument>%7B%22a%22%3A1%7D<"),
            "{text}"
        );
        let (_, text) = call(&iam, "Action=GetRolePolicy&RoleName=a&PolicyName=read").await;
        assert!(text.contains("%7B%22Statement%22%3A%5B%5D%7D"), "{text}");
        let (_, text) = call(&iam, "Action=ListAttachedRolePolicies&RoleName=a").await;
        assert!(text.contains("<PolicyName>ReadOnlyAccess<"), "{text}");
        let (_, text) = call(&iam, "Action=ListRoles&MaxItems=2").await;
        assert!(
            text.contains("<IsTruncated>true<") && text.contains("<Marker>b<"),
            "{text}"
        );
        let (_, text) = call(&iam, "Action=ListRoles&MaxItems=2&Marker=b").await;
        assert!(
            text.contains("<IsTruncated>false<") && text.contains("<RoleName>c<"),
            "{text}"
        );
        let (status, text) = call(&iam, "Action=GetRole&RoleName=x").await;
        assert!(
            status == 404 && text.contains("<Code>NoSuchEntity<"),
            "{text}"
        );
        let (status, text) = call(
            &iam,
            "Action=PutRolePolicy&RoleName=a&PolicyName=more&PolicyDocument=%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A*%22%7D%7D",
        )
        .await;
        assert_eq!(status, 200, "{text}");
        let (_, text) = call(&iam, "Action=ListRolePolicies&RoleName=a").await;
        assert!(text.contains("<member>more<"), "{text}");
        call(&iam, "Action=DeleteRolePolicy&RoleName=a&PolicyName=more").await;
        let (status, text) = call(&iam, "Action=DeleteRolePolicy&RoleName=a&PolicyName=more").await;
        assert!(status == 404, "{text}");
        let (_, text) = call(
            &iam,
            "Action=UpdateAssumeRolePolicy&RoleName=a&PolicyDocument=%7B%7D",
        )
        .await;
        assert!(text.contains("<Code>MalformedPolicyDocument<"), "{text}");
        let (status, text) = call(&iam, "Action=CreateUser").await;
        assert!(
            status == 501 && text.contains("does not emulate iam CreateUser"),
            "{text}"
        );
    }
}
