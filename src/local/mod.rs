//! The embedded local engine: an AWS-compatible service on loopback that really runs the pipeline.
//!
//! Purpose: lets the same stack file run end to end without an AWS account. Input: AWS requests over
//! HTTP and a state folder. Output: AWS responses, child processes (training jobs, endpoints, Lambda
//! functions) and the HTTP API of each stack. Must not know: anything else of this crate. It is met
//! only over the wire, so that the client side and this side check each other.

pub mod clock;
pub mod durable;
pub mod resource;
pub mod wire;
#[derive(Debug,Clone,PartialEq)] pub struct Credentials { pub access_key: String, pub secret_key: String }
pub struct Options { pub state: std::path::PathBuf, pub cache: std::path::PathBuf, pub python: Option<PythonSpec>, pub base_url: String, pub credentials: Credentials }
pub enum PythonSpec { Interpreter(std::path::PathBuf), Project { folder: std::path::PathBuf, group: String } }
pub struct Engine; impl Engine { pub fn open(_: Options) -> std::io::Result<Self> { Ok(Engine) } }
pub async fn serve(_: tokio::net::TcpListener, _: Engine, _: impl Future<Output=()>) -> std::io::Result<()> { Ok(()) }
