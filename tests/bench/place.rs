//! Where the benchmarks of uploads and copies find S3.

use clap::Args;
use deploy::aws::{Connection, Endpoint};

/// An AWS-compatible endpoint.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// URL of an AWS-compatible endpoint
    #[arg(long)]
    endpoint: String,
    /// Access key that the endpoint knows
    #[arg(long, default_value = "test")]
    access_key: String,
    /// Secret key that belongs to it
    #[arg(long, default_value = "test")]
    secret_key: String,
    /// Region
    #[arg(long, default_value = "us-east-1")]
    region: String,
}

impl Place {
    /// How to connect to it.
    pub(crate) fn connection(self) -> Connection {
        Connection {
            region: self.region,
            profile: None,
            role: None,
            service_role: None,
            endpoint: Some(Endpoint {
                url: self.endpoint,
                access_key: self.access_key,
                secret_key: self.secret_key,
            }),
        }
    }
}
