//! Puts the services of a cell together: who gets which folder, and whom each of them calls.

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, Response};

use super::access::{Guard, Known, guarded, resource_tags};
use super::auth::Credentials;
use super::cells::{Accounts, CellId, Shared};
use super::engine::Options;
use super::metrics::Metrics;
use super::page::{LINES, Shown};
use super::script::{reference_handler, staged};
use super::server::Handler;
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
use super::services::sts::{Roles, Sts};
use super::wire::{ApiError, ApiRequest};

/// All services of one account in one region.
pub(crate) struct Services {
    apigateway: Arc<ApiGateway>,
    autoscaling: Arc<AutoScaling>,
    cloudformation: Arc<CloudFormation>,
    cloudwatch: Arc<CloudWatch>,
    iam: Arc<Iam>,
    known: Known,
    lambda: Arc<Lambda>,
    logs: Arc<Logs>,
    quotas: Arc<Quotas>,
    sagemaker: Arc<SageMaker>,
    sts: Arc<Sts>,
}

/// Lets others write log lines without knowing who keeps them.
fn log_writer(logs: Arc<Logs>) -> lambda::WriteLog {
    Arc::new(move |group, stream, lines| logs.put(group, stream, lines))
}

impl Services {
    /// Opens every service with the state it had in the cell's folder.
    pub(crate) fn open(shared: &Shared, id: &CellId, folder: &Path) -> io::Result<Self> {
        let base = Base::open(shared, id, folder)?;
        let sagemaker = base.sagemaker(shared, id, folder)?;
        let lambda = base.lambda(shared, id, folder, &sagemaker)?;
        let autoscaling = AutoScaling::open(AutoScalingParts {
            account: id.account.clone(),
            state: shared.place(folder, "autoscaling.json"),
            clock: shared.clock,
            metrics: Arc::clone(&base.metrics),
            variants: Arc::new(Arc::clone(&sagemaker)),
        })?;
        let apigateway = Arc::new(ApiGateway::open(ApiGatewayParts {
            state: shared.place(folder, "apigateway.json"),
            clock: shared.clock,
            lambda: Arc::clone(&lambda),
            base_url: shared.options.base_url.clone(),
            keys: shared.keys.clone(),
            write_log: log_writer(Arc::clone(&base.logs)),
            metrics: Arc::clone(&base.metrics),
        })?);
        let providers = [
            s3::providers(&base.s3),
            iam::providers(&base.iam),
            logs::providers(&base.logs),
            sagemaker::providers(&sagemaker),
            lambda::providers(&lambda),
            apigateway::providers(&apigateway),
            cloudwatch::providers(&base.cloudwatch),
            autoscaling::providers(&autoscaling),
        ]
        .concat();
        let known = known(&base.iam, &sagemaker);
        let guard = Arc::new(Guard {
            authority: shared.authority.clone(),
            place: id.clone(),
            known: Arc::clone(&known),
        });
        let cloudformation = CloudFormation::open(CloudFormationParts {
            path: shared.place(folder, "cloudformation.json"),
            clock: shared.clock,
            account: id.account.clone(),
            journal: Arc::clone(&shared.journal),
            providers: guarded(staged(providers, shared.script.as_ref()), &guard),
        })?;
        Ok(Self {
            apigateway,
            autoscaling,
            cloudformation,
            cloudwatch: base.cloudwatch,
            iam: base.iam,
            known,
            lambda,
            logs: base.logs,
            quotas: Arc::new(Quotas::of(shared.options.script.as_ref())),
            sagemaker,
            sts: Arc::new(Sts {
                roles: roles_of_all(shared.accounts.clone()),
                keys: shared.keys.clone(),
            }),
        })
    }

    /// Begins to work, and carries on with what was in flight. Must be called within a Tokio runtime, once.
    pub(crate) fn start(&self) -> io::Result<()> {
        self.sagemaker.resume()?;
        self.cloudwatch.start();
        self.autoscaling.start();
        self.cloudformation.resume();
        Ok(())
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

    /// Finds what conditions of policies can be about.
    pub(crate) fn known(&self) -> Known {
        Arc::clone(&self.known)
    }

    /// Whether there is an HTTP API of this id.
    pub(crate) fn has_api(&self, api: &str) -> bool {
        self.apigateway.has(api)
    }

    /// Answers a request to an HTTP API.
    pub(crate) async fn serve_api(&self, api: &str, request: Request<Body>) -> Response<Body> {
        self.apigateway.serve(api, request).await
    }

    /// Tells what the engine's page shows.
    pub(crate) fn shown(&self, id: &CellId, now: i64) -> Shown {
        Shown {
            id: id.to_string(),
            stacks: self.cloudformation.summaries(),
            jobs: self.sagemaker.job_summaries(),
            batches: self.sagemaker.batch_summaries(),
            endpoints: self.sagemaker.endpoint_summaries(),
            alarms: self.cloudwatch.alarm_summaries(),
            apis: self.apigateway.summaries(),
            lines: self.logs.newest(LINES).map_err(|fault| fault.to_string()),
            now,
        }
    }

    /// Writes every state whose writing is deferred.
    pub(crate) fn save(&self) -> io::Result<()> {
        self.apigateway.save()?;
        self.autoscaling.save()?;
        self.cloudformation.save()?;
        self.cloudwatch.save()?;
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
    cloudwatch: Arc<CloudWatch>,
    /// Environment of every child process.
    environment: Vec<(String, String)>,
}

impl Base {
    fn open(shared: &Shared, id: &CellId, folder: &Path) -> io::Result<Self> {
        let (account, clock) = (&id.account, shared.clock);
        let metrics = Arc::new(Metrics::new(clock));
        let alarms = shared.place(folder, "cloudwatch.json");
        Ok(Self {
            s3: Arc::new(shared.s3.of_account(account)),
            logs: Arc::new(Logs::open(folder.join("logs"), account.clone(), clock)?),
            iam: shared.accounts.iam(account)?,
            cloudwatch: CloudWatch::open(alarms, account.clone(), clock, Arc::clone(&metrics))?,
            metrics,
            environment: child_environment(&shared.options, account),
        })
    }

    fn sagemaker(&self, shared: &Shared, id: &CellId, folder: &Path) -> io::Result<Arc<SageMaker>> {
        SageMaker::open(SageMakerParts {
            folder: folder.to_owned(),
            account: id.account.clone(),
            clock: shared.clock,
            store: Arc::clone(&self.s3) as _,
            logs: Arc::clone(&self.logs) as _,
            roles: Arc::clone(&self.iam) as _,
            alarms: Arc::clone(&self.cloudwatch) as _,
            metrics: Arc::clone(&self.metrics),
            python: Arc::clone(&shared.python),
            environment: self.environment.clone(),
            script: shared.script.clone(),
        })
    }

    fn lambda(
        &self,
        shared: &Shared,
        id: &CellId,
        folder: &Path,
        sagemaker: &Arc<SageMaker>,
    ) -> io::Result<Arc<Lambda>> {
        let roles = Arc::clone(&self.iam);
        let lambda = Lambda::open(LambdaParts {
            account: id.account.clone(),
            state: shared.place(folder, "lambda.json"),
            work: folder.join("work").join("lambda"),
            clock: shared.clock,
            s3: Arc::clone(&self.s3),
            write_log: log_writer(Arc::clone(&self.logs)),
            metrics: Arc::clone(&self.metrics),
            role_exists: Arc::new(move |arn| roles.role_exists(arn)),
            python: Arc::clone(&shared.python),
            environment: self.environment.clone(),
            stand_in: shared.script.as_ref().map(|_| reference_handler(sagemaker)),
        })?;
        Ok(Arc::new(lambda))
    }
}

/// Lets STS look for roles in every account.
fn roles_of_all(accounts: Accounts) -> Roles {
    Arc::new(move |account, arn| {
        let iam = accounts.iam(account).map_err(ApiError::from)?;
        Ok(iam.trust(arn))
    })
}

/// Finds the tags of models, endpoints and jobs, and the boundaries of roles.
fn known(iam: &Arc<Iam>, sagemaker: &Arc<SageMaker>) -> Known {
    let (iam, sagemaker) = (Arc::clone(iam), Arc::clone(sagemaker));
    Arc::new(move |id| {
        let mut known = resource_tags(&sagemaker.tags_of(id));
        let boundary = iam.boundary(id);
        known.extend(boundary.map(|arn| ("iam:PermissionsBoundary".to_owned(), arn)));
        known
    })
}

/// Environment of every child, so that AWS clients in it find the engine and nothing else.
fn child_environment(options: &Options, account: &str) -> Vec<(String, String)> {
    let Credentials {
        access_key,
        secret_key,
    } = options.credentials.of_account(account);
    [
        ("AWS_ENDPOINT_URL", options.base_url.as_str()),
        ("AWS_ACCESS_KEY_ID", &access_key),
        ("AWS_SECRET_ACCESS_KEY", &secret_key),
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
