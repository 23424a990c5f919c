//! Two accounts and two regions in one engine.

use std::time::Duration;

use axum::http::StatusCode;

use super::{FORM, engine, send};
use crate::local::auth::testing::{keys, signed_in};
use crate::local::{Credentials, Engine};

const STAGING: &str = "222233334444";
const PROD: &str = "333344445555";

/// A key in a region, with what goes with a temporary one.
struct Client<'a> {
    engine: &'a Engine,
    region: &'static str,
    keys: Credentials,
    token: Option<String>,
}

impl<'a> Client<'a> {
    fn of(engine: &'a Engine, account: &str, region: &'static str) -> Self {
        Self {
            engine,
            region,
            keys: keys().of_account(account),
            token: None,
        }
    }

    async fn call(&self, service: &str, pairs: &[(&str, &str)]) -> (StatusCode, String) {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        self.send(service, &[FORM], &body).await
    }

    async fn send(
        &self,
        service: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (StatusCode, String) {
        let token = self.token.as_deref();
        let token = token.map(|token| ("x-amz-security-token", token));
        let headers: Vec<_> = headers.iter().copied().chain(token).collect();
        let request = signed_in(self.region, &self.keys, service, "/", &headers, body);
        send(self.engine, request).await
    }

    /// Makes a stack and returns its description once it is complete.
    async fn stack(&self, template: &str) -> String {
        let (status, text) = self
            .call(
                "cloudformation",
                &[
                    ("Action", "CreateStack"),
                    ("StackName", "app"),
                    ("TemplateBody", template),
                    ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
                ],
            )
            .await;
        assert!(status.is_success(), "{text}");
        for _ in 0..2_000 {
            let (_, text) = self.stacks().await;
            if text.contains("<StackStatus>CREATE_COMPLETE<") {
                return text;
            }
            assert!(!text.contains("ROLLBACK"), "{text}");
            tokio::task::yield_now().await;
        }
        panic!("never complete");
    }

    async fn stacks(&self) -> (StatusCode, String) {
        self.call("cloudformation", &[("Action", "DescribeStacks")])
            .await
    }

    /// Asks for a role and returns the answer, with a client that has the role if it was given.
    async fn assume(&self, role: &str, more: &[(&str, &str)]) -> (String, Option<Client<'a>>) {
        let mut pairs = vec![
            ("Action", "AssumeRole"),
            ("RoleArn", role),
            ("RoleSessionName", "promote"),
        ];
        pairs.extend(more);
        let (status, text) = self.call("sts", &pairs).await;
        let value = |name: &str| {
            let (_, rest) = text.split_once(&format!("<{name}>"))?;
            Some(rest.split_once('<')?.0.to_owned())
        };
        let client = status.is_success().then(|| Client {
            engine: self.engine,
            region: self.region,
            keys: Credentials {
                access_key: value("AccessKeyId").unwrap(),
                secret_key: value("SecretAccessKey").unwrap(),
            },
            token: value("SessionToken"),
        });
        (text, client)
    }

    async fn identity(&self) -> (StatusCode, String) {
        self.call("sts", &[("Action", "GetCallerIdentity")]).await
    }
}

const TEMPLATE: &str = r#"{"Resources": {
    "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/app"}},
    "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "app-${AWS::AccountId}-${AWS::Region}"}}},
    "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Fn::Sub": "app-${AWS::Region}"},
        "AssumeRolePolicyDocument": {"Statement": []}}}},
    "Outputs": {"Role": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}, "Group": {"Value": {"Fn::GetAtt": ["Group", "Arn"]}}}}"#;

#[tokio::test]
async fn the_same_names_live_side_by_side_and_outlive_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let places = [
        (STAGING, "us-east-1"),
        (PROD, "us-east-1"),
        (PROD, "eu-west-1"),
    ];
    let first = engine(&folder);
    for (account, region) in places {
        let client = Client::of(&first, account, region);
        let (_, none) = client.stacks().await;
        assert!(!none.contains("<StackName>"), "{none}");
        client.stack(TEMPLATE).await;
    }
    first.stop().await;
    drop(first);

    let again = engine(&folder);
    for (account, region) in places {
        let client = Client::of(&again, account, region);
        let (_, text) = client.stacks().await;
        assert_eq!(text.matches("<StackName>").count(), 1, "{text}");
        for arn in [
            format!("arn:aws:cloudformation:{region}:{account}:stack/app/"),
            format!("arn:aws:iam::{account}:role/app-{region}"),
            format!("arn:aws:logs:{region}:{account}:log-group:/app"),
        ] {
            assert!(text.contains(&arn), "{arn}: {text}");
        }
        let target = [("x-amz-target", "Logs_20140328.DescribeLogGroups")];
        let (_, groups) = client.send("logs", &target, "{}").await;
        assert_eq!(groups.matches("logGroupName").count(), 1, "{groups}");
        // Roles are an account's in all regions.
        let (_, roles) = client.call("iam", &[("Action", "ListRoles")]).await;
        let count = if account == PROD { 2 } else { 1 };
        assert_eq!(roles.matches("<RoleName>").count(), count, "{roles}");
    }
    let address = format!("/?key={}", super::keys().page_key());
    let page = super::plain("GET", &address, "localhost");
    let (_, page) = send(&again, page).await;
    let health = super::plain("GET", "/_deploy/health", "localhost");
    let (_, health) = send(&again, health).await;
    for (account, region) in places {
        assert!(page.contains(&format!("{account} {region}")), "{page}");
        let cell = format!(r#"{{"account":"{account}","region":"{region}"}}"#);
        assert!(health.contains(&cell), "{health}");
    }
    again.stop().await;
}

#[tokio::test]
async fn keys_are_good_for_their_own_account_only() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder);
    let mut client = Client::of(&engine, PROD, "eu-west-1");
    let (_, text) = client.identity().await;
    assert!(
        text.contains("<Arn>arn:aws:iam::333344445555:root<"),
        "{text}"
    );
    // Another account's name with this account's secret.
    client.keys.access_key = keys().of_account(STAGING).access_key;
    let (status, text) = client.identity().await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(text.contains("<Code>SignatureDoesNotMatch<"), "{text}");
    client.keys.access_key = format!("{}x", keys().access_key);
    let (_, text) = client.identity().await;
    assert!(text.contains("<Code>InvalidClientTokenId<"), "{text}");
    let nowhere = Client::of(&engine, PROD, "..");
    let (status, text) = nowhere.identity().await;
    assert!(
        !status.is_success() && text.contains("valid region"),
        "{text}"
    );
}

const TRUSTING: &str = r#"{"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "reader",
    "AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::333344445555:root"},
        "Condition": {"StringEquals": {"sts:ExternalId": "word"}}}]},
    "Policies": [{"PolicyName": "read", "PolicyDocument": {"Statement": [
        {"Effect": "Allow", "Action": "iam:List*", "Resource": "*"}]}}]}}}}"#;
const READER: &str = "arn:aws:iam::222233334444:role/reader";

#[tokio::test(start_paused = true)]
async fn a_role_is_assumed_by_whom_it_trusts_and_for_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine(&folder);
    let owner = Client::of(&engine, STAGING, "us-east-1");
    owner.stack(TRUSTING).await;
    let prod = Client::of(&engine, PROD, "eu-west-1");
    let stranger = Client::of(&engine, "444455556666", "eu-west-1");
    let word = ("ExternalId", "word");
    let unknown = "arn:aws:iam::222233334444:role/nobody";
    for (client, role, external) in [
        (&prod, READER, None),
        (&prod, READER, Some(("ExternalId", "other"))),
        (&stranger, READER, Some(word)),
        (&owner, READER, Some(word)),
        (&prod, unknown, Some(word)),
    ] {
        let external: Vec<_> = external.into_iter().collect();
        let (text, assumed) = client.assume(role, &external).await;
        assert!(assumed.is_none(), "{text}");
        let reason = format!("is not authorized to perform: sts:AssumeRole on resource: {role}");
        assert!(text.contains(&reason), "{text}");
    }
    for (more, reason) in [
        (("DurationSeconds", "899"), "greater than or equal to 900"),
        (("DurationSeconds", "3601"), "MaxSessionDuration"),
        (
            ("Policy", "{}"),
            "does not emulate sts AssumeRole with Policy",
        ),
    ] {
        let (text, assumed) = prod.assume(READER, &[word, more]).await;
        assert!(assumed.is_none() && text.contains(reason), "{text}");
    }

    let (_, assumed) = prod
        .assume(READER, &[word, ("DurationSeconds", "900")])
        .await;
    let assumed = assumed.unwrap();
    tokio::time::advance(Duration::from_secs(890)).await;
    let (status, text) = assumed.identity().await;
    let arn = "<Arn>arn:aws:sts::222233334444:assumed-role/reader/promote<";
    assert!(status.is_success() && text.contains(arn), "{text}");
    // The keys are those of the role's account, and nothing without their token.
    let (_, roles) = assumed.call("iam", &[("Action", "ListRoles")]).await;
    assert!(roles.contains(READER), "{roles}");
    // They do what the role's policies allow, and nothing else.
    let (status, text) = assumed
        .call("iam", &[("Action", "GetRole"), ("RoleName", "reader")])
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let reason = "because no identity-based policy allows the iam:GetRole action";
    assert!(text.contains(reason), "{text}");
    let bare = Client {
        token: None,
        keys: assumed.keys.clone(),
        ..Client::of(&engine, PROD, "eu-west-1")
    };
    let (_, text) = bare.identity().await;
    assert!(text.contains("<Code>InvalidClientTokenId<"), "{text}");

    tokio::time::advance(Duration::from_secs(20)).await;
    let (status, text) = assumed.identity().await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(text.contains("<Code>ExpiredToken<"), "{text}");
    let target = [("x-amz-target", "Logs_20140328.DescribeLogGroups")];
    let (_, text) = assumed.send("logs", &target, "{}").await;
    assert!(text.contains("ExpiredTokenException"), "{text}");
    engine.stop().await;
}
