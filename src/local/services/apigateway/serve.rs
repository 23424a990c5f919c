//! Serving an API: route, throttle, permission, function, answer.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::PoisonError;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::timeout;

use super::ApiGateway;
use super::access_log::{AccessLog, Call, STREAM};
use super::authorize::Guard;
use super::cors::Cors;
use super::event::{Setting, event, stage_prefix};
use super::model::{Api, DEFAULT_STAGE, Endpoint, Integration, Throttle, path_prefix};
use super::refusal::Refusal;
use super::reply::{message, reply};
use super::routing::{Parameters, RouteKey, find};
use super::throttle::Pass;
use crate::local::ids::uuid;
use crate::local::services::lambda::Caller;

/// Largest request body, bytes.
const LARGEST_BODY: usize = 10 << 20;

/// Time that a request's body may take to arrive: as long as a whole call may take.
const SLOWEST_BODY: Duration = Duration::from_secs(30);

/// Largest request line and headers together, bytes.
const LARGEST_HEAD: usize = 10_240;

/// Where a request goes, found in the state.
struct Way {
    account: String,
    region: String,
    stage: String,
    stage_variables: BTreeMap<String, String>,
    throttle: Throttle,
    guard: Guard,
    route: RouteKey,
    parameters: Parameters,
    integration: Option<Integration>,
    raw_path: String,
}

impl ApiGateway {
    /// Answers a request to an API. The path may still carry the engine's prefix for the API.
    pub async fn serve(&self, api_id: &str, request: Request<Body>) -> Response<Body> {
        let request_id = uuid();
        let begin = self.clock.epoch_millis();
        let mut call = Call::default();
        let (head, body) = request.into_parts();
        let cors = self
            .state
            .read(|state| state.apis.get(api_id).and_then(|api| api.cors.clone()));
        let mut response = self
            .answer(api_id, &head, body, &request_id, cors.as_ref(), &mut call)
            .await;
        if let Ok(value) = HeaderValue::try_from(&request_id) {
            response.headers_mut().insert("apigw-requestid", value);
        }
        self.log(api_id, &head, &response, &request_id, begin, &call);
        self.count(api_id, response.status(), begin);
        response
    }

    /// Counts a request as the service does, so that alarms can watch it.
    fn count(&self, api_id: &str, status: StatusCode, begin: i64) {
        let dimensions = [("ApiId", api_id)];
        let record = |name, value| {
            let metrics = &self.metrics;
            metrics.record("AWS/ApiGateway", name, &dimensions, value);
        };
        let is = |fits: bool| f64::from(u8::from(fits));
        let millis = u32::try_from(self.clock.epoch_millis() - begin).unwrap_or_default();
        record("Count", 1.0);
        record("4xx", is(status.is_client_error()));
        record("5xx", is(status.is_server_error()));
        record("Latency", f64::from(millis));
    }

    /// Writes the line of a call, if its stage keeps an access log.
    fn log(
        &self,
        api_id: &str,
        head: &Parts,
        response: &Response<Body>,
        request_id: &str,
        begin: i64,
        call: &Call,
    ) {
        let found = self.state.read(|state| {
            let api = state.apis.get(api_id)?;
            let (stage, _) = stage_of(api, inner_path(api_id, head));
            let settings = api.stages.get(stage)?.access_log.as_ref()?;
            // It was checked when the stage was made.
            Some((AccessLog::parse(settings).ok()?, stage.to_owned()))
        });
        let Some((log, stage)) = found else {
            return;
        };
        let line = log.line(|name| {
            Some(match name {
                "apiId" => api_id.to_owned(),
                "stage" => stage.clone(),
                "requestId" | "extendedRequestId" => request_id.to_owned(),
                "requestTimeEpoch" => begin.to_string(),
                "httpMethod" => head.method.to_string(),
                "path" => inner_path(api_id, head).to_owned(),
                "protocol" => format!("{:?}", head.version),
                "identity.sourceIp" => source_ip(head),
                "identity.userAgent" => {
                    let agent = head.headers.get("user-agent")?;
                    String::from_utf8_lossy(agent.as_bytes()).into_owned()
                }
                "routeKey" => call.route.clone()?,
                "status" => response.status().as_u16().to_string(),
                "responseLatency" => (self.clock.epoch_millis() - begin).to_string(),
                "responseLength" => response.body().size_hint().exact()?.to_string(),
                "integrationLatency" => call.function_millis?.to_string(),
                // What Lambda itself answers with: a function's own failure is a 200 there.
                "integrationStatus" => call.function_millis.map(|_| "200".to_owned())?,
                "integrationErrorMessage" => call.function_error.clone()?,
                "error.message" => call.refusal?.to_owned(),
                _ => return None,
            })
        });
        self.logs.put(&log.group, STREAM, vec![line]);
    }

    async fn answer(
        &self,
        api_id: &str,
        head: &Parts,
        body: Body,
        request_id: &str,
        cors: Option<&Cors>,
        call: &mut Call,
    ) -> Response<Body> {
        if let Some(headers) = cors.and_then(|cors| cors.preflight(&head.method, &head.headers)) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            *response.headers_mut() = headers;
            return response;
        }
        let mut response = match self.pass_on(api_id, head, body, request_id, call).await {
            Ok(response) => response,
            Err(refusal) => {
                let (status, text) = refusal.answer();
                call.refusal = Some(text);
                let mut response = message(status, text);
                refusal.challenge(response.headers_mut());
                response
            }
        };
        if let Some(cors) = cors {
            cors.decorate(&head.headers, response.headers_mut());
        }
        response
    }

    async fn pass_on(
        &self,
        api_id: &str,
        head: &Parts,
        body: Body,
        request_id: &str,
        call: &mut Call,
    ) -> Result<Response<Body>, Refusal> {
        check_head(head)?;
        let way = self
            .state
            .read(|state| way(state.apis.get(api_id)?, api_id, head))
            .ok_or(Refusal::NotFound)?;
        call.route = Some(way.route.to_string());
        let body = match way.guard {
            // The signature covers the body, so that one is read for strangers too.
            Guard::Iam { .. } => Read::Whole(read(body).await?),
            _ => Read::Not(body),
        };
        // Before the throttle: strangers must not use up what callers may call.
        let caller = self.authorize(&way.guard, head, body.bytes()).await;
        let caller = caller.map_err(Refusal::Denied)?;
        let bucket = format!("{api_id}/{}/{}", way.stage, way.route);
        let pass = self
            .buckets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(&bucket, way.throttle);
        if pass == Pass::Refused {
            return Err(Refusal::TooManyRequests);
        }
        let body = match body {
            Read::Whole(bytes) => bytes,
            Read::Not(body) => read(body).await?,
        };
        let integration = way.integration.as_ref().ok_or(Refusal::Failed)?;
        let source_ip = source_ip(head);
        let setting = Setting {
            account: &way.account,
            api_id,
            stage: &way.stage,
            stage_variables: &way.stage_variables,
            route: &way.route,
            parameters: &way.parameters,
            raw_path: &way.raw_path,
            request_id,
            source_ip: &source_ip,
            caller: caller.as_ref(),
            time: self.clock.epoch_millis(),
        };
        let event = event(head, &body, &setting).to_string();
        self.invoke(api_id, &way, integration, Bytes::from(event), call)
            .await
    }

    async fn invoke(
        &self,
        api_id: &str,
        way: &Way,
        integration: &Integration,
        event: Bytes,
        call: &mut Call,
    ) -> Result<Response<Body>, Refusal> {
        let source_arn = format!(
            "arn:aws:execute-api:{}:{}:{api_id}/{}/{}",
            way.region,
            way.account,
            way.stage,
            way.route.arn_part()
        );
        let caller = Caller {
            principal: "apigateway.amazonaws.com",
            source_arn: &source_arn,
            source_account: &way.account,
        };
        if !self.lambda.allows(&integration.function, &caller) {
            return Err(Refusal::Failed);
        }
        let invocation = self
            .lambda
            .invoke(&integration.function, &way.region, event);
        let limit = Duration::from_millis(integration.timeout_millis);
        let begin = self.clock.epoch_millis();
        let invoked = timeout(limit, invocation).await;
        call.function_millis = Some(self.clock.epoch_millis() - begin);
        match invoked {
            Err(_) => {
                call.function_error = Some("the integration's time is over".to_owned());
                Err(Refusal::Unavailable)
            }
            Ok(Err(error)) => {
                call.function_error = Some(error.message);
                Err(match error.status {
                    StatusCode::TOO_MANY_REQUESTS => Refusal::Unavailable,
                    // A function takes 6 MB, and the event is larger than the request that it tells of.
                    StatusCode::PAYLOAD_TOO_LARGE => Refusal::BodyTooLarge,
                    _ => Refusal::Failed,
                })
            }
            Ok(Ok(answer)) => {
                if answer.function_error.is_some() {
                    let text = String::from_utf8_lossy(&answer.payload).into_owned();
                    call.function_error = Some(text);
                    return Err(Refusal::Failed);
                }
                reply(&answer.payload).ok_or(Refusal::Failed)
            }
        }
    }
}

/// A request's body, read or not yet.
enum Read {
    Whole(Bytes),
    Not(Body),
}

impl Read {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Not(_) => &[],
        }
    }
}

/// Finds stage, route and integration of a request.
fn way(api: &Api, api_id: &str, head: &Parts) -> Option<Way> {
    if api.endpoint == Endpoint::Disabled {
        return None;
    }
    let (stage_name, rest) = stage_of(api, inner_path(api_id, head));
    let stage = api.stages.get(stage_name)?;
    let routes = api.routes.values().map(|route| (&route.key, route));
    let (key, route, parameters) = find(routes, head.method.as_str(), rest)?;
    let integration = route
        .integration
        .as_ref()
        .and_then(|id| api.integrations.get(id));
    Some(Way {
        account: api.account.clone(),
        region: api.region.clone(),
        stage: stage_name.to_owned(),
        stage_variables: stage.variables.clone(),
        throttle: *stage
            .route_throttles
            .get(&key.to_string())
            .unwrap_or(&stage.throttle),
        guard: Guard::of(api, &route.authorization)?,
        route: key.clone(),
        parameters,
        integration: integration.cloned(),
        raw_path: format!("{}{rest}", stage_prefix(stage_name)),
    })
}

/// The path as the API's callers know it.
fn inner_path<'a>(api_id: &str, head: &'a Parts) -> &'a str {
    let path = head.uri.path();
    let path = path.strip_prefix(&path_prefix(api_id)).unwrap_or(path);
    if path.is_empty() { "/" } else { path }
}

/// Splits a path into its stage and the rest: a named stage is the first segment.
fn stage_of<'a>(api: &Api, path: &'a str) -> (&'a str, &'a str) {
    let inner = path.strip_prefix('/').unwrap_or(path);
    let first = inner.split('/').next().unwrap_or_default();
    if first != DEFAULT_STAGE && api.stages.contains_key(first) {
        let rest = &inner[first.len()..];
        return (first, if rest.is_empty() { "/" } else { rest });
    }
    (DEFAULT_STAGE, path)
}

fn check_head(head: &Parts) -> Result<(), Refusal> {
    let headers = head.headers.iter();
    let size: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    let line = head
        .uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if size + line > LARGEST_HEAD {
        return Err(Refusal::HeadTooLarge);
    }
    Ok(())
}

async fn read(body: Body) -> Result<Bytes, Refusal> {
    match timeout(SLOWEST_BODY, Limited::new(body, LARGEST_BODY).collect()).await {
        Err(_) => Err(Refusal::TooSlow),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::BodyTooLarge),
        Ok(Err(_)) => Err(Refusal::BadRequest),
    }
}

fn source_ip(head: &Parts) -> String {
    match head.extensions.get::<ConnectInfo<SocketAddr>>() {
        Some(ConnectInfo(address)) => address.ip().to_string(),
        None => "127.0.0.1".to_owned(),
    }
}
