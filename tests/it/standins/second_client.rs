//! A second client beside the adapters: boto3 in a process of its own, which ends with its input.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::{Value, json};

use super::server::REGION;
use crate::support::repository;

/// The two ends of the process.
pub(super) struct SecondClient(Mutex<(ChildStdin, BufReader<ChildStdout>)>);

impl SecondClient {
    /// Starts it against a stand-in.
    pub(super) fn start(python: &Path, url: &str) -> Result<Self, String> {
        let mut child = Command::new(python)
            .arg(repository().join("tests/it/standins/second_client.py"))
            .args([url, REGION])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => Ok(Self(Mutex::new((input, BufReader::new(output))))),
            _ => Err("the second client has no input or output".to_owned()),
        }
    }

    /// Makes calls, each of service, method and arguments, and returns their answers.
    pub(super) fn calls(&self, access_key: &str, calls: &[(&str, &str, Value)]) -> Vec<Value> {
        let request = format!("{}\n", json!([access_key, calls]));
        let mut answer = String::new();
        let exchanged = {
            let (input, output) = &mut *self.0.lock().unwrap();
            input
                .write_all(request.as_bytes())
                .and_then(|()| output.read_line(&mut answer))
        };
        match exchanged {
            Ok(length) if length > 0 => serde_json::from_str(&answer).unwrap(),
            other => panic!("the second client has ended ({other:?}) at {request}"),
        }
    }
}
