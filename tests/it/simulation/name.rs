//! What a request is called: `service.Operation`, as in the services' API references.

use http::Request;
use http::request::Parts;

/// How a service words its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// XML about a form: CloudFormation, IAM, STS.
    Query,
    /// JSON about `X-Amz-Target`: SageMaker, CloudWatch Logs.
    Json,
    /// JSON about a path: Lambda, API Gateway, SageMaker Runtime.
    RestJson,
    /// XML about a path: S3.
    RestXml,
    /// No AWS service: an environment's own HTTP API.
    Plain,
}

/// Names a request, and the protocol that its answer is in.
pub(super) fn name(request: &Request<bytes::Bytes>) -> (String, Protocol) {
    let (service, operation, protocol) = parts(request);
    (format!("{service}.{operation}"), protocol)
}

fn parts(request: &Request<bytes::Bytes>) -> (String, String, Protocol) {
    let head = request.headers();
    let text = |name: &str| head.get(name).and_then(|value| value.to_str().ok());
    let Some(service) = text("authorization").and_then(service) else {
        return ("http".into(), request.method().to_string(), Protocol::Plain);
    };
    if let Some(target) = text("x-amz-target") {
        let operation = target.rsplit('.').next().unwrap_or_default();
        return (service, operation.to_owned(), Protocol::Json);
    }
    let body = String::from_utf8_lossy(request.body());
    if let Some(action) = body.strip_prefix("Action=") {
        let action = action.split('&').next().unwrap_or_default().to_owned();
        return (service, action, Protocol::Query);
    }
    let path = request.uri().path().to_owned();
    if service == "s3" {
        let (head, _) = request.clone().into_parts();
        return (service, s3(&head), Protocol::RestXml);
    }
    let operation = match (service.as_str(), path.split('/').nth(1)) {
        ("sagemaker", Some("endpoints")) => "InvokeEndpoint".to_owned(),
        ("lambda", _) if path.ends_with("/configuration") => "GetFunctionConfiguration".to_owned(),
        ("lambda", _) => "GetFunction".to_owned(),
        ("apigateway", _) => apis(&path).to_owned(),
        _ => format!("{} {path}", request.method()),
    };
    (service, operation, Protocol::RestJson)
}

/// The service of a signature's scope.
fn service(authorization: &str) -> Option<String> {
    let (_, credential) = authorization.split_once("Credential=")?;
    credential.split('/').nth(3).map(str::to_owned)
}

fn s3(head: &Parts) -> String {
    let path = head.uri.path().trim_matches('/');
    let query = head.uri.query().unwrap_or_default();
    let has = |name: &str| {
        query
            .split('&')
            .any(|part| part.split('=').next() == Some(name))
    };
    let on_object = path.contains('/');
    let operation = match (head.method.as_str(), on_object) {
        ("GET", false) if has("encryption") => "GetBucketEncryption",
        ("GET", false) if has("policy") => "GetBucketPolicy",
        ("GET", false) if has("publicAccessBlock") => "GetPublicAccessBlock",
        ("GET", false) if has("versioning") => "GetBucketVersioning",
        ("HEAD", false) => "HeadBucket",
        ("HEAD", true) => "HeadObject",
        ("GET", false) if has("versions") => "ListObjectVersions",
        ("GET", false) if has("uploads") => "ListMultipartUploads",
        ("GET", false) => "ListObjectsV2",
        ("GET", true) if has("uploadId") => "ListParts",
        ("GET", true) => "GetObject",
        ("POST", false) if has("delete") => "DeleteObjects",
        ("POST", true) if has("uploads") => "CreateMultipartUpload",
        ("POST", true) => "CompleteMultipartUpload",
        ("PUT", true) if has("partNumber") => "UploadPart",
        ("PUT", true) if head.headers.contains_key("x-amz-copy-source") => "CopyObject",
        ("PUT", true) => "PutObject",
        ("DELETE", true) if has("uploadId") => "AbortMultipartUpload",
        ("DELETE", true) => "DeleteObject",
        (method, _) => return method.to_owned(),
    };
    operation.to_owned()
}

/// An operation that reads something of HTTP APIs.
fn apis(path: &str) -> &'static str {
    let path: Vec<&str> = path.trim_matches('/').split('/').skip(1).collect();
    match path.as_slice() {
        ["apis"] => "GetApis",
        ["apis", _] => "GetApi",
        ["apis", _, "routes"] => "GetRoutes",
        ["apis", _, "routes", _] => "GetRoute",
        ["apis", _, "integrations", _] => "GetIntegration",
        _ => "GetStage",
    }
}
