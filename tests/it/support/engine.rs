//! An engine that stands for AWS.

use deploy::local::script::Script;
use deploy::local::{Credentials, Engine, Options, serve};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::project::{Project, Run};

/// Serves an engine that plays everything, with these quotas, and runs `deploy` with it in the place of AWS, with
/// the keys of an account.
pub(crate) fn with_engine_as_aws(
    project: &Project,
    account: &str,
    quotas: &[(&str, f64)],
    arguments: &[&str],
) -> Run {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let credentials = Credentials {
        access_key: "AKIASIMULATED".to_owned(),
        secret_key: "simulated".to_owned(),
    };
    let keys = credentials.of_account(account);
    let quotas = quotas
        .iter()
        .map(|(name, value)| ((*name).to_owned(), *value));
    let options = Options {
        state: folder.path().to_owned(),
        cache: folder.path().join("cache"),
        python: None,
        base_url: url.clone(),
        credentials,
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
        serve(listener, engine, shutdown).await
    });
    let run = project.deploy_with(arguments, |command| {
        command
            .env("AWS_ENDPOINT_URL", &url)
            .env("AWS_ACCESS_KEY_ID", &keys.access_key)
            .env("AWS_SECRET_ACCESS_KEY", &keys.secret_key)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("HOME", folder.path());
    });
    stop.send(()).unwrap();
    runtime.block_on(ends).unwrap().unwrap();
    run
}
