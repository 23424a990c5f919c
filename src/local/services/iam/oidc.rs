//! `AWS::IAM::OIDCProvider`: kept and shown; nobody can take a role by its tokens here.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Iam;
use super::provider::Unchanged;
use crate::local::resource::{
    Live, Resource, ResourceError, ResourceProvider, ResourceRequest, ResourceType, TIME_LIMIT,
};

/// An OpenID Connect provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Provider {
    url: String,
    clients: Vec<String>,
    /// Which resource of which stack it is, so that a repeated creation finds its own work.
    owner: String,
}

/// Provider of OpenID Connect providers.
pub(super) struct Providers(pub(super) Arc<Iam>);

const OIDC_PROVIDER: ResourceType = ResourceType {
    name: "AWS::IAM::OIDCProvider",
    properties: &["ClientIdList", "Tags", "ThumbprintList", "Url"],
    required: &[],
    create_only: &["Url"],
    time_limit: TIME_LIMIT,
};

#[async_trait]
impl ResourceProvider for Providers {
    fn definition(&self) -> ResourceType {
        OIDC_PROVIDER
    }

    async fn create(&self, request: &ResourceRequest) -> Result<Resource, ResourceError> {
        let (arn, provider) = provider(request)?;
        let made = self.0.state.write(|state| {
            // An account has one for a URL.
            if state
                .oidc
                .get(&arn)
                .is_some_and(|found| found.owner != provider.owner)
            {
                return Err(Unchanged::Refused(format!(
                    "Provider with url {} already exists. (Service: Iam, Status Code: 409)",
                    provider.url
                )));
            }
            state.oidc.insert(arn.clone(), provider);
            Ok(resource(&arn))
        });
        made.map_err(Unchanged::reason)
    }

    async fn update(
        &self,
        physical_id: &str,
        _previous: &Value,
        request: &ResourceRequest,
    ) -> Result<Resource, ResourceError> {
        let (_, provider) = provider(request)?;
        let made = self.0.state.write(|state| {
            state.oidc.insert(physical_id.to_owned(), provider);
            Ok(resource(physical_id))
        });
        made.map_err(Unchanged::reason)
    }

    async fn delete(&self, physical_id: &str) -> Result<(), ResourceError> {
        let removed = self.0.state.write(|state| {
            state.oidc.remove(physical_id);
            Ok(())
        });
        removed.map_err(Unchanged::reason)
    }

    fn read(&self, physical_id: &str, expected: &Value) -> Result<Live, ResourceError> {
        Ok(self
            .0
            .state
            .read(|state| match state.oidc.get(physical_id) {
                None => Live::Missing,
                Some(provider) => Live::over(expected, [("ClientIdList", json!(provider.clients))]),
            }))
    }
}

fn provider(request: &ResourceRequest) -> Result<(String, Provider), ResourceError> {
    let url = request.string("Url").unwrap_or_default();
    let host = url.strip_prefix("https://").filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| {
        ResourceError::new(format!("Invalid Open ID Connect Provider URL: {url}"))
    })?;
    let clients = request
        .properties
        .get("ClientIdList")
        .and_then(Value::as_array);
    let provider = Provider {
        url: url.to_owned(),
        clients: (clients.into_iter().flatten())
            .filter_map(|client| Some(client.as_str()?.to_owned()))
            .collect(),
        owner: format!("{}/{}", request.stack_id, request.logical_id),
    };
    let account = &request.account;
    Ok((
        format!("arn:aws:iam::{account}:oidc-provider/{host}"),
        provider,
    ))
}

fn resource(arn: &str) -> Resource {
    Resource {
        physical_id: arn.to_owned(),
        attributes: BTreeMap::from([("Arn".to_owned(), json!(arn))]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::clock::Clock;

    fn request(logical_id: &str, url: &str) -> ResourceRequest {
        ResourceRequest {
            stack_name: "app".into(),
            stack_id: "arn:stack".into(),
            logical_id: logical_id.into(),
            physical_name: "app-x".into(),
            region: "us-east-1".into(),
            account: "000000000000".into(),
            properties: json!({ "Url": url, "ClientIdList": ["sts.amazonaws.com"] }),
            tags: BTreeMap::new(),
        }
    }

    #[tokio::test]
    async fn an_account_has_one_provider_for_a_url() {
        let folder = tempfile::tempdir().unwrap();
        let iam = Iam::open(folder.path().join("iam.json"), Clock::start()).unwrap();
        let providers = Providers(Arc::new(iam));
        let url = "https://token.actions.githubusercontent.com";
        let made = providers.create(&request("One", url)).await.unwrap();
        let arn = "arn:aws:iam::000000000000:oidc-provider/token.actions.githubusercontent.com";
        assert_eq!(made.physical_id, arn);
        assert_eq!(providers.create(&request("One", url)).await.unwrap(), made);
        let other = providers.create(&request("Two", url)).await.unwrap_err();
        assert!(other.message.contains("already exists"), "{other}");
        assert!(providers.create(&request("One", "token")).await.is_err());
        providers.delete(arn).await.unwrap();
        assert_eq!(providers.read(arn, &json!({})).unwrap(), Live::Missing);
        providers.create(&request("Two", url)).await.unwrap();
    }
}
