//! The stand-ins as processes: installed from `PyPI` once, started on loopback once a run, and gone when
//! the test process is gone, however it ends.

use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use deploy::aws::{Connection, Endpoint, connect};
use deploy::cloud::Cloud;
use deploy::local::PythonSpec;
use deploy::local::runner::{Launch, Process};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::second_client::SecondClient;
use crate::support::{cache, free_port, repository, tools};

/// The region of all tests.
pub(super) const REGION: &str = "eu-west-1";
/// The account of the shipped stack's environment `staging`.
pub(super) const SHIPPED_ACCOUNT: &str = "111122223333";
/// How long a stand-in may take until it answers.
const PATIENCE: Duration = Duration::from_mins(1);
/// Starts before a stand-in is given up: another test may have taken the port meanwhile.
const STARTS: usize = 3;

/// A stand-in that runs.
pub(super) struct StandIn {
    url: String,
    second: SecondClient,
    /// Its death would be noticed by nobody but the next call; dropping it ends the process.
    _process: Process,
    /// Reads its output.
    _runtime: Runtime,
}

/// `MiniStack`: `CloudFormation`, S3, IAM, Lambda, API Gateway and Logs.
pub(super) fn ministack() -> &'static StandIn {
    static SHARED: OnceLock<Result<StandIn, String>> = OnceLock::new();
    shared(&SHARED, "ministack", |port| {
        let environment = [
            ("BIND_HOST", "127.0.0.1".to_owned()),
            ("GATEWAY_PORT", port.to_string()),
            // Whoever calls an HTTP API gives no key, and is taken for a caller of this account.
            ("MINISTACK_ACCOUNT_ID", SHIPPED_ACCOUNT.to_owned()),
        ];
        (vec!["-m", "ministack"], environment.to_vec(), Vec::new())
    })
}

/// `MiniStack` with its authorization on: who has no policy may do nothing.
pub(super) fn guarded_ministack() -> &'static StandIn {
    static SHARED: OnceLock<Result<StandIn, String>> = OnceLock::new();
    shared(&SHARED, "ministack", |port| {
        let environment = [
            ("AUTH", "true".to_owned()),
            ("BIND_HOST", "127.0.0.1".to_owned()),
            ("GATEWAY_PORT", port.to_string()),
            ("MINISTACK_ACCOUNT_ID", SHIPPED_ACCOUNT.to_owned()),
        ];
        (vec!["-m", "ministack"], environment.to_vec(), Vec::new())
    })
}

/// moto: `SageMaker`, and a second opinion on S3 and STS.
pub(super) fn moto() -> &'static StandIn {
    static SHARED: OnceLock<Result<StandIn, String>> = OnceLock::new();
    shared(&SHARED, "moto", |port| {
        let port = vec![port.to_string()];
        (
            vec!["-m", "moto.server", "-H", "127.0.0.1", "-p"],
            vec![],
            port,
        )
    })
}

/// What a stand-in is started with: arguments, environment, arguments that depend on the port.
type Start = fn(u16) -> (Vec<&'static str>, Vec<(&'static str, String)>, Vec<String>);

fn shared(
    place: &'static OnceLock<Result<StandIn, String>>,
    group: &str,
    start: Start,
) -> &'static StandIn {
    let started = place.get_or_init(|| {
        let group = group.to_owned();
        // On a thread of its own: the caller's may run an asynchronous test.
        let thread = std::thread::spawn(move || StandIn::start(&group, start));
        thread
            .join()
            .unwrap_or_else(|_| Err("it panicked".to_owned()))
    });
    started
        .as_ref()
        .unwrap_or_else(|reason| panic!("there is no {group}: {reason}"))
}

impl StandIn {
    fn start(group: &str, start: Start) -> Result<Self, String> {
        let spec = PythonSpec::Project {
            folder: repository().join("tests/it/standins"),
            group: group.to_owned(),
        };
        let python = tools::environment(spec)?;
        let folder = cache().join("standins").join(group);
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let mut last = String::new();
        for _ in 0..STARTS {
            match Self::start_once(&python, &folder, start) {
                Ok(started) => return Ok(started),
                Err(reason) => last = reason,
            }
        }
        Err(last)
    }

    fn start_once(python: &Path, folder: &Path, start: Start) -> Result<Self, String> {
        let port = free_port();
        let (arguments, environment, more) = start(port);
        let launch = Launch {
            program: python.to_owned(),
            arguments: arguments
                .into_iter()
                .map(str::to_owned)
                .chain(more)
                .collect(),
            // What it keeps on disk stays below the folder of the tests.
            environment: environment
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .chain([("TMPDIR".to_owned(), folder.to_string_lossy().into_owned())])
                .collect(),
            folder: folder.to_owned(),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let process = {
            let _guard = runtime.enter();
            Process::spawn(&launch, move |line| sink.lock().unwrap().push(line))
                .map_err(|error| error.to_string())?
        };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if process.has_ended() || began.elapsed() > PATIENCE {
                return Err(format!(
                    "it does not start:\n{}",
                    lines.lock().unwrap().join("\n")
                ));
            }
            crate::support::pause();
        }
        let url = format!("http://127.0.0.1:{port}");
        Ok(Self {
            second: SecondClient::start(python, &url)?,
            url,
            _process: process,
            _runtime: runtime,
        })
    }

    /// Its base URL.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The adapters under test, as a caller with this access key.
    pub(super) async fn cloud(&self, access_key: &str) -> Cloud {
        self.cloud_with(access_key, "secret").await
    }

    /// The adapters under test, as a caller with this access key and its secret.
    pub(super) async fn cloud_with(&self, access_key: &str, secret_key: &str) -> Cloud {
        let endpoint = Endpoint {
            url: self.url.clone(),
            access_key: access_key.to_owned(),
            secret_key: secret_key.to_owned(),
        };
        connect(&Connection {
            region: REGION.to_owned(),
            profile: None,
            role: None,
            service_role: None,
            endpoint: Some(endpoint),
        })
        .await
    }

    /// Makes calls with boto3, as a caller with this access key.
    pub(super) fn second_client(
        &self,
        access_key: &str,
        calls: &[(&str, &str, Value)],
    ) -> Vec<Value> {
        self.second.calls(access_key, calls)
    }
}
