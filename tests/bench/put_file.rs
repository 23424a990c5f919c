//! Puts one file into a bucket by the product's own code, for the benchmark of uploads: hashed as `deploy
//! up` hashes its data, then sent as it sends it.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use deploy::aws::{Connection, Endpoint, connect};
use deploy::bundle::Digest;
use deploy::cloud::artifacts::Source;

/// Puts one file into a bucket.
#[derive(Debug, Parser)]
struct Arguments {
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
    /// The bucket
    #[arg(long)]
    bucket: String,
    /// The file
    file: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let connection = Connection {
        region: arguments.region,
        profile: None,
        role: None,
        service_role: None,
        endpoint: Some(Endpoint {
            url: arguments.endpoint,
            access_key: arguments.access_key,
            secret_key: arguments.secret_key,
        }),
    };
    let began = Instant::now();
    let digest = Digest::of_file(&arguments.file)
        .with_context(|| format!("cannot read {}", arguments.file.display()))?;
    let hashed = began.elapsed();
    let cloud = connect(&connection).await;
    let key = format!("data/{digest}/data");
    let source = Source::File {
        path: arguments.file,
        sha256: digest.to_string(),
    };
    cloud
        .artifacts
        .put(&arguments.bucket, &key, &source, &|_| {})
        .await?;
    print(&key, hashed.as_secs_f64());
    Ok(())
}

#[expect(clippy::print_stdout, reason = "it is what the benchmark reads")]
fn print(key: &str, hashed: f64) {
    println!("{key} {hashed:.3}");
}
