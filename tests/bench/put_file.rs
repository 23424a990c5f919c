//! Puts one file into a bucket by the product's own code, for the benchmark of uploads: hashed as `deploy
//! up` hashes its data, then sent as it sends it.

mod place;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use deploy::aws::connect;
use deploy::bundle::Digest;
use deploy::cloud::artifacts::Source;
use place::Place;

/// Puts one file into a bucket.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The bucket
    #[arg(long)]
    bucket: String,
    /// The file
    file: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let digest = Digest::of_file(&arguments.file)
        .with_context(|| format!("cannot read {}", arguments.file.display()))?;
    let hashed = began.elapsed();
    let cloud = connect(&arguments.place.connection()).await;
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
