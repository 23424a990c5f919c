//! STS: who the caller is. There is one caller, the pretend account itself.

use axum::body::Body;
use axum::http::Response;

use crate::local::wire::query::{Parameters, Xml, answer};
use crate::local::wire::{ApiError, ApiRequest};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The STS service.
#[derive(Debug, Clone)]
pub struct Sts {
    /// Account, twelve digits.
    pub account: String,
}

impl Sts {
    /// Answers a request.
    pub async fn handle(&self, request: ApiRequest) -> Response<Body> {
        let parameters = Parameters::parse(if request.body.is_empty() {
            request.query.as_bytes()
        } else {
            &request.body
        });
        let action = parameters.action();
        let result = match action {
            "GetCallerIdentity" => {
                let mut xml = Xml::default();
                xml.text("Arn", format!("arn:aws:iam::{}:root", self.account))
                    .text("UserId", &self.account)
                    .text("Account", &self.account);
                Ok(xml)
            }
            other => Err(ApiError::not_emulated("sts", other)),
        };
        answer(NAMESPACE, action, result)
    }
}
