//! The adapters: the ports of [`crate::cloud`] carried out by the AWS SDK for Rust.
//!
//! Purpose: the only module that names an `aws_sdk_*` crate. Input: a [`Connection`]. Output: a
//! [`Cloud`]. Must not know: plans, reconciling, or whether AWS or the local engine answers; an
//! engine is just another endpoint URL.

mod alarms;
mod artifacts;
mod buffers;
mod changes;
mod checkup;
mod copies;
mod drift;
mod endpoints;
mod fault;
mod functions;
mod identity;
mod inventory;
mod local_file;
mod logs;
mod multipart;
mod part;
mod prices;
mod quotas;
mod records;
mod refused;
mod registry;
mod remote_object;
mod role;
mod rpc;
mod signer;
mod stacks;
mod throttles;
mod told;
mod training;
mod training_request;
mod transform;
mod web;
mod withdrawals;

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_sts::config::retry::RetryPartition;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{SharedHttpClient, SharedHttpConnector, http_client_fn};

pub use role::{Role, session_name};

use crate::cloud::{Cloud, Pace};

/// Where to connect and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Region, e.g. `eu-west-1`.
    pub region: String,
    /// Named profile of the shared AWS configuration; `None` uses the default chain.
    pub profile: Option<String>,
    /// The role that is assumed with those credentials; `None` uses them as they are.
    pub role: Option<Role>,
    /// ARN of the role that CloudFormation acts as when it changes stacks; `None` lets it act with the rights
    /// of the caller.
    pub service_role: Option<String>,
    /// An endpoint in place of AWS, with the key that it knows.
    pub endpoint: Option<Endpoint>,
}

/// An AWS-compatible endpoint in place of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Base URL, e.g. `http://127.0.0.1:4599`.
    pub url: String,
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
}

/// Connects the ports to a cloud. Sends nothing yet.
pub async fn connect(connection: &Connection) -> Cloud {
    let tls = Provider::Rustls(CryptoMode::AwsLc);
    let http = aws_smithy_http_client::Builder::new().tls_provider(tls.clone());
    let web = Connector::builder().tls_provider(tls).build();
    assemble(
        connection,
        told::told(http.build_https()),
        SharedHttpConnector::new(web),
    )
    .await
}

/// Connects the ports like [`connect`], with every request carried by the given connector.
pub async fn connect_through(connection: &Connection, connector: SharedHttpConnector) -> Cloud {
    let own = connector.clone();
    let http = http_client_fn(move |_, _| own.clone());
    assemble(connection, http, connector).await
}

async fn assemble(
    connection: &Connection,
    http: SharedHttpClient,
    web: SharedHttpConnector,
) -> Cloud {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .region(Region::new(connection.region.clone()))
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(5)
                .with_max_backoff(Duration::from_secs(20)),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(3))
                .operation_attempt_timeout(Duration::from_mins(1))
                .operation_timeout(Duration::from_mins(5))
                .build(),
        );
    if let Ok(name) = AppName::new("deploy") {
        loader = loader.app_name(name);
    }
    if let Some(profile) = &connection.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = &connection.endpoint {
        loader = loader
            .endpoint_url(&endpoint.url)
            .credentials_provider(Credentials::new(
                &endpoint.access_key,
                &endpoint.secret_key,
                None,
                None,
                "endpoint",
            ));
    }
    // On the heap: these futures are large.
    let own = Box::pin(loader.load()).await;
    let config = match &connection.role {
        Some(role) => Box::pin(role::assumed(own, role)).await,
        None => own,
    };
    adapters(&config, connection, web)
}

/// Configures a service's client, with a retry budget of its own: by default all clients of a process
/// share one for each service, so that trouble with one account would end the patience with another.
macro_rules! configured {
    ($sdk:ident, $config:expr) => {
        $sdk::config::Builder::from($config)
            .retry_partition(RetryPartition::custom(stringify!($sdk)).build())
    };
}

/// Makes a service's client.
macro_rules! client {
    ($sdk:ident, $config:expr) => {
        $sdk::Client::from_conf(configured!($sdk, $config).build())
    };
}

/// Makes S3's client. A bucket's name as a host name needs DNS that only AWS provides.
fn s3(config: &SdkConfig, connection: &Connection) -> aws_sdk_s3::Client {
    let path_style = connection.endpoint.is_some();
    let config = configured!(aws_sdk_s3, config).force_path_style(path_style);
    aws_sdk_s3::Client::from_conf(config.build())
}

/// What changes stacks, as the role that CloudFormation is to act as.
fn stack_changes(
    client: &aws_sdk_cloudformation::Client,
    connection: &Connection,
) -> (Arc<changes::ChangeSets>, Arc<withdrawals::StackWithdrawals>) {
    let role = || connection.service_role.clone();
    (
        Arc::new(changes::ChangeSets::new(client.clone(), role())),
        Arc::new(withdrawals::StackWithdrawals::new(client.clone(), role())),
    )
}

fn adapters(config: &SdkConfig, connection: &Connection, web: SharedHttpConnector) -> Cloud {
    let s3 = s3(config, connection);
    let sagemaker = client!(aws_sdk_sagemaker, config);
    let logs = client!(aws_sdk_cloudwatchlogs, config);
    let cloudformation = client!(aws_sdk_cloudformation, config);
    let looks = aws_sdk_cloudformation::Client::from_conf(
        configured!(aws_sdk_cloudformation, config)
            .retry_classifier(throttles::ToldToTheCaller)
            .build(),
    );
    let (iam, lambda, apis) = (
        client!(aws_sdk_iam, config),
        client!(aws_sdk_lambda, config),
        client!(aws_sdk_apigatewayv2, config),
    );
    let (changes, withdrawals) = stack_changes(&cloudformation, connection);
    let sender = multipart::Sender::new(s3.clone());
    let signer = signer::Signer::of(config, &connection.region);
    let endpoint = connection.endpoint.as_ref();
    let url = endpoint.map(|endpoint| endpoint.url.as_str());
    Cloud {
        identity: Arc::new(identity::StsIdentity::new(client!(aws_sdk_sts, config))),
        checkup: Arc::new(checkup::Looks::new(&signer, &web, &iam, &s3)),
        stacks: Arc::new(stacks::CloudFormation::new(cloudformation.clone(), looks)),
        changes,
        withdrawals,
        records: Arc::new(records::Objects::new(s3.clone())),
        drift: Arc::new(drift::Detector::new(cloudformation)),
        read_back: Arc::new(drift::Services {
            iam: iam.clone(),
            lambda: lambda.clone(),
            apis: apis.clone(),
            sagemaker: sagemaker.clone(),
            s3: s3.clone(),
        }),
        artifacts: Arc::new(artifacts::Bucket::new(s3.clone(), sender.clone())),
        copies: Arc::new(copies::Copier::new(s3.clone(), sender)),
        training: Arc::new(training::TrainingJobs::new(sagemaker.clone())),
        transforms: Arc::new(transform::TransformJobs::new(sagemaker.clone())),
        registry: Arc::new(registry::ModelPackages::new(sagemaker.clone())),
        quotas: Arc::new(quotas::ServiceQuotas::new(client!(
            aws_sdk_servicequotas,
            config
        ))),
        logs: Arc::new(logs::CloudWatchLogs::new(logs.clone())),
        alarms: Arc::new(alarms::CloudWatch::new(web.clone(), signer.clone(), url)),
        prices: Arc::new(prices::Products::new(web.clone(), signer.clone(), url)),
        functions: Arc::new(functions::Lambda::new(lambda.clone())),
        endpoints: Arc::new(endpoints::SageMakerEndpoints::new(
            sagemaker.clone(),
            client!(aws_sdk_sagemakerruntime, config),
        )),
        inventory: Arc::new(inventory::Account {
            s3,
            sagemaker,
            logs,
            iam,
            lambda,
            apis,
        }),
        web: Arc::new(web::HttpWeb::new(web, signer)),
        pace: endpoint.map_or(Pace::SHARED, |_| Pace::OWN),
    }
}
