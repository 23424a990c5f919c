//! The policy of `deploy permissions` before an evaluator that somebody else wrote: `MiniStack` with its
//! authorization on.
//!
//! What it holds against the caller's policies are requests; what its CloudFormation does, it does with nobody's
//! rights, and it knows neither SageMaker nor quotas. `DescribeAlarms` it takes for an action on `*`, where AWS
//! names `alarm:*`. The bucket's own policy wants TLS, which this connection has not, so it is taken away first.

use deploy::cloud::condition::StackStatus;
use deploy::cloud::records::Expected;
use deploy::cloud::stacks::{ChangeKind, Operation};
use deploy::cloud::{Cloud, CloudFault};
use deploy::permissions::{self, Part, Purpose, Request, Scope, Statement, document};
use deploy::render::{self, Library};
use deploy::stack::{Stack, StackFile};
use serde_json::{Value, json};

use super::server::{SHIPPED_ACCOUNT, StandIn, guarded_ministack};
use super::{ended, ready, request};
use crate::support::repository;

const USER: &str = "deployer";
const LOCK: &str = "deploy/lock.json";

fn staging() -> Stack {
    let path = repository().join("stacks/news-classifier/stack.yaml");
    StackFile::read(&path)
        .unwrap()
        .environment("staging")
        .unwrap()
}

fn root(stand_in: &StandIn, calls: &[(&str, &str, Value)]) -> Vec<Value> {
    stand_in.second_client(SHIPPED_ACCOUNT, calls)
}

/// Lets the user do exactly this.
fn allow(stand_in: &StandIn, statements: &[Statement]) {
    let put = json!({ "UserName": USER, "PolicyName": "deploy",
        "PolicyDocument": document(statements).to_string() });
    root(stand_in, &[("iam", "put_user_policy", put)]);
}

/// Makes the foundation, works in its bucket, looks for drift and removes it.
async fn life(stand_in: &StandIn, cloud: &Cloud, stack: &Stack) -> Result<(), CloudFault> {
    let (name, bucket) = (&stack.names.foundation_stack, &stack.names.bucket);
    let rendered = render::render(stack, &Library::builtin()).unwrap();
    let mut change = request(
        name,
        ChangeKind::Create,
        "whole",
        rendered.foundation.body(),
    );
    change
        .parameters
        .insert("Fingerprint".to_owned(), "0".repeat(64));
    assert_eq!(cloud.stacks.describe(name).await?, None);
    cloud.changes.submit(&change).await?;
    cloud.changes.look(name, &change.name).await?;
    ready(cloud, &change).await;
    cloud.changes.execute(name, &change.name).await?;
    cloud.stacks.describe(name).await?;
    ended(cloud, name, StackStatus::CreateComplete).await;
    root(
        stand_in,
        &[("s3", "delete_bucket_policy", json!({ "Bucket": bucket }))],
    );
    cloud
        .records
        .write(bucket, LOCK, "mine", Expected::Nothing)
        .await?;
    cloud.records.read(bucket, LOCK).await?;
    cloud.artifacts.size(bucket, LOCK).await?;
    cloud.artifacts.list(bucket, "", None).await?;
    cloud.drift.deployed(name).await?;
    cloud.drift.start(name).await?;
    let versions = cloud.artifacts.versions(bucket, None).await?.versions;
    let left = cloud.artifacts.remove(bucket, &versions).await?;
    assert!(left.is_empty(), "{left:?}");
    let operation = Operation {
        token: "gone".to_owned(),
        leave: Vec::new(),
    };
    cloud.withdrawals.delete(name, &operation).await
}

/// Takes away what a life that was cut off has left, as the account itself.
async fn clear(stand_in: &StandIn, stack: &Stack) {
    let own = stand_in.cloud(SHIPPED_ACCOUNT).await;
    let name = &stack.names.foundation_stack;
    if own.stacks.describe(name).await.unwrap().is_some() {
        let operation = Operation {
            token: "cleared".to_owned(),
            leave: Vec::new(),
        };
        own.withdrawals.delete(name, &operation).await.unwrap();
        for _ in 0..1_000 {
            if own.stacks.describe(name).await.unwrap().is_none() {
                return;
            }
            super::moment().await;
        }
        panic!("{name} does not go");
    }
}

#[tokio::test]
async fn an_evaluator_of_somebody_else_agrees() {
    let (stand_in, stack) = (guarded_ministack(), staging());
    let rendered = render::render(&stack, &Library::builtin()).unwrap();
    let all = permissions::policy(&Request {
        stack: &stack,
        rendered: &rendered,
        source: None,
        purposes: &Purpose::ALL,
        part: Part::Whole,
    })
    .statements;
    let user = json!({ "UserName": USER });
    let made = root(
        stand_in,
        &[
            ("iam", "create_user", user.clone()),
            ("iam", "create_access_key", user),
        ],
    );
    let key = &made[1]["AccessKey"];
    let word = |name: &str| key[name].as_str().unwrap();
    let cloud = stand_in
        .cloud_with(word("AccessKeyId"), word("SecretAccessKey"))
        .await;
    allow(stand_in, &all);
    life(stand_in, &cloud, &stack).await.unwrap();
    for scope in [Scope::Stacks, Scope::Bucket, Scope::Objects] {
        clear(stand_in, &stack).await;
        let (missing, left): (Vec<Statement>, Vec<Statement>) = all
            .clone()
            .into_iter()
            .partition(|statement| statement.scope == scope);
        allow(stand_in, &left);
        let fault = life(stand_in, &cloud, &stack).await.unwrap_err();
        let named = missing[0]
            .actions
            .iter()
            .any(|action| fault.message.contains(action));
        assert!(named, "{scope:?}: {fault:?}");
    }
    clear(stand_in, &stack).await;
}
