//! The HTTP side of the engine: who may ask, and which service answers.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use futures::future::BoxFuture;
use serde_json::json;
use tokio::sync::watch;

use super::access::{acting, wishes};
use super::auth::{Authorization, Identity, Refusal, claimed};
use super::cells::{Cell, CellId, Cells};
use super::journal::Journal;
use super::page::Page;
use super::wire::query::{Parameters, answer};
use super::wire::{ApiError, ApiRequest, json};

/// Largest request body of every service but S3 and the HTTP APIs, in bytes.
const LARGEST: usize = 8 * 1024 * 1024;

/// Where the HTTP APIs of stacks are.
pub const DATA_PLANE: &str = "/_aws/execute-api/";

/// What the log calls a request to an HTTP API.
const API: &str = "execute-api";

/// Answers requests whose signature was checked and whose body is there.
pub(crate) type Handler =
    Arc<dyn Fn(ApiRequest) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

/// Everything that requests can be led to.
pub(crate) struct Routes {
    /// The services of every account and region.
    pub(crate) cells: Arc<Cells>,
    pub(crate) journal: Arc<Journal>,
    /// What a browser is shown at the root.
    pub(crate) page: Page,
    /// Set to true when somebody asks the engine to stop.
    pub(crate) stop: watch::Sender<bool>,
}

/// Builds the router.
pub(crate) fn router(routes: Arc<Routes>) -> Router {
    Router::new().fallback(serve).with_state(routes)
}

async fn serve(State(routes): State<Arc<Routes>>, request: Request<Body>) -> Response<Body> {
    let started = Instant::now();
    let line = format!("{} {}", request.method(), request.uri().path());
    let (what, response) = lead(&routes, request).await;
    let (took, status) = (started.elapsed(), response.status().as_u16());
    if what == API {
        routes.page.count(took, status);
    }
    let milliseconds = took.as_millis();
    routes
        .journal
        .line(&format!("{what} {line} {status} {milliseconds}ms"));
    response
}

/// Leads a request to who answers it; returns a name for that, and the answer.
async fn lead(routes: &Routes, request: Request<Body>) -> (String, Response<Body>) {
    if !is_loopback(&request) {
        return ("refused".into(), foreign_host());
    }
    let path = request.uri().path();
    if let Some(below) = path.strip_prefix(DATA_PLANE) {
        let api = below.split('/').next().unwrap_or_default().to_owned();
        let answer = match routes.cells.with_api(&api) {
            Some(cell) => cell.services.serve_api(&api, request).await,
            None => no_api(),
        };
        return (API.into(), answer);
    }
    if path == "/_deploy/health" && request.method() == Method::GET {
        return ("health".into(), health(&routes.cells));
    }
    if let Some(response) = routes.page.answer(&request) {
        return ("page".into(), response);
    }
    let (parts, body) = request.into_parts();
    match Authorization::of(&parts) {
        Ok(claimed) if claimed.service == "s3" => raw_s3(routes, parts, body).await,
        Ok(claimed) => signed(routes, parts, body, &claimed).await,
        // An address signed in its query, or a request that S3 is to refuse in its own words.
        Err(_) if is_s3(&parts) => raw_s3(routes, parts, body).await,
        Err(refusal) if is_aws(&parts) => ("unsigned".into(), refused(&parts, &refusal)),
        Err(_) => ("unknown".into(), nothing_here()),
    }
}

/// Leads a request to S3, which checks the signature itself.
async fn raw_s3(routes: &Routes, parts: Parts, body: Body) -> (String, Response<Body>) {
    let shared = &routes.cells.shared;
    let (who, region) = match claimed(&parts, &shared.keys) {
        Ok((identity, region)) => (Ok(identity), Some(region)),
        Err(refusal) => (Err(refusal), None),
    };
    let request = Request::from_parts(parts, body);
    ("s3".into(), shared.s3.serve(who, region, request).await)
}

async fn signed(
    routes: &Routes,
    parts: Parts,
    body: Body,
    claimed: &Authorization,
) -> (String, Response<Body>) {
    let name = claimed.service.clone();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        let error = ApiError::with_status(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            format!("the body could not be read, or has more than {LARGEST} bytes"),
        );
        return (name, in_form(&parts.headers, &error));
    };
    let identity = match claimed.identify(&parts, &body, &routes.cells.shared.keys) {
        Ok(identity) => identity,
        Err(refusal) => return (name, refused(&parts, &refusal)),
    };
    if name == "deploy" && parts.uri.path() == "/_deploy/shutdown" && parts.method == Method::POST {
        routes.stop.send_replace(true);
        return (
            name,
            answer_json(StatusCode::OK, &json!({ "stopping": true })),
        );
    }
    let cell = match cell_of(routes, &identity, &claimed.region) {
        Ok(cell) => cell,
        Err(error) => return (name, in_form(&parts.headers, &error)),
    };
    let Some(handler) = cell.handlers.get(name.as_str()) else {
        let operation = json::operation(&parts.headers)
            .unwrap_or("at all")
            .to_owned();
        let error = ApiError::not_emulated(&name, &operation);
        return (name, in_form(&parts.headers, &error));
    };
    let what = format!("{} {name} {}", cell.id, operation(&parts.headers, &body));
    let request = ApiRequest {
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        method: parts.method,
        headers: parts.headers,
        body,
        region: claimed.region.clone(),
        caller: identity.caller,
    };
    if let Err(error) = permitted(routes, &cell, &name, &request) {
        return (what, in_form(&request.headers, &error));
    }
    let caller = request.caller.clone();
    // Handlers work as soon as they are called, not only when their answer is waited for.
    (what, acting(caller, async { handler(request).await }).await)
}

/// Lets the session of a role do what its policies allow.
fn permitted(
    routes: &Routes,
    cell: &Cell,
    service: &str,
    request: &ApiRequest,
) -> Result<(), ApiError> {
    if request.caller.session.is_none() {
        return Ok(());
    }
    let known = cell.services.known();
    let wishes = wishes(service, &cell.id, request, &known).ok_or_else(|| {
        ApiError::not_emulated(
            service,
            "for the session of a role: nobody knows what it needs",
        )
    })?;
    let permitted = routes
        .cells
        .shared
        .authority
        .permit_all(&request.caller, &wishes);
    permitted.map_err(|denial| denial.answer(service))
}

/// Finds the cell of a caller in the region of the signature.
fn cell_of(routes: &Routes, identity: &Identity, region: &str) -> Result<Arc<Cell>, ApiError> {
    let id = CellId::new(&identity.caller.account, region).ok_or_else(|| {
        ApiError::client(
            "SignatureDoesNotMatch",
            format!("Credential should be scoped to a valid region, not {region:?}."),
        )
    })?;
    Ok(routes.cells.of(&id)?)
}

/// Returns the operation's name for the log; REST requests are named by their path already.
fn operation(headers: &HeaderMap, body: &[u8]) -> String {
    if let Some(operation) = json::operation(headers) {
        return operation.to_owned();
    }
    if is_form(headers) {
        Parameters::parse(body).action().to_owned()
    } else {
        String::new()
    }
}

/// Tells whether the request was addressed to this machine: a page in a browser may be led to the
/// loopback address under a foreign name.
fn is_loopback(request: &Request<Body>) -> bool {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| {
            request
                .uri()
                .authority()
                .map(axum::http::uri::Authority::as_str)
        });
    let Some(host) = host else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

fn is_s3(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    if query.contains("X-Amz-Signature=") {
        return true;
    }
    parts.headers.contains_key("x-amz-content-sha256") && !is_aws(parts)
}

fn is_aws(parts: &Parts) -> bool {
    parts.headers.contains_key("x-amz-target")
        || parts.headers.contains_key("authorization")
        || is_form(&parts.headers)
        || parts.uri.path() == "/_deploy/shutdown"
}

fn is_form(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    })
}

fn refused(parts: &Parts, refusal: &Refusal) -> Response<Body> {
    in_form(
        &parts.headers,
        &ApiError::with_status(
            StatusCode::FORBIDDEN,
            refusal.code(is_form(&parts.headers)),
            refusal.to_string(),
        ),
    )
}

/// Answers an error in the form that the request's protocol wants.
fn in_form(headers: &HeaderMap, error: &ApiError) -> Response<Body> {
    if is_form(headers) {
        return answer("http://webservices.amazon.com/", "", Err(error.clone()));
    }
    if headers.contains_key("x-amz-target") {
        return json::answer(Err(error.clone()));
    }
    json::rest_answer(error.status, Err(error.clone()))
}

fn health(cells: &Cells) -> Response<Body> {
    let cells: Vec<CellId> = cells.all().iter().map(|cell| cell.id.clone()).collect();
    answer_json(
        StatusCode::OK,
        &json!({
            "engine": "deploy",
            "version": env!("CARGO_PKG_VERSION"),
            "pid": std::process::id(),
            "status": "ok",
            "cells": cells,
        }),
    )
}

/// What API Gateway answers at the address of an API that is not there.
fn no_api() -> Response<Body> {
    answer_json(StatusCode::NOT_FOUND, &json!({ "message": "Not Found" }))
}

fn foreign_host() -> Response<Body> {
    answer_json(
        StatusCode::FORBIDDEN,
        &json!({ "message": "deploy's local engine answers only requests for 127.0.0.1 or localhost" }),
    )
}

fn nothing_here() -> Response<Body> {
    answer_json(
        StatusCode::NOT_FOUND,
        &json!({ "message": "this is deploy's local engine, which stands in for AWS; there is nothing at this address" }),
    )
}

fn answer_json(status: StatusCode, value: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
