//! The adapters: the ports of [`crate::cloud`] carried out by the AWS SDK for Rust.
//!
//! Purpose: the only module that names an `aws_sdk_*` crate. Input: a [`Connection`]. Output: a
//! [`Cloud`]. Must not know: plans, reconciling, or whether AWS or the local engine answers; an
//! engine is just another endpoint URL.

mod artifacts;
mod changes;
mod drift;
mod endpoints;
mod fault;
mod identity;
mod inventory;
mod logs;
mod multipart;
mod records;
mod stacks;
mod training;
mod training_request;
mod web;
mod withdrawals;

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::cloud::{Cloud, Pace};

/// Where to connect and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Region, e.g. `eu-west-1`.
    pub region: String,
    /// Named profile of the shared AWS configuration; `None` uses the default chain.
    pub profile: Option<String>,
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
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .build_https();
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
    adapters(&loader.load().await, connection)
}

fn adapters(config: &SdkConfig, connection: &Connection) -> Cloud {
    // A bucket's name as a host name needs DNS that only AWS provides.
    let path_style = connection.endpoint.is_some();
    let s3 = aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(config)
            .force_path_style(path_style)
            .build(),
    );
    let sagemaker = aws_sdk_sagemaker::Client::new(config);
    let logs = aws_sdk_cloudwatchlogs::Client::new(config);
    let cloudformation = aws_sdk_cloudformation::Client::new(config);
    let (iam, lambda, apis) = (
        aws_sdk_iam::Client::new(config),
        aws_sdk_lambda::Client::new(config),
        aws_sdk_apigatewayv2::Client::new(config),
    );
    Cloud {
        identity: Arc::new(identity::StsIdentity::new(aws_sdk_sts::Client::new(config))),
        stacks: Arc::new(stacks::CloudFormation::new(cloudformation.clone())),
        changes: Arc::new(changes::ChangeSets::new(cloudformation.clone())),
        withdrawals: Arc::new(withdrawals::StackWithdrawals::new(cloudformation.clone())),
        records: Arc::new(records::Objects::new(s3.clone())),
        drift: Arc::new(drift::Detector::new(cloudformation)),
        read_back: Arc::new(drift::Services {
            iam: iam.clone(),
            lambda: lambda.clone(),
            apis: apis.clone(),
            sagemaker: sagemaker.clone(),
            s3: s3.clone(),
        }),
        artifacts: Arc::new(artifacts::Bucket::new(s3.clone())),
        training: Arc::new(training::TrainingJobs::new(sagemaker.clone())),
        logs: Arc::new(logs::CloudWatchLogs::new(logs.clone())),
        endpoints: Arc::new(endpoints::SageMakerEndpoints::new(
            sagemaker.clone(),
            aws_sdk_sagemakerruntime::Client::new(config),
        )),
        inventory: Arc::new(inventory::Account {
            s3,
            sagemaker,
            logs,
            iam,
            lambda,
            apis,
        }),
        web: Arc::new(web::HttpWeb::new()),
        pace: if connection.endpoint.is_some() {
            Pace::OWN
        } else {
            Pace::SHARED
        },
    }
}
