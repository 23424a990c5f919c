//! Copies one object between two buckets by the product's own code, for the benchmark of copies: as a promotion
//! copies the artifact of a release.

use anyhow::{Context, Result, bail};
use clap::Parser;
use deploy::aws::{Connection, Endpoint, connect};
use deploy::cloud::Cloud;
use deploy::cloud::artifacts::Sent;
use deploy::cloud::copies::{Arrival, At, Origin};

/// Copies one object.
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
    /// Through this machine, as between accounts of which neither may read the other's bucket
    #[arg(long)]
    streamed: bool,
    /// SHA-256 of the object
    #[arg(long)]
    sha256: String,
    /// The bucket that it is in
    from: String,
    /// The bucket that it is copied to
    to: String,
    /// Its key
    key: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let connection = Connection {
        region: arguments.region.clone(),
        profile: None,
        role: None,
        service_role: None,
        endpoint: Some(Endpoint {
            url: arguments.endpoint.clone(),
            access_key: arguments.access_key.clone(),
            secret_key: arguments.secret_key.clone(),
        }),
    };
    // Two connections, as for two accounts.
    let (source, target) = (connect(&connection).await, connect(&connection).await);
    copy(&arguments, &source, &target).await
}

async fn copy(arguments: &Arguments, source: &Cloud, target: &Cloud) -> Result<()> {
    let at = |bucket: &String| At {
        bucket: bucket.clone(),
        key: arguments.key.clone(),
    };
    let (from, to) = (at(&arguments.from), at(&arguments.to));
    let found = source.copies.find(&from).await?;
    let found = found.with_context(|| format!("there is no {from}"))?;
    let arrived = if arguments.streamed {
        let origin = Origin {
            copies: source.copies.as_ref(),
            at: &from,
            found: &found,
        };
        let sent: Sent<'_> = &|_| {};
        let arrival = target.copies.receive(origin, &to, &arguments.sha256, sent);
        arrival.await? == Arrival::Right
    } else {
        let copied = target.copies.copy(&from, &found.etag, &to).await?;
        copied.sha256.as_deref() == Some(arguments.sha256.as_str())
    };
    if !arrived {
        bail!("{from} is not the object that was expected");
    }
    Ok(())
}
