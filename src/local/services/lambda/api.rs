//! The Lambda API: reads, changes and invocations. Functions are made by CloudFormation only.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::Lambda;
use super::model::Function;
use crate::local::wire::{ApiError, ApiRequest, json::rest_answer};

/// Functions on one page of a listing.
const PAGE: usize = 50;

impl Lambda {
    /// Answers a request of the Lambda API.
    pub async fn handle(self: &Arc<Self>, request: ApiRequest) -> Response<Body> {
        let path = request.path.trim_matches('/').to_owned();
        let segments: Vec<&str> = path.split('/').collect();
        match (&request.method, segments.as_slice()) {
            (&Method::POST, ["2015-03-31", "functions", name, "invocations"]) => {
                self.invocation(name, request).await
            }
            (&Method::GET, ["2015-03-31", "functions"]) => ok(self.list(&request)),
            (&Method::GET, ["2015-03-31", "functions", name]) => {
                ok(self.named(name, &request).map(|function| shown(&function)))
            }
            (&Method::GET, ["2015-03-31", "functions", name, "configuration"]) => ok(self
                .named(name, &request)
                .map(|function| function.configuration())),
            (&Method::PUT, ["2015-03-31", "functions", name, "configuration"]) => ok(self
                .named(name, &request)
                .and_then(|function| self.update_configuration(&function, &request.body))),
            (&Method::PUT, ["2015-03-31", "functions", name, "code"]) => {
                match self.named(name, &request) {
                    Ok(function) => ok(self.update_code(&function, &request.body).await),
                    Err(error) => ok(Err(error)),
                }
            }
            (&Method::GET, ["2019-09-30", "functions", name, "concurrency"]) => ok(self
                .named(name, &request)
                .map(|function| concurrency(&function))),
            (&Method::GET, ["2015-03-31", "functions", name, "policy"]) => ok(self
                .named(name, &request)
                .and_then(|function| policy(&function))),
            (&Method::GET, ["2017-03-31", "tags", arn]) => ok(self
                .named(arn, &request)
                .map(|function| json!({ "Tags": function.tags }))),
            (method, segments) => ok(Err(ApiError::not_emulated(
                "Lambda",
                &operation(method, segments),
            ))),
        }
    }

    async fn invocation(self: &Arc<Self>, name: &str, request: ApiRequest) -> Response<Body> {
        let header = |name: &str| {
            let value = request.headers.get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let kind = header("x-amz-invocation-type").unwrap_or_else(|| "RequestResponse".to_owned());
        let wants_tail = header("x-amz-log-type").is_some_and(|kind| kind == "Tail");
        let function = match self.named(name, &request) {
            Ok(function) => function,
            Err(error) => return ok(Err(error)),
        };
        match kind.as_str() {
            "RequestResponse" => {}
            "DryRun" => return rest_answer(StatusCode::NO_CONTENT, Ok(Value::Null)),
            other => {
                let error = ApiError::not_emulated("Lambda", &format!("Invoke of type {other}"));
                return ok(Err(error));
            }
        }
        match self
            .invoke(&function.name, &request.region, request.body)
            .await
        {
            Err(error) => ok(Err(error)),
            Ok(answer) => {
                let tail = wants_tail.then(|| BASE64.encode(&answer.log_tail));
                let mut response = Response::new(Body::from(answer.payload));
                let headers = [
                    ("content-type", Some("application/json".to_owned())),
                    ("x-amz-executed-version", Some("$LATEST".to_owned())),
                    ("x-amzn-requestid", Some(answer.request_id)),
                    (
                        "x-amz-function-error",
                        answer.function_error.map(str::to_owned),
                    ),
                    ("x-amz-log-result", tail),
                ];
                for (name, value) in headers {
                    let value = value.and_then(|value| HeaderValue::try_from(value).ok());
                    if let Some(value) = value {
                        response.headers_mut().insert(name, value);
                    }
                }
                response
            }
        }
    }

    fn list(&self, request: &ApiRequest) -> Result<Value, ApiError> {
        let after = query(request, "Marker").unwrap_or_default();
        let asked = query(request, "MaxItems").and_then(|text| text.parse().ok());
        let most = asked.unwrap_or(PAGE).clamp(1, PAGE);
        self.state.read(|state| {
            let mut rest = state
                .functions
                .values()
                .filter(|function| function.region == request.region && function.name > after);
            let page: Vec<&Function> = rest.by_ref().take(most).collect();
            let more = rest.next().is_some();
            let functions: Vec<Value> = page
                .iter()
                .map(|function| function.configuration())
                .collect();
            let mut answer = json!({ "Functions": functions });
            if let Some(last) = page.last().filter(|_| more) {
                answer["NextMarker"] = json!(last.name);
            }
            Ok(answer)
        })
    }

    /// Finds the function that a path segment means: a name or an ARN, with `$LATEST` or nothing
    /// behind it.
    fn named(&self, segment: &str, request: &ApiRequest) -> Result<Function, ApiError> {
        let decoded = percent_decode_str(segment).decode_utf8_lossy();
        let (name, qualifier) = split_name(&decoded);
        let asked = query(request, "Qualifier");
        let qualifier = qualifier.map(str::to_owned).or(asked);
        let function = self.function(name, &request.region)?;
        match qualifier.as_deref() {
            None | Some("$LATEST") => Ok(function),
            Some(other) => Err(ApiError::with_status(
                StatusCode::NOT_FOUND,
                "ResourceNotFoundException",
                format!("Function not found: {}:{other}", function.arn()),
            )),
        }
    }
}

fn ok(result: Result<Value, ApiError>) -> Response<Body> {
    rest_answer(StatusCode::OK, result)
}

fn shown(function: &Function) -> Value {
    let mut shown = json!({
        "Configuration": function.configuration(),
        "Code": { "RepositoryType": "S3" },
        "Tags": function.tags,
    });
    if function.reserved.is_some() {
        shown["Concurrency"] = concurrency(function);
    }
    shown
}

/// The reserved concurrency; an empty document when there is none.
fn concurrency(function: &Function) -> Value {
    function.reserved.map_or_else(
        || json!({}),
        |reserved| json!({ "ReservedConcurrentExecutions": reserved }),
    )
}

fn policy(function: &Function) -> Result<Value, ApiError> {
    if function.policy.is_empty() {
        return Err(ApiError::with_status(
            StatusCode::NOT_FOUND,
            "ResourceNotFoundException",
            "The resource you requested does not exist.",
        ));
    }
    let arn = function.arn();
    let entries = function.policy.iter();
    let statements: Vec<Value> = entries.map(|(sid, entry)| entry.shown(sid, &arn)).collect();
    let document = json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements });
    Ok(json!({ "Policy": document.to_string(), "RevisionId": function.revision }))
}

/// Splits a function's name or ARN into the bare name and the qualifier.
pub(super) fn split_name(text: &str) -> (&str, Option<&str>) {
    let rest = match text.split_once(":function:") {
        Some((_, rest)) => rest,
        None => text,
    };
    match rest.split_once(':') {
        Some((name, qualifier)) => (name, Some(qualifier)),
        None => (rest, None),
    }
}

fn query(request: &ApiRequest, name: &str) -> Option<String> {
    url::form_urlencoded::parse(request.query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Names the operation of a request that is not emulated, as far as it is known.
fn operation(method: &Method, segments: &[&str]) -> String {
    let name = match (method.as_str(), segments) {
        ("POST", ["2015-03-31", "functions"]) => "CreateFunction",
        ("DELETE", ["2015-03-31", "functions", _]) => "DeleteFunction",
        ("POST", ["2015-03-31", "functions", _, "policy"]) => "AddPermission",
        ("DELETE", ["2015-03-31", "functions", _, "policy", _]) => "RemovePermission",
        ("POST", ["2015-03-31", "functions", _, "versions"]) => "PublishVersion",
        ("GET", ["2015-03-31", "functions", _, "versions"]) => "ListVersionsByFunction",
        ("POST", ["2015-03-31", "functions", _, "aliases"]) => "CreateAlias",
        ("GET", ["2015-03-31", "functions", _, "aliases"]) => "ListAliases",
        ("PUT", ["2017-10-31", "functions", _, "concurrency"]) => "PutFunctionConcurrency",
        ("DELETE", ["2017-10-31", "functions", _, "concurrency"]) => "DeleteFunctionConcurrency",
        ("POST", ["2017-03-31", "tags", _]) => "TagResource",
        ("DELETE", ["2017-03-31", "tags", _]) => "UntagResource",
        _ => return format!("{method} /{}", segments.join("/")),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_named_in_several_ways() {
        assert_eq!(split_name("classify"), ("classify", None));
        assert_eq!(
            split_name("classify:$LATEST"),
            ("classify", Some("$LATEST"))
        );
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:classify";
        assert_eq!(split_name(arn), ("classify", None));
        assert_eq!(split_name(&format!("{arn}:3")), ("classify", Some("3")));
        assert_eq!(
            split_name("000000000000:function:classify"),
            ("classify", None)
        );
    }
}
