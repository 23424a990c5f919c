//! Whether the API answers: the route that whoever watches asks, which costs no model time.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cloud::CloudFault;
use crate::cloud::web::WebAnswer;
use crate::reconcile::Session;
use crate::stack::Stack;

/// The route that is asked.
const ROUTE: &str = "GET /health";
/// How long its answer is waited for: a function that starts first takes some seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the API said.
pub(super) struct Health(Result<WebAnswer, CloudFault>);

/// Asks the API at this root; `None` where the stack's API has no such route.
pub(super) async fn ask(session: &Session, stack: &Stack, root: &str) -> Option<Health> {
    let route = stack.api.routes.iter().find(|route| route.key() == ROUTE)?;
    let url = format!("{root}{}", route.path);
    Some(Health(session.cloud.web.get(&url, PATIENCE).await))
}

impl Health {
    /// For people.
    pub(super) fn line(&self) -> String {
        match &self.0 {
            Ok(answer) => match answer.status {
                status @ 200..=299 => format!("well (HTTP {status})"),
                // It is asked without a token or a signature.
                status @ (401 | 403) => format!("answers, and asks who calls (HTTP {status})"),
                status => format!("not well (HTTP {status})"),
            },
            Err(fault) => format!("no answer: {}", fault.message),
        }
    }

    /// For programs.
    pub(super) fn data(&self) -> Value {
        match &self.0 {
            Ok(answer) => json!({ "status": answer.status }),
            Err(fault) => json!({ "fault": fault.message }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::FaultKind;

    #[test]
    fn what_the_api_said_is_told_apart() {
        let line = |status| {
            let body = String::new();
            Health(Ok(WebAnswer { status, body })).line()
        };
        assert_eq!(line(200), "well (HTTP 200)");
        assert_eq!(line(403), "answers, and asks who calls (HTTP 403)");
        assert_eq!(line(503), "not well (HTTP 503)");
        let silent = Health(Err(CloudFault {
            kind: FaultKind::Unavailable,
            operation: "GET",
            code: String::new(),
            message: "no answer in 5 s".to_owned(),
        }));
        assert_eq!(silent.line(), "no answer: no answer in 5 s");
        assert_eq!(silent.data(), json!({ "fault": "no answer in 5 s" }));
    }
}
