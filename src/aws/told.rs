//! Says of every request what was asked and how it ended, for `deploy -v`; never what is in it.

use std::time::Instant;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

/// A client that says so, if anybody listens.
pub(super) fn told(client: SharedHttpClient) -> SharedHttpClient {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return client;
    }
    http_client_fn(move |settings, components| {
        SharedHttpConnector::new(Told(client.http_connector(settings, components)))
    })
}

#[derive(Debug)]
struct Told(SharedHttpConnector);

impl HttpConnector for Told {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked = asked(&request);
        let started = Instant::now();
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            let took = started.elapsed().as_millis();
            match &answer {
                Ok(answer) => {
                    tracing::debug!("{asked}: {} in {took} ms", answer.status().as_u16());
                }
                Err(error) => tracing::debug!("{asked}: no answer after {took} ms: {error}"),
            }
            answer
        })
    }
}

/// What a request asks for: its operation where it names one, else its method and path. Its query may be
/// signed, so it is left out.
fn asked(request: &HttpRequest) -> String {
    let uri = request.uri();
    let uri = uri.split(['?', '#']).next().unwrap_or_default();
    let target = request.headers().get("x-amz-target");
    let body = request.body().bytes().unwrap_or_default();
    let action = body.strip_prefix(b"Action=").map(|rest| {
        let name = rest.split(|byte| *byte == b'&').next();
        String::from_utf8_lossy(name.unwrap_or_default()).into_owned()
    });
    match target.map(str::to_owned).or(action) {
        Some(operation) => format!("{operation} {uri}"),
        None => format!("{} {uri}", request.method()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::body::SdkBody;

    fn request(uri: &str, body: &'static str) -> HttpRequest {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_uri(uri).unwrap();
        request
    }

    #[test]
    fn an_operation_is_named_and_no_query_is_said() {
        let mut json = request("https://api.sagemaker.eu-west-1.amazonaws.com/", "{}");
        json.headers_mut()
            .insert("x-amz-target", "SageMaker.CreateTrainingJob");
        for (request, said) in [
            (
                request("http://h/?Action=no", "Action=DescribeStacks&Version=1"),
                "DescribeStacks http://h/",
            ),
            (
                json,
                "SageMaker.CreateTrainingJob https://api.sagemaker.eu-west-1.amazonaws.com/",
            ),
            (
                request("http://h/b/k?X-Amz-Signature=5d67", ""),
                "GET http://h/b/k",
            ),
        ] {
            assert_eq!(asked(&request), said);
        }
    }
}
