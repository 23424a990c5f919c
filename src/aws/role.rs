//! Roles that are assumed with the credentials at hand, for a session that is renewed before it ends.

use std::error::Error;

use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use super::fault::fault;
use super::refused::Refused;
use crate::cloud::CloudFault;

/// A role that is assumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// The external id that its trust policy asks for.
    pub external_id: Option<String>,
    /// What the session is called in the account's records.
    pub session_name: String,
}

/// Names a session after its user, in the letters that STS takes ("`AssumeRole`" in the STS API reference).
pub fn session_name(user: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let user = user.chars().map(|c| if allowed(c) { c } else { '-' });
    "deploy-".chars().chain(user).take(64).collect()
}

/// The configuration of whoever has assumed a role.
pub(super) async fn assumed(own: SdkConfig, role: &Role) -> SdkConfig {
    let mut provider = AssumeRoleProvider::builder(&role.arn)
        .session_name(&role.session_name)
        .configure(&own);
    if let Some(id) = &role.external_id {
        provider = provider.external_id(id);
    }
    let provider = Assuming {
        arn: role.arn.clone(),
        provider: provider.build().await,
    };
    own.into_builder()
        .credentials_provider(SharedCredentialsProvider::new(provider))
        .build()
}

/// Assumes a role whenever credentials are asked for; the SDK keeps them until they end.
#[derive(Debug)]
struct Assuming {
    arn: String,
    provider: AssumeRoleProvider,
}

impl ProvideCredentials for Assuming {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::new(async {
            let provided = self.provider.provide_credentials().await;
            provided.map_err(|error| match self.explain(&error) {
                Some(refused) => CredentialsError::provider_error(refused),
                None => error,
            })
        })
    }
}

impl Assuming {
    /// Tells what STS said, and of which role.
    fn explain(&self, error: &CredentialsError) -> Option<Refused> {
        let answer = error.source()?;
        let answer = answer.downcast_ref::<SdkError<AssumeRoleError, HttpResponse>>()?;
        let fault = fault("AssumeRole", answer);
        Some(Refused(CloudFault {
            message: format!("cannot assume role {}: {}", self.arn, fault.message),
            ..fault
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector,
    };
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use aws_smithy_types::body::SdkBody;

    use super::*;
    use crate::aws::{Connection, Endpoint, connect_through};
    use crate::cloud::{Cloud, FaultKind};

    const ARN: &str = "arn:aws:iam::111122223333:role/deployer";

    /// An STS with one role.
    #[derive(Debug, Clone)]
    struct Sts {
        /// When its sessions end.
        expiration: &'static str,
        refuses: bool,
        /// Of each request, the access key and the body.
        seen: Arc<Mutex<Vec<(String, String)>>>,
    }

    impl HttpConnector for Sts {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let signature = request.headers().get("authorization").unwrap();
            let key = signature.split_once("Credential=").unwrap().1;
            let key = key.split('/').next().unwrap().to_owned();
            let body = String::from_utf8_lossy(request.body().bytes().unwrap()).into_owned();
            let assumes = body.contains("Action=AssumeRole");
            self.seen.lock().unwrap().push((key, body));
            let (status, body) = if assumes && self.refuses {
                let text = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: \
                            arn:aws:iam::444455556666:user/a is not authorized to perform: sts:AssumeRole on \
                            resource: arn:aws:iam::111122223333:role/deployer</Message></Error></ErrorResponse>";
                (403, text.to_owned())
            } else if assumes {
                let expiration = self.expiration;
                let text = format!(
                    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIASESSION</AccessKeyId>\
                     <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
                     <Expiration>{expiration}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
                );
                (200, text)
            } else {
                let text = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn</Arn>\
                            <Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
                (200, text.to_owned())
            };
            let answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
            HttpConnectorFuture::ready(Ok(answer))
        }
    }

    fn sts(expiration: &'static str) -> Sts {
        Sts {
            expiration,
            refuses: false,
            seen: Arc::default(),
        }
    }

    async fn connected(sts: &Sts) -> Cloud {
        let connection = Connection {
            region: "eu-west-1".to_owned(),
            profile: None,
            role: Some(Role {
                arn: ARN.to_owned(),
                external_id: Some("news/7f3a".to_owned()),
                session_name: session_name("a user"),
            }),
            service_role: None,
            endpoint: Some(Endpoint {
                url: "http://127.0.0.1:1".to_owned(),
                access_key: "AKIAOWN".to_owned(),
                secret_key: "own".to_owned(),
            }),
        };
        connect_through(&connection, SharedHttpConnector::new(sts.clone())).await
    }

    #[tokio::test]
    async fn a_role_is_assumed_once_and_acted_as() {
        let sts = sts("2999-01-01T00:00:00Z");
        let cloud = connected(&sts).await;
        for _ in 0..2 {
            cloud.identity.caller().await.unwrap();
        }
        let seen = sts.seen.lock().unwrap();
        let keys: Vec<&str> = seen.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["AKIAOWN", "ASIASESSION", "ASIASESSION"]);
        for said in [
            "RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fdeployer",
            "ExternalId=news%2F7f3a",
            "RoleSessionName=deploy-a-user",
        ] {
            assert!(seen[0].1.contains(said), "{}", seen[0].1);
        }
    }

    #[tokio::test]
    async fn a_session_that_ends_is_renewed() {
        let sts = sts("2001-01-01T00:00:00Z");
        let cloud = connected(&sts).await;
        for _ in 0..2 {
            cloud.identity.caller().await.unwrap();
        }
        let seen = sts.seen.lock().unwrap();
        let assumed = seen.iter().filter(|(key, _)| key == "AKIAOWN");
        assert_eq!(assumed.count(), 2);
    }

    #[tokio::test]
    async fn a_role_that_may_not_be_assumed_is_named() {
        let sts = Sts {
            refuses: true,
            ..sts("")
        };
        let cloud = connected(&sts).await;
        let fault = cloud.identity.caller().await.unwrap_err();
        assert_eq!(
            (fault.kind, fault.operation),
            (FaultKind::Denied, "AssumeRole")
        );
        assert_eq!(fault.code, "AccessDenied");
        let begins = format!("cannot assume role {ARN}: User: arn:aws:iam::444455556666:user/a is");
        assert!(fault.message.starts_with(&begins), "{fault}");
        // Nothing is sent with the credentials of somebody else instead.
        let seen = sts.seen.lock().unwrap();
        assert!(
            seen.iter()
                .all(|(_, body)| body.contains("Action=AssumeRole"))
        );
    }

    #[test]
    fn a_session_is_named_in_letters_that_sts_takes() {
        assert_eq!(session_name("ana.b@x"), "deploy-ana.b@x");
        assert_eq!(session_name("user 0/ü"), "deploy-user-0--");
        assert_eq!(session_name(&"x".repeat(100)).len(), 64);
        assert_eq!(session_name(""), "deploy-");
    }
}
