//! Servers without a process: they come into service as a script has it, and answer in the promised
//! shape.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::super::SageMaker;
use super::super::ports::S3Uri;
use super::super::runtime::Answer;
use super::super::state::Serving;
use super::deploy::Setback;
use super::model::not_downloaded;
use super::server::{Server, unhealthy};
use crate::local::script::{DeploymentEnd, Stage};

/// What each headline is classified as.
const LABEL: &str = "Business";
/// The probability of each label.
const PROBABILITIES: [f64; 4] = [0.7, 0.1, 0.1, 0.1];

impl SageMaker {
    /// Lets the time pass that the script gives a deployment, and returns the status with which its
    /// model fails, if it does.
    pub(super) async fn rehearse(
        &self,
        stage: &Stage,
        endpoint: &str,
        serving: &Serving,
    ) -> Result<Option<u16>, Setback> {
        let updates = self.read(|state| {
            let endpoint = state.endpoints.get(endpoint);
            endpoint.is_some_and(|endpoint| endpoint.current.is_some())
        });
        let what = if updates { "update" } else { "create" };
        let name = endpoint.rsplit('/').next().unwrap_or_default();
        let mut described = format!("{what} {name} {} {}", serving.config, serving.model_data);
        for (key, value) in &serving.environment {
            described = format!("{described} {key}={value}");
        }
        let deployment = stage.deployment(&described);
        sleep(deployment.takes).await;
        match deployment.ends {
            DeploymentEnd::InService => Ok(None),
            DeploymentEnd::Failing(status) => Ok(Some(status)),
            DeploymentEnd::Unhealthy => Err(Setback::Reason(unhealthy(serving))),
            DeploymentEnd::RolledBackSilently => Err(Setback::Silent),
        }
    }

    /// Makes a server that answers by itself, if its model is there.
    ///
    /// # Errors
    /// The reason, as it is to stand in the endpoint's `FailureReason`.
    pub(in super::super) async fn scripted_server(
        &self,
        serving: &Serving,
        stream: &str,
        fails_with: Option<u16>,
    ) -> Result<Server, String> {
        let uri = S3Uri::parse(&serving.model_data).ok_or("the model data has no S3 address")?;
        let found = self.parts.store.has_prefix(&uri.bucket, &uri.key).await;
        match found {
            Ok(true) => Ok(Server::scripted(stream, fails_with)),
            Ok(false) => Err(not_downloaded(&uri, "The specified key does not exist.")),
            Err(fault) => Err(not_downloaded(&uri, &fault.to_string())),
        }
    }
}

/// Answers an invocation in the shape that the reference model promises, or as one that fails.
pub(in super::super) fn answer(body: &[u8], fails_with: Option<u16>) -> Answer {
    let failure = fails_with.and_then(|status| StatusCode::from_u16(status).ok());
    if let Some(status) = failure {
        let body = Bytes::from_static(b"{\"message\": \"the script says that the model fails\"}");
        return Answer {
            status,
            headers: HeaderMap::new(),
            body,
        };
    }
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let body = match &asked["inputs"] {
        Value::Array(inputs) => {
            let one = json!({ "predicted_label": LABEL, "probabilities": PROBABILITIES });
            json!({ "predictions": vec![one; inputs.len()] })
        }
        _ => json!({ "predicted_label": LABEL, "probabilities": [PROBABILITIES] }),
    };
    let plain = HeaderValue::from_static("application/json");
    Answer {
        status: StatusCode::OK,
        headers: HeaderMap::from_iter([(header::CONTENT_TYPE, plain)]),
        body: Bytes::from(body.to_string()),
    }
}
