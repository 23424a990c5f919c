//! Puts load on a static target by the product's own code, for the benchmark of load generators, and is
//! that target too: an HTTP server that answers every request with the same few bytes.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use clap::{Parser, Subcommand};
use deploy::load::{HttpCaller, Plan, Shape, Target, drive};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Puts load on a static target, or is one.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve at a free port of this machine, whose URL is printed
    Serve,
    /// Put load on a URL, and print the report as JSON
    Run {
        /// The URL
        url: String,
        /// Connections
        #[arg(long)]
        connections: usize,
        /// Seconds, after one second of warm-up
        #[arg(long)]
        seconds: u64,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Serve => serve().await,
        Command::Run {
            url,
            connections,
            seconds,
        } => run(&url, connections, seconds).await,
    }
}

async fn run(url: &str, connections: usize, seconds: u64) -> Result<()> {
    let target = Arc::new(Target::get(url)?);
    let callers = (0..connections).map(|_| HttpCaller::new(Arc::clone(&target)));
    let plan = Plan {
        shape: Shape::Closed,
        connections,
        warm_up: Duration::from_secs(1),
        duration: Duration::from_secs(seconds),
        timeout: Duration::from_secs(10),
    };
    let report = drive(plan, callers.collect()).await;
    print(&format!("{:#}", report.data()));
    Ok(())
}

async fn serve() -> Result<()> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    print(&format!("http://{}/", listener.local_addr()?));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer = service_fn(|_: Request<Incoming>| async {
            let body = Bytes::from_static(b"{\"predicted_label\": \"Business\"}");
            Ok::<_, Infallible>(Response::new(Full::new(body)))
        });
        // A client that hangs up is no trouble of the server's.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

#[expect(clippy::print_stdout, reason = "it is what the benchmark reads")]
fn print(text: &str) {
    println!("{text}");
}
