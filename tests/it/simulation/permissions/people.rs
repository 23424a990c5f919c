//! Roles of people and services, in any account of a world, that may do exactly what they are allowed.

use std::time::Duration;

use aws_sdk_cloudformation::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_cloudformation::types::{Capability, StackStatus};
use aws_smithy_runtime_api::client::http::{SharedHttpClient, SharedHttpConnector, http_client_fn};
use deploy::local;
use deploy::permissions::{Statement, document};
use serde_json::{Map, Value, json};

use super::super::world::{KEY, SECRET, URL, World};

/// The account that needs no name.
pub(super) const HOME: &str = "000000000000";

/// The ARN of a role.
pub(super) fn role(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

fn client(world: &World) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(world.wire(Vec::new()));
    http_client_fn(move |_, _| connector.clone())
}

/// The account's own key.
fn key(account: &str) -> Credentials {
    let base = local::Credentials {
        access_key: KEY.to_owned(),
        secret_key: SECRET.to_owned(),
    };
    let key = base.of_account(account);
    Credentials::new(key.access_key, key.secret_key, None, None, "simulated")
}

/// Makes roles in an account that may do nothing yet, by their names and by who may assume them.
pub(super) async fn make_roles(world: &World, account: &str, roles: &[(&str, Value)]) {
    let made: Map<String, Value> = (roles.iter().enumerate())
        .map(|(number, (name, principal))| {
            let role = json!({ "Type": "AWS::IAM::Role", "Properties": {
            "RoleName": name,
            "AssumeRolePolicyDocument": { "Statement": [
                { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal },
            ] },
        } });
            (format!("Role{number}"), role)
        })
        .collect();
    let template = json!({ "Resources": made });
    let config = aws_sdk_cloudformation::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(URL)
        .credentials_provider(key(account))
        .http_client(client(world));
    let cloudformation = aws_sdk_cloudformation::Client::from_conf(config.build());
    let made = cloudformation.create_stack().stack_name("people");
    let made = made.capabilities(Capability::CapabilityNamedIam);
    made.template_body(template.to_string())
        .send()
        .await
        .unwrap();
    loop {
        let told = cloudformation.describe_stacks().stack_name("people");
        let told = told.send().await.unwrap();
        if told.stacks()[0].stack_status() == Some(&StackStatus::CreateComplete) {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Lets a role do exactly this.
pub(super) async fn allow(world: &World, account: &str, role: &str, statements: &[Statement]) {
    let config = aws_sdk_iam::Config::builder()
        .behavior_version(aws_sdk_iam::config::BehaviorVersion::latest())
        .region(aws_sdk_iam::config::Region::new("us-east-1"))
        .endpoint_url(URL)
        .credentials_provider(key(account))
        .http_client(client(world));
    let iam = aws_sdk_iam::Client::from_conf(config.build());
    let put = iam.put_role_policy().role_name(role).policy_name("deploy");
    put.policy_document(document(statements).to_string())
        .send()
        .await
        .unwrap();
}
