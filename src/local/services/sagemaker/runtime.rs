//! `InvokeEndpoint` of SageMaker Runtime.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::endpoints::{Choice, Live, Server, answer as scripted};
use super::names::Kind;
use super::state::EndpointStatus;
use super::{SageMaker, lock};
use crate::local::wire::{ApiError, ApiRequest, json as wire};

/// Largest answer in bytes, and largest request to a variant on instances.
pub(super) const MAX_BODY: usize = 6_291_456;

/// Time that a model has for an answer, a new start of its server included.
const LIMIT: Duration = Duration::from_mins(1);

/// Time that a request waits for a server that is being started again.
const SERVER_WAIT: Duration = Duration::from_secs(20);

/// Time in which a server that has broken off is seen to have ended, if it has.
const END_SEEN: Duration = Duration::from_millis(500);

const ATTRIBUTES: &str = "x-amzn-sagemaker-custom-attributes";

/// A model's answer.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Body.
    pub body: Bytes,
    /// Content type of the body.
    pub content_type: HeaderValue,
    /// Production variant that answered.
    pub variant: String,
    /// `X-Amzn-SageMaker-Custom-Attributes`, if the server gave any.
    pub attributes: Option<HeaderValue>,
}

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InvokeError {
    /// The request is wrong, or nothing serves.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The model answered with an error, or not at all (status 424 `ModelError`).
    #[error("{message}")]
    Model {
        /// Text for people.
        message: String,
        /// The server's status; 0 when it gave none.
        status: u16,
        /// The server's body.
        original: String,
        /// Log stream of the server.
        log_stream: String,
    },
}

/// Where an invocation goes.
struct Target<'a> {
    account: &'a str,
    region: &'a str,
    endpoint: &'a str,
}

impl SageMaker {
    /// Invokes an endpoint; of `headers`, those that belong to the container contract are passed on.
    ///
    /// # Errors
    /// There is no such endpoint, it is not in service, the body is too large, or the model failed.
    pub async fn invoke_endpoint(
        &self,
        region: &str,
        endpoint: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Invocation, InvokeError> {
        let target = Target {
            account: &self.parts.account,
            region,
            endpoint,
        };
        self.check_in_service(&target)?;
        let choice = self.choose(&target)?;
        let largest = choice.serving.largest_body();
        if body.len() > largest {
            return Err(too_large(largest).into());
        }
        let Ok(_place) = choice.admit() else {
            return Err(throttled().into());
        };
        let began = Instant::now();
        let result = self.ask(&target, &choice, headers, body).await;
        self.count(endpoint, &choice.serving, &result, began.elapsed());
        result
    }

    /// Asks the server that was chosen, or another one if that has gone.
    async fn ask(
        &self,
        target: &Target<'_>,
        choice: &Choice,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Invocation, InvokeError> {
        let end = Instant::now() + LIMIT;
        let variant = choice.serving.variant.clone();
        let mut server = running(target, choice, None).await?;
        if server.url("/invocations").is_none() {
            let answer = scripted(&body, server.fails_with());
            return target.judge(variant, &server.stream, Ok(answer));
        }
        let mut answer = timeout_at(end, self.send(&server, headers, body.clone())).await;
        if let Ok(Err(error)) = &answer {
            // An update may have ended this server just now; another one gets the request once more. A
            // server that broke off in the middle of an answer is not asked again.
            if error.is_connect() || !self.serves(target, &choice.serving.config) {
                server = running(target, &self.choose(target)?, Some(&server)).await?;
                answer = timeout_at(end, self.send(&server, headers, body)).await;
            }
        }
        let stream = &server.stream;
        match answer {
            Err(_) => Err(target.failed(0, TIMED_OUT.to_owned(), stream)),
            Ok(Err(error)) => {
                see_end(choice, &server).await;
                Err(target.failed(0, chain(&error), stream))
            }
            Ok(Ok(answer)) => {
                let read = timeout_at(end, read(answer)).await;
                target.judge(
                    variant,
                    stream,
                    read.unwrap_or_else(|_| Err(TIMED_OUT.to_owned())),
                )
            }
        }
    }

    /// Answers `POST /endpoints/{name}/invocations`.
    pub(super) async fn invocation(&self, request: ApiRequest) -> Response<Body> {
        let path = request.path.strip_prefix("/endpoints/").unwrap_or_default();
        let name = match (path.split_once('/'), &request.method) {
            (Some((name, "invocations")), &Method::POST) => name,
            (operation, _) => {
                let operation = operation.map_or(path, |(_, rest)| rest);
                let error = ApiError::not_emulated("SageMaker Runtime", operation);
                return wire::rest_answer(StatusCode::OK, Err(error));
            }
        };
        let answer = self.invoke_endpoint(&request.region, name, &request.headers, request.body);
        match answer.await {
            Ok(invocation) => respond(invocation),
            Err(InvokeError::Api(error)) => wire::rest_answer(StatusCode::OK, Err(error)),
            Err(InvokeError::Model {
                message,
                status,
                original,
                log_stream,
            }) => {
                let body = json!({
                    "Message": message,
                    "OriginalStatusCode": status,
                    "OriginalMessage": original,
                    "LogStreamArn": log_stream,
                });
                let mut response = wire::rest_answer(StatusCode::FAILED_DEPENDENCY, Ok(body));
                let code = HeaderValue::from_static("ModelError");
                response.headers_mut().insert("x-amzn-errortype", code);
                response
            }
        }
    }

    fn check_in_service(&self, target: &Target<'_>) -> Result<(), ApiError> {
        let arn = target.arn();
        let status = self.read(|state| {
            state.endpoints.get(&arn).map(|endpoint| {
                // While it is updated the old configuration serves.
                (endpoint.status, endpoint.current.is_some())
            })
        });
        let (name, account) = (target.endpoint, target.account);
        match status {
            Some((
                EndpointStatus::InService | EndpointStatus::Updating | EndpointStatus::RollingBack,
                true,
            )) => Ok(()),
            Some((status, _)) => Err(invalid(format!(
                "Endpoint {name} of account {account} is not in service: its status is {}.",
                status.word()
            ))),
            None => Err(invalid(format!(
                "Endpoint {name} of account {account} not found."
            ))),
        }
    }

    /// Chooses who answers a request.
    fn choose(&self, target: &Target<'_>) -> Result<Choice, ApiError> {
        let mut live = lock(&self.live);
        let found = live.get_mut(&target.arn()).and_then(Live::choose);
        found.ok_or_else(|| unavailable(target))
    }

    /// Tells whether a configuration still has servers.
    fn serves(&self, target: &Target<'_>, config: &str) -> bool {
        let live = lock(&self.live);
        live.get(&target.arn())
            .is_some_and(|live| live.serves(config))
    }

    async fn send(
        &self,
        server: &Server,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Response<hyper::body::Incoming>, hyper_util::client::legacy::Error> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        // The address is made of a port and a constant path.
        if let Some(Ok(uri)) = server.url("/invocations").map(|url| url.parse()) {
            *request.uri_mut() = uri;
        }
        for name in [
            header::CONTENT_TYPE.as_str(),
            header::ACCEPT.as_str(),
            ATTRIBUTES,
        ] {
            if let Some(value) = headers.get(name)
                && let Ok(name) = header::HeaderName::from_bytes(name.as_bytes())
            {
                request.headers_mut().insert(name, value.clone());
            }
        }
        self.client.request(request).await
    }
}

/// Returns the chosen server, other than `not`, waiting a while for one that is being started again.
async fn running(
    target: &Target<'_>,
    choice: &Choice,
    not: Option<&Arc<Server>>,
) -> Result<Arc<Server>, ApiError> {
    let usable = |server: &Option<Arc<Server>>| {
        let server = server.as_ref();
        server.is_some_and(|server| not.is_none_or(|not| !Arc::ptr_eq(server, not)))
    };
    let mut server = choice.server.clone();
    let waited = timeout_at(Instant::now() + SERVER_WAIT, server.wait_for(usable)).await;
    let server = waited
        .ok()
        .and_then(Result::ok)
        .and_then(|server| (*server).clone());
    server.ok_or_else(|| unavailable(target))
}

/// Waits until a server that broke off a request no longer counts as running, so that whoever was told
/// of the failure is not sent to the same dying process with the next request.
async fn see_end(choice: &Choice, server: &Arc<Server>) {
    let other = |running: &Option<Arc<Server>>| {
        running
            .as_ref()
            .is_none_or(|running| !Arc::ptr_eq(running, server))
    };
    let mut running = choice.server.clone();
    // A server that lives on after it broke off is as good as before.
    let _lives = timeout_at(Instant::now() + END_SEEN, running.wait_for(other)).await;
}

fn unavailable(target: &Target<'_>) -> ApiError {
    ApiError::with_status(
        StatusCode::SERVICE_UNAVAILABLE,
        "ServiceUnavailable",
        format!(
            "The server of endpoint {} is not running; its log says why.",
            target.endpoint
        ),
    )
}

const TIMED_OUT: &str = "Your invocation timed out while waiting for a response from container \
                         primary. Review the latency metrics for each container in Amazon \
                         CloudWatch, resolve the issue, and try again.";

/// An answer whose body was read.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

async fn read(answer: Response<hyper::body::Incoming>) -> Result<Answer, String> {
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await;
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body: body.map_err(|error| error.to_string())?.to_bytes(),
    })
}

impl Target<'_> {
    fn arn(&self) -> String {
        Kind::Endpoint.arn(self.account, self.region, self.endpoint)
    }

    fn judge(
        &self,
        variant: String,
        stream: &str,
        answer: Result<Answer, String>,
    ) -> Result<Invocation, InvokeError> {
        let answer = answer.map_err(|reason| self.failed(0, reason, stream))?;
        if !answer.status.is_success() {
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(self.failed(answer.status.as_u16(), text, stream));
        }
        let plain = HeaderValue::from_static("application/json");
        Ok(Invocation {
            content_type: answer
                .headers
                .get(header::CONTENT_TYPE)
                .cloned()
                .unwrap_or(plain),
            attributes: answer.headers.get(ATTRIBUTES).cloned(),
            body: answer.body,
            variant,
        })
    }

    fn failed(&self, status: u16, original: String, stream: &str) -> InvokeError {
        let side = if (400..500).contains(&status) {
            "client"
        } else {
            "server"
        };
        InvokeError::Model {
            message: format!(
                "Received {side} error ({status}) from primary with message \"{original}\". See the log \
                 group /aws/sagemaker/Endpoints/{} in account {} for more information.",
                self.endpoint, self.account
            ),
            status,
            original,
            log_stream: SageMaker::log_stream_arn(self.account, self.region, self.endpoint, stream),
        }
    }
}

fn respond(invocation: Invocation) -> Response<Body> {
    let mut response = Response::new(Body::from(invocation.body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, invocation.content_type);
    if let Ok(variant) = HeaderValue::from_str(&invocation.variant) {
        headers.insert("x-amzn-invoked-production-variant", variant);
    }
    if let Some(attributes) = invocation.attributes {
        headers.insert(ATTRIBUTES, attributes);
    }
    response
}

fn invalid(message: String) -> ApiError {
    ApiError::client("ValidationError", message)
}

fn too_large(largest: usize) -> ApiError {
    ApiError::with_status(
        StatusCode::PAYLOAD_TOO_LARGE,
        "RequestEntityTooLarge",
        format!("HTTP content length exceeded {largest} bytes."),
    )
}

/// What a serverless variant says that answers as many requests as it may.
fn throttled() -> ApiError {
    ApiError::with_status(
        StatusCode::TOO_MANY_REQUESTS,
        "ThrottlingException",
        "Rate exceeded",
    )
}

/// The words of an error and of all that caused it.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
