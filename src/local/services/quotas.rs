//! Service Quotas: what the script says; without one there are no quotas, as nothing here has a limit.

use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

use crate::local::script::Script;
use crate::local::wire::json::{answer, operation};
use crate::local::wire::{ApiError, ApiRequest};

/// The Service Quotas service.
#[derive(Debug, Clone, Default)]
pub struct Quotas {
    /// Name and value of every quota, whichever service is asked about.
    pub values: Vec<(String, f64)>,
}

impl Quotas {
    /// Takes what the script says.
    pub fn of(script: Option<&Script>) -> Self {
        let values = script.map(|script| script.quotas.clone());
        Self {
            values: values.unwrap_or_default(),
        }
    }

    /// Answers a request.
    pub fn handle(&self, request: &ApiRequest) -> Response<Body> {
        let result = match operation(&request.headers).unwrap_or_default() {
            "ListServiceQuotas" => Ok(self.list()),
            "ListAWSDefaultServiceQuotas" => Ok(json!({ "Quotas": [] })),
            other => Err(ApiError::not_emulated("servicequotas", other)),
        };
        answer(result)
    }

    fn list(&self) -> Value {
        let quotas = self.values.iter();
        let quotas = quotas.map(|(name, value)| json!({ "QuotaName": name, "Value": value }));
        json!({ "Quotas": quotas.collect::<Vec<_>>() })
    }
}
