//! What is told of endpoints.

use serde_json::{Value, json};

use super::super::listing::Listed;
use super::super::names::Kind;
use super::super::state::{Endpoint, Record, Serving};
use super::super::{SageMaker, lock};
use crate::local::wire::ApiError;

impl SageMaker {
    pub(in super::super) fn describe_endpoint(
        &self,
        region: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        let arn = self.arn(Kind::Endpoint, region, Kind::Endpoint.name(input)?);
        let endpoint = self.read(|state| state.endpoints.get(&arn).cloned());
        let endpoint = endpoint.ok_or_else(|| Kind::Endpoint.missing(&arn))?;
        let mut answer = json!({
            "EndpointName": endpoint.record.name,
            "EndpointArn": arn,
            "EndpointConfigName": endpoint.shown().map(|shown| &shown.config),
            "EndpointStatus": endpoint.status.word(),
            "CreationTime": endpoint.record.created,
            "LastModifiedTime": endpoint.record.modified,
        });
        if let Some(current) = &endpoint.current {
            answer["ProductionVariants"] = json!([variant(current, endpoint.record.modified)]);
            if let Some(next) = &endpoint.next {
                answer["PendingDeploymentSummary"] = self.pending(&endpoint, next);
            }
        }
        if let Some(deployment) = &endpoint.deployment {
            answer["LastDeploymentConfig"] = deployment.clone();
        }
        if let Some(reason) = &endpoint.failure_reason {
            answer["FailureReason"] = reason.as_str().into();
        }
        Ok(answer)
    }

    /// Describes how far an update has come.
    fn pending(&self, endpoint: &Endpoint, next: &Serving) -> Value {
        let part = lock(&self.live)
            .get(&endpoint.record.arn)
            .and_then(|live| live.next.as_ref().map(|(_, part)| *part));
        let mut variant = variant(next, endpoint.record.modified);
        variant["CurrentWeight"] = part.unwrap_or_default().into();
        let stage = if part.is_some() { "Baking" } else { "Creating" };
        variant["VariantStatus"] =
            json!([{ "Status": stage, "StartTime": endpoint.record.modified }]);
        json!({
            "EndpointConfigName": next.config,
            "ProductionVariants": [variant],
            "StartTime": endpoint.record.modified,
        })
    }
}

fn variant(serving: &Serving, at: f64) -> Value {
    let mut described = json!({
        "VariantName": serving.variant,
        "DeployedImages": [{
            "SpecifiedImage": serving.image,
            "ResolvedImage": serving.image,
            "ResolutionTime": at,
        }],
        "CurrentWeight": 1.0,
        "DesiredWeight": 1.0,
        "CurrentInstanceCount": serving.instances,
        "DesiredInstanceCount": serving.instances,
    });
    if let Some(concurrency) = serving.concurrency {
        described["CurrentServerlessConfig"] = json!({ "MaxConcurrency": concurrency });
    }
    described
}

impl Listed for Endpoint {
    fn record(&self) -> &Record {
        &self.record
    }

    fn status(&self) -> Option<&'static str> {
        Some(self.status.word())
    }
}
