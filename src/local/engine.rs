//! Puts the services together: who gets which folder, whom each of them calls.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower::ServiceExt;

use super::ACCOUNT;
use super::auth::Credentials;
use super::clock::Clock;
use super::journal::Journal;
use super::runner::{Python, PythonSpec};
use super::server::{self, Handler, RawHandler, Routes};
use super::services::cloudformation::{CloudFormation, CloudFormationParts};
use super::services::iam::{self, Iam};
use super::services::lambda::{self, Lambda, LambdaParts};
use super::services::logs::{self, Logs};
use super::services::s3::{self, S3};
use super::services::sagemaker::{self, SageMaker, SageMakerParts};
use super::services::sts::Sts;
use super::wire::ApiRequest;

/// Longest time that open connections keep the engine from stopping.
const GRACE: Duration = Duration::from_secs(10);

/// What an engine is made from.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder of everything that the engine keeps; one engine uses it at a time.
    pub state: PathBuf,
    /// Folder of prepared Python environments; several engines may share it.
    pub cache: PathBuf,
    /// Python environment of jobs, endpoints and functions; without one they fail when they start.
    pub python: Option<PythonSpec>,
    /// Address at which the engine is reached, e.g. `http://127.0.0.1:4599`, without a slash at its end.
    pub base_url: String,
    /// The only keys that requests may be signed with.
    pub credentials: Credentials,
}

/// Why an engine cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the local engine cannot use its folder {}", folder.display())]
pub struct EngineError {
    folder: PathBuf,
    source: io::Error,
}

/// All services, working.
pub struct Engine {
    routes: Arc<Routes>,
    cloudformation: Arc<CloudFormation>,
    lambda: Arc<Lambda>,
    sagemaker: Arc<SageMaker>,
}

impl Engine {
    /// Opens every service with the state it had, and carries on with what was in flight. Must be called
    /// within a Tokio runtime.
    ///
    /// # Errors
    /// A file or folder cannot be read or written, or holds something else.
    pub fn open(options: Options) -> Result<Self, EngineError> {
        let folder = options.state.clone();
        Self::assemble(options).map_err(|source| EngineError { folder, source })
    }

    /// Returns the router that answers all requests.
    pub fn router(&self) -> Router {
        server::router(Arc::clone(&self.routes))
    }

    /// Ends all work and every child process. The state stays, so that the next engine carries on.
    pub async fn stop(&self) {
        self.cloudformation.stop();
        self.lambda.shut_down();
        self.sagemaker.shutdown().await;
        self.routes.journal.line("the engine has stopped");
    }

    fn assemble(options: Options) -> io::Result<Self> {
        let clock = Clock::start();
        let state = |name: &str| options.state.join("state").join(name);
        let journal = Arc::new(Journal::open(options.state.join("engine.log"), clock)?);
        let environment = child_environment(&options);
        let python = Arc::new(Python::new(options.python.clone(), options.cache.clone()));
        let s3 = Arc::new(S3::open(options.state.join("s3"), clock)?);
        let logs = Arc::new(Logs::open(options.state.join("logs"), clock)?);
        let iam = Arc::new(Iam::open(state("iam.json"), clock)?);
        let sagemaker = SageMaker::open(SageMakerParts {
            folder: options.state.clone(),
            clock,
            store: Arc::clone(&s3) as _,
            logs: Arc::clone(&logs) as _,
            roles: Arc::clone(&iam) as _,
            python: Arc::clone(&python),
            environment: environment.clone(),
        })?;
        let (sink, roles) = (Arc::clone(&logs), Arc::clone(&iam));
        let lambda = Arc::new(Lambda::open(LambdaParts {
            state: state("lambda.json"),
            work: options.state.join("work").join("lambda"),
            clock,
            s3: Arc::clone(&s3),
            write_log: Arc::new(move |group, stream, lines| sink.put(group, stream, lines)),
            role_exists: Arc::new(move |arn| roles.role_exists(arn)),
            python,
            environment,
        })?);
        let mut providers = s3::providers(&s3);
        providers.extend(iam::providers(&iam));
        providers.extend(logs::providers(&logs));
        providers.extend(sagemaker::providers(&sagemaker));
        providers.extend(lambda::providers(&lambda));
        let cloudformation = CloudFormation::open(CloudFormationParts {
            path: state("cloudformation.json"),
            clock,
            account: ACCOUNT.to_owned(),
            journal: Arc::clone(&journal),
            providers,
        })?;
        let sts = Arc::new(Sts {
            account: ACCOUNT.to_owned(),
        });
        let services: BTreeMap<&'static str, Handler> = [
            (
                "cloudformation",
                handler(&cloudformation, |service, request| async move {
                    service.handle(request).await
                }),
            ),
            (
                "iam",
                handler(&iam, |service, request| async move {
                    service.handle(request).await
                }),
            ),
            (
                "lambda",
                handler(&lambda, |service, request| async move {
                    service.handle(request).await
                }),
            ),
            (
                "logs",
                handler(&logs, |service, request| async move {
                    service.handle(request).await
                }),
            ),
            (
                "sagemaker",
                handler(&sagemaker, |service, request| async move {
                    service.handle(request).await
                }),
            ),
            (
                "sts",
                handler(&sts, |service, request| async move {
                    service.handle(request).await
                }),
            ),
        ]
        .into();
        let Credentials {
            access_key,
            secret_key,
        } = &options.credentials;
        let routes = Arc::new(Routes {
            s3: Some(s3_handler(s3.service(access_key, secret_key))),
            data_plane: None,
            credentials: options.credentials,
            journal,
            services,
            stop: watch::Sender::new(false),
        });
        sagemaker.resume()?;
        cloudformation.resume();
        Ok(Self {
            routes,
            cloudformation,
            lambda,
            sagemaker,
        })
    }
}

/// Serves the engine on a listener until `shutdown` resolves or a request asks it to stop, then ends its
/// child processes.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    engine: Engine,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let mut asked = engine.routes.stop.subscribe();
    let mut ended = engine.routes.stop.subscribe();
    let stop = engine.routes.stop.clone();
    let graceful = async move {
        tokio::select! {
            () = shutdown => {}
            // The sender lives as long as the engine, so this cannot fail.
            _ = asked.wait_for(|stop| *stop) => {}
        }
        stop.send_replace(true);
    };
    let serving = axum::serve(listener, engine.router()).with_graceful_shutdown(graceful);
    let overdue = async move {
        // As above, the sender is there.
        let _ = ended.wait_for(|stop| *stop).await;
        tokio::time::sleep(GRACE).await;
    };
    let result = tokio::select! {
        result = serving.into_future() => result,
        () = overdue => Ok(()),
    };
    engine.stop().await;
    result
}

/// Environment of every child, so that AWS clients in it find the engine and nothing else.
fn child_environment(options: &Options) -> Vec<(String, String)> {
    [
        ("AWS_ENDPOINT_URL", options.base_url.as_str()),
        ("AWS_ACCESS_KEY_ID", &options.credentials.access_key),
        ("AWS_SECRET_ACCESS_KEY", &options.credentials.secret_key),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn handler<S, F>(
    service: &Arc<S>,
    handle: impl Fn(Arc<S>, ApiRequest) -> F + Send + Sync + 'static,
) -> Handler
where
    S: Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let service = Arc::clone(service);
    Arc::new(move |request| Box::pin(handle(Arc::clone(&service), request)))
}

fn s3_handler(service: s3s::service::S3Service) -> RawHandler {
    Arc::new(
        move |request: Request<Body>| -> BoxFuture<'static, Response<Body>> {
            let service = service.clone();
            Box::pin(async move {
                match service.oneshot(request).await {
                    Ok(response) => response.map(Body::new),
                    Err(error) => {
                        let mut response =
                            Response::new(Body::from(format!("S3 failed: {error:?}")));
                        *response.status_mut() = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
                        response
                    }
                }
            })
        },
    )
}
