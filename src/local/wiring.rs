//! Puts the services together: who gets which folder, and whom each of them calls.

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use futures::future::BoxFuture;
use s3s::service::S3Service;
use tower::ServiceExt;

use super::ACCOUNT;
use super::auth::Credentials;
use super::clock::Clock;
use super::durable::Place;
use super::engine::Options;
use super::journal::Journal;
use super::metrics::Metrics;
use super::page::Shown;
use super::resource::ResourceProvider;
use super::runner::Python;
use super::script::{Stage, reference_handler, staged};
use super::server::{DATA_PLANE, Handler, RawHandler};
use super::services::apigateway::{self, ApiGateway, ApiGatewayParts};
use super::services::autoscaling::{self, AutoScaling, AutoScalingParts};
use super::services::cloudformation::{CloudFormation, CloudFormationParts};
use super::services::cloudwatch::{self, CloudWatch};
use super::services::iam::{self, Iam};
use super::services::lambda::{self, Lambda, LambdaParts};
use super::services::logs::{self, Logs};
use super::services::quotas::Quotas;
use super::services::s3::{self, S3};
use super::services::sagemaker::{self, SageMaker, SageMakerParts};
use super::services::sts::Sts;
use super::wire::ApiRequest;

/// All services of one engine.
pub(crate) struct Services {
    apigateway: Arc<ApiGateway>,
    pub(crate) autoscaling: Arc<AutoScaling>,
    pub(crate) cloudformation: Arc<CloudFormation>,
    pub(crate) cloudwatch: Arc<CloudWatch>,
    iam: Arc<Iam>,
    lambda: Arc<Lambda>,
    logs: Arc<Logs>,
    quotas: Arc<Quotas>,
    s3: Arc<S3>,
    pub(crate) sagemaker: Arc<SageMaker>,
    sts: Arc<Sts>,
}

/// Lets others write log lines without knowing who keeps them.
fn log_writer(logs: Arc<Logs>) -> lambda::WriteLog {
    Arc::new(move |group, stream, lines| logs.put(group, stream, lines))
}

impl Services {
    /// Opens every service with the state it had.
    pub(crate) fn open(
        options: &Options,
        clock: Clock,
        journal: &Arc<Journal>,
    ) -> io::Result<Self> {
        let state = |name: &str| place(options, name);
        let environment = child_environment(options);
        let script = options.script.clone().map(Stage::new).map(Arc::new);
        let python = Arc::new(Python::new(options.python.clone(), options.cache.clone()));
        let base = Base::open(options, clock)?;
        let (s3, logs, iam, metrics) = (base.s3, base.logs, base.iam, base.metrics);
        let cloudwatch = CloudWatch::open(state("cloudwatch.json"), clock, Arc::clone(&metrics))?;
        let sagemaker = SageMaker::open(SageMakerParts {
            folder: options.state.clone(),
            clock,
            store: Arc::clone(&s3) as _,
            logs: Arc::clone(&logs) as _,
            roles: Arc::clone(&iam) as _,
            alarms: Arc::clone(&cloudwatch) as _,
            metrics: Arc::clone(&metrics),
            python: Arc::clone(&python),
            environment: environment.clone(),
            script: script.clone(),
        })?;
        let autoscaling = scaling(state("autoscaling.json"), clock, &metrics, &sagemaker)?;
        let (roles, write_log) = (Arc::clone(&iam), log_writer(Arc::clone(&logs)));
        let lambda = Arc::new(Lambda::open(LambdaParts {
            state: state("lambda.json"),
            work: options.state.join("work").join("lambda"),
            clock,
            s3: Arc::clone(&s3),
            write_log: Arc::clone(&write_log),
            metrics: Arc::clone(&metrics),
            role_exists: Arc::new(move |arn| roles.role_exists(arn)),
            python,
            environment,
            stand_in: script.as_ref().map(|_| reference_handler(&sagemaker)),
        })?);
        let apigateway = Arc::new(ApiGateway::open(ApiGatewayParts {
            state: state("apigateway.json"),
            clock,
            lambda: Arc::clone(&lambda),
            base_url: options.base_url.clone(),
            credentials: options.credentials.clone(),
            write_log,
            metrics,
        })?);
        let providers = [
            s3::providers(&s3),
            iam::providers(&iam),
            logs::providers(&logs),
            sagemaker::providers(&sagemaker),
            lambda::providers(&lambda),
            apigateway::providers(&apigateway),
            cloudwatch::providers(&cloudwatch),
            autoscaling::providers(&autoscaling),
        ]
        .concat();
        let providers = staged(providers, script.as_ref());
        let cloudformation = stacks(state("cloudformation.json"), clock, journal, providers)?;
        Ok(Self {
            apigateway,
            autoscaling,
            cloudformation,
            cloudwatch,
            iam,
            lambda,
            logs,
            quotas: Arc::new(Quotas::of(options.script.as_ref())),
            s3,
            sagemaker,
            sts: Arc::new(Sts {
                account: ACCOUNT.to_owned(),
            }),
        })
    }

    /// Returns the services by their name in the credential scope.
    pub(crate) fn handlers(&self) -> BTreeMap<&'static str, Handler> {
        [
            (
                "apigateway",
                handler(&self.apigateway, |to, request| ready(to.handle(&request))),
            ),
            (
                "application-autoscaling",
                handler(&self.autoscaling, |to, request| ready(to.handle(&request))),
            ),
            (
                "cloudformation",
                handler(&self.cloudformation, |to, request| {
                    ready(to.handle(&request))
                }),
            ),
            (
                "iam",
                handler(&self.iam, |to, request| ready(to.handle(&request))),
            ),
            (
                "lambda",
                handler(&self.lambda, |to, request| async move {
                    to.handle(request).await
                }),
            ),
            (
                "logs",
                handler(&self.logs, |to, request| ready(to.handle(&request))),
            ),
            (
                "monitoring",
                handler(&self.cloudwatch, |to, request| ready(to.handle(&request))),
            ),
            (
                "sagemaker",
                handler(&self.sagemaker, |to, request| async move {
                    to.handle(request).await
                }),
            ),
            (
                "servicequotas",
                handler(&self.quotas, |to, request| ready(to.handle(&request))),
            ),
            (
                "sts",
                handler(&self.sts, |to, request| ready(to.handle(&request))),
            ),
        ]
        .into()
    }

    /// Returns what answers requests to S3, which checks their signatures itself.
    pub(crate) fn objects(&self, credentials: &Credentials) -> RawHandler {
        let service = self
            .s3
            .service(&credentials.access_key, &credentials.secret_key);
        Arc::new(move |request| objects(service.clone(), request))
    }

    /// Returns what answers requests to the HTTP APIs of stacks.
    pub(crate) fn apis(&self) -> RawHandler {
        let apigateway = Arc::clone(&self.apigateway);
        Arc::new(move |request| {
            let apigateway = Arc::clone(&apigateway);
            Box::pin(async move {
                let path = request.uri().path();
                let below = path.strip_prefix(DATA_PLANE).unwrap_or_default();
                let api = below.split('/').next().unwrap_or_default().to_owned();
                apigateway.serve(&api, request).await
            })
        })
    }

    /// Returns the services that the engine's page tells of.
    pub(crate) fn shown(&self) -> Shown {
        Shown {
            cloudformation: Arc::clone(&self.cloudformation),
            cloudwatch: Arc::clone(&self.cloudwatch),
            sagemaker: Arc::clone(&self.sagemaker),
            apigateway: Arc::clone(&self.apigateway),
            logs: Arc::clone(&self.logs),
        }
    }

    /// Writes every state whose writing is deferred.
    pub(crate) fn save(&self) -> io::Result<()> {
        self.apigateway.save()?;
        self.autoscaling.save()?;
        self.cloudformation.save()?;
        self.cloudwatch.save()?;
        self.iam.save()?;
        self.lambda.save()?;
        self.sagemaker.save()
    }

    /// Ends all work and every child process.
    pub(crate) async fn stop(&self) {
        self.cloudformation.stop();
        self.lambda.shut_down();
        self.sagemaker.shutdown().await;
    }
}

/// What the other services stand on.
struct Base {
    s3: Arc<S3>,
    logs: Arc<Logs>,
    iam: Arc<Iam>,
    metrics: Arc<Metrics>,
}

impl Base {
    fn open(options: &Options, clock: Clock) -> io::Result<Self> {
        Ok(Self {
            s3: Arc::new(S3::open(options.state.join("s3"), clock)?),
            logs: Arc::new(Logs::open(options.state.join("logs"), clock)?),
            iam: Arc::new(Iam::open(place(options, "iam.json"), clock)?),
            metrics: Arc::new(Metrics::new(clock)),
        })
    }
}

fn scaling(
    state: Place,
    clock: Clock,
    metrics: &Arc<Metrics>,
    sagemaker: &Arc<SageMaker>,
) -> io::Result<Arc<AutoScaling>> {
    AutoScaling::open(AutoScalingParts {
        state,
        clock,
        metrics: Arc::clone(metrics),
        variants: Arc::new(Arc::clone(sagemaker)),
    })
}

fn stacks(
    path: Place,
    clock: Clock,
    journal: &Arc<Journal>,
    providers: Vec<Arc<dyn ResourceProvider>>,
) -> io::Result<Arc<CloudFormation>> {
    CloudFormation::open(CloudFormationParts {
        path,
        clock,
        account: ACCOUNT.to_owned(),
        journal: Arc::clone(journal),
        providers,
    })
}

/// Where a service keeps its state.
fn place(options: &Options, name: &str) -> Place {
    let path = options.state.join("state").join(name);
    // What is played is not to survive; writing it at every change would take most of the time.
    match options.script {
        Some(_) => Place::deferred(path),
        None => path.into(),
    }
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

fn objects(service: S3Service, request: Request<Body>) -> BoxFuture<'static, Response<Body>> {
    Box::pin(async move {
        match service.oneshot(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => {
                let mut response = Response::new(Body::from(format!("S3 failed: {error:?}")));
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        }
    })
}
