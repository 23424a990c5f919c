//! An engine that stands for AWS.

use std::process::Command;

use deploy::local::script::Script;
use deploy::local::{Credentials, Engine, Options, serve};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::project::{Project, Run};

/// An engine that plays everything, in the place of AWS.
pub(crate) struct StandIn {
    runtime: Runtime,
    folder: tempfile::TempDir,
    url: String,
    credentials: Credentials,
    stop: oneshot::Sender<()>,
    ends: JoinHandle<()>,
}

impl StandIn {
    /// Serves one, with these quotas.
    pub(crate) fn start(quotas: &[(&str, f64)]) -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let credentials = Credentials {
            access_key: "AKIASIMULATED".to_owned(),
            secret_key: "simulated".to_owned(),
        };
        let quotas = quotas
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value));
        let options = Options {
            state: folder.path().to_owned(),
            cache: folder.path().join("cache"),
            python: None,
            base_url: url.clone(),
            credentials: credentials.clone(),
            script: Some(Script {
                quotas: quotas.collect(),
                ..Script::default()
            }),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let ends = runtime.spawn(async move {
            let engine = Engine::open(options).unwrap();
            let shutdown = async move {
                let _ = stopped.await;
            };
            serve(listener, engine, shutdown).await.unwrap();
        });
        Self {
            runtime,
            folder,
            url,
            credentials,
            stop,
            ends,
        }
    }

    /// Runs `deploy` before it, with the keys of an account, and with changes to how it is started.
    pub(crate) fn deploy(
        &self,
        project: &Project,
        account: &str,
        arguments: &[&str],
        change: impl FnOnce(&mut Command),
    ) -> Run {
        let keys = self.credentials.of_account(account);
        project.deploy_with(arguments, |command| {
            command
                .env("AWS_ENDPOINT_URL", &self.url)
                .env("AWS_ACCESS_KEY_ID", &keys.access_key)
                .env("AWS_SECRET_ACCESS_KEY", &keys.secret_key)
                .env("AWS_EC2_METADATA_DISABLED", "true")
                .env("HOME", self.folder.path());
            change(command);
        })
    }

    /// Ends it.
    pub(crate) fn end(self) {
        self.stop.send(()).unwrap();
        self.runtime.block_on(self.ends).unwrap();
    }
}

/// Serves an engine that plays everything, with these quotas, and runs one `deploy` with it in the place of AWS,
/// with the keys of an account.
pub(crate) fn with_engine_as_aws(
    project: &Project,
    account: &str,
    quotas: &[(&str, f64)],
    arguments: &[&str],
) -> Run {
    let aws = StandIn::start(quotas);
    let run = aws.deploy(project, account, arguments, |_| {});
    aws.end();
    run
}
