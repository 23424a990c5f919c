//! Two accounts and two regions in one engine: through the product's adapters in process, and by its
//! shipped binary.

use aws_sdk_s3::config::{BehaviorVersion, Credentials as SdkCredentials, Region};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use deploy::aws::{Connection, Endpoint, connect};
use deploy::cloud::Cloud;
use deploy::local::script::Script;
use deploy::local::{Credentials, Engine, Options, serve};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::project::{Project, some_headlines, tiny_stack};

const STAGING: (&str, &str) = ("222233334444", "us-east-1");
const PROD: (&str, &str) = ("333344445555", "eu-west-1");

/// An engine on a port of its own that plays everything.
struct Served {
    url: String,
    base: Credentials,
    stop: oneshot::Sender<()>,
    ends: JoinHandle<std::io::Result<()>>,
    _folder: tempfile::TempDir,
}

impl Served {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let base = Credentials {
            access_key: "AKIASIMULATED".to_owned(),
            secret_key: "simulated".to_owned(),
        };
        let engine = Engine::open(Options {
            state: folder.path().to_owned(),
            cache: folder.path().join("cache"),
            python: None,
            base_url: url.clone(),
            credentials: base.clone(),
            script: Some(Script::default()),
        });
        let (stop, stopped) = oneshot::channel();
        let shutdown = async move {
            let _ = stopped.await;
        };
        Self {
            ends: tokio::spawn(serve(listener, engine.unwrap(), shutdown)),
            url,
            base,
            stop,
            _folder: folder,
        }
    }

    /// The product's adapters in an account and region.
    async fn cloud(&self, (account, region): (&str, &str)) -> Cloud {
        let keys = self.base.of_account(account);
        connect(&Connection {
            region: region.to_owned(),
            profile: None,
            role: None,
            service_role: None,
            endpoint: Some(Endpoint {
                url: self.url.clone(),
                access_key: keys.access_key,
                secret_key: keys.secret_key,
            }),
        })
        .await
    }

    /// A client of S3 with an account's own key.
    fn s3(&self, (account, region): (&str, &str)) -> aws_sdk_s3::Client {
        let keys = self.base.of_account(account);
        self.s3_with(region, keys.access_key, keys.secret_key, None)
    }

    fn s3_with(
        &self,
        region: &str,
        access_key: String,
        secret_key: String,
        token: Option<String>,
    ) -> aws_sdk_s3::Client {
        let keys = SdkCredentials::new(access_key, secret_key, token, None, "test");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .endpoint_url(&self.url)
            .force_path_style(true)
            .credentials_provider(keys);
        aws_sdk_s3::Client::from_conf(config.build())
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        self.ends.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn an_artifact_goes_from_one_account_to_the_other_once_it_is_granted() {
    let engine = Served::start().await;
    for place in [STAGING, PROD] {
        let caller = engine.cloud(place).await.identity.caller().await.unwrap();
        assert_eq!(caller.account, place.0);
        assert_eq!(caller.arn, format!("arn:aws:iam::{}:root", place.0));
    }
    let (staging, prod) = (engine.s3(STAGING), engine.s3(PROD));
    let made = staging.create_bucket().bucket("from").send().await;
    made.unwrap();
    prod.create_bucket().bucket("into").send().await.unwrap();
    let taken = prod.create_bucket().bucket("from").send().await;
    assert_eq!(taken.unwrap_err().code(), Some("BucketAlreadyExists"));
    let body = ByteStream::from_static(b"hello");
    let put = staging.put_object().bucket("from").key("model").body(body);
    put.send().await.unwrap();

    // A bucket is met in its own region only; a copy is asked for in that of its destination.
    let reader = engine.s3((PROD.0, STAGING.1));
    let read = || reader.get_object().bucket("from").key("model").send();
    let copy = || {
        let copy = prod.copy_object().copy_source("from/model");
        let copy = copy.checksum_algorithm(ChecksumAlgorithm::Sha256);
        copy.bucket("into").key("model").send()
    };
    assert_eq!(read().await.unwrap_err().code(), Some("AccessDenied"));
    assert_eq!(copy().await.unwrap_err().code(), Some("AccessDenied"));

    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": { "AWS": format!("arn:aws:iam::{}:root", PROD.0) },
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::from/*",
    }] });
    let policy = staging
        .put_bucket_policy()
        .bucket("from")
        .policy(policy.to_string());
    policy.send().await.unwrap();
    let bytes = read().await.unwrap().body.collect().await.unwrap();
    assert_eq!(bytes.into_bytes(), "hello");
    let copied = copy().await.unwrap().copy_object_result.unwrap();
    assert_eq!(
        copied.checksum_sha256(),
        Some("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")
    );
    let far = engine.s3((STAGING.0, PROD.1)).head_bucket().bucket("from");
    let far = far.send().await.unwrap_err();
    let region = far
        .raw_response()
        .unwrap()
        .headers()
        .get("x-amz-bucket-region");
    assert_eq!(region, Some(STAGING.1));
    let listed = reader.list_objects_v2().bucket("from").send().await;
    assert_eq!(listed.unwrap_err().code(), Some("AccessDenied"));
    engine.end().await;
}

#[tokio::test]
async fn stacks_of_the_same_name_know_nothing_of_each_other() {
    let engine = Served::start().await;
    let template = json!({ "Resources": { "Group": {
        "Type": "AWS::Logs::LogGroup", "Properties": { "LogGroupName": "/app" },
    } } });
    let places = [STAGING, PROD, (STAGING.0, PROD.1)];
    for (account, region) in places {
        let keys = engine.base.of_account(account);
        let keys = SdkCredentials::new(keys.access_key, keys.secret_key, None, None, "test");
        let config = aws_sdk_cloudformation::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .endpoint_url(&engine.url)
            .credentials_provider(keys);
        let client = aws_sdk_cloudformation::Client::from_conf(config.build());
        let stack = client.create_stack().stack_name("app");
        let stack = stack.template_body(template.to_string()).send().await;
        let id = stack.unwrap().stack_id.unwrap();
        let own = format!("arn:aws:cloudformation:{region}:{account}:stack/app/");
        assert!(id.starts_with(&own), "{id}");
        let seen = engine.cloud((account, region)).await.stacks.list().await;
        assert_eq!(seen.unwrap().len(), 1);
    }
    engine.end().await;
}

#[test]
fn one_engine_has_the_environments_of_all_accounts() {
    let environment = |account: &str, region: &str| {
        format!(
            "{{ account: \"{account}\", region: {region}, python: {{ interpreter: /usr/bin/python3 }} }}"
        )
    };
    let text = tiny_stack("{ interpreter: /usr/bin/python3 }");
    let staging = environment(STAGING.0, STAGING.1);
    let prod = environment(PROD.0, PROD.1);
    let more = format!(
        "  staging: {{ target: local, local: {staging} }}\n  prod: {{ target: local, local: {prod} }}\n"
    );
    let project = Project::new(&format!("{text}{more}"));
    project.write("stacks/tiny/headlines.csv", &some_headlines(20));
    let start = |environment: &str| -> Value {
        let arguments = ["local", "start", "--env", environment, "--output", "json"];
        project.deploy(&arguments).ok().json()
    };
    let first = start("staging");
    assert_eq!(first["account"], STAGING.0);
    let pid = project.engine().unwrap();
    let second = start("prod");
    assert_eq!(second["region"], PROD.1);
    // It is the same engine still: account and region are none of its settings.
    assert_eq!(second["url"], first["url"]);
    assert_eq!(project.engine(), Some(pid));
    let key = project.deploy(&["local", "key", "--env", "prod"]).ok();
    let key = key.json();
    let caller = caller(&Connection {
        region: PROD.1.to_owned(),
        profile: None,
        role: None,
        service_role: None,
        endpoint: Some(Endpoint {
            url: first["url"].as_str().unwrap().to_owned(),
            access_key: key["AccessKeyId"].as_str().unwrap().to_owned(),
            secret_key: key["SecretAccessKey"].as_str().unwrap().to_owned(),
        }),
    });
    assert_eq!(caller, PROD.0);
    let status = project.deploy(&["local", "status"]).ok().stdout;
    assert!(
        status.contains("account 333344445555 in eu-west-1"),
        "{status}"
    );
    project.deploy(&["local", "stop"]).ok();
}

/// The account of whoever connects so.
fn caller(connection: &Connection) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let caller = async { connect(connection).await.identity.caller().await };
    runtime.unwrap().block_on(caller).unwrap().account
}
