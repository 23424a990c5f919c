//! Sees for itself that what was deployed serves: CloudFormation's word is not enough, since
//! SageMaker may have rolled an endpoint back in silence.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Session;
use super::error::{ReconcileError, doing, known};
use crate::cloud::CloudFault;

/// The headline that a deployed service is asked about.
pub fn smoke_headline() -> &'static str {
    "Fed official says weak data caused by weather"
}

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closeness {
    /// After a change: the endpoint's config, the endpoint's answer, the API's answer.
    Everything,
    /// When nothing was changed: the API's answer, which passes through all the rest.
    Answer,
}

/// Asks the service a question, end to end.
pub(super) async fn verify(
    session: &Session,
    outputs: &BTreeMap<String, String>,
    closeness: Closeness,
) -> Result<(), ReconcileError> {
    if closeness == Closeness::Everything {
        endpoint(session, outputs).await?;
    }
    let url = known(outputs.get("ClassifyUrl"), "the URL of the API")?;
    let body = json!({ "query": { "headline": smoke_headline() } }).to_string();
    let answer = session.cloud.web.post_json(url, &body).await;
    let answer = answer.map_err(doing("call the HTTP API"))?;
    if answer.status != 200 {
        let why = format!("HTTP {}: {}", answer.status, shorten(&answer.body));
        return Err(ReconcileError::NotServing {
            what: url.clone(),
            why,
        });
    }
    promised_shape(url, &answer.body)
}

async fn endpoint(
    session: &Session,
    outputs: &BTreeMap<String, String>,
) -> Result<(), ReconcileError> {
    let name = known(outputs.get("EndpointName"), "the endpoint's name")?;
    let wanted = known(
        outputs.get("EndpointConfigName"),
        "the endpoint config's name",
    )?;
    let state = session.cloud.endpoints.describe(name).await;
    let state = state.map_err(doing("look at the endpoint"))?;
    let not_serving = |why| ReconcileError::NotServing {
        what: format!("endpoint {name}"),
        why,
    };
    let Some(state) = state else {
        return Err(not_serving("it does not exist".to_owned()));
    };
    let reason = state
        .failure_reason
        .map(|reason| format!(" ({reason})"))
        .unwrap_or_default();
    if state.status != "InService" {
        return Err(not_serving(format!("it is {}{reason}", state.status)));
    }
    if &state.config != wanted {
        let why = format!(
            "SageMaker went back to {} from {wanted}{reason}",
            state.config
        );
        return Err(not_serving(why));
    }
    let body = json!({ "inputs": smoke_headline() }).to_string();
    let answer = session.cloud.endpoints.invoke(name, &body).await;
    let answer = answer.map_err(|fault: CloudFault| not_serving(fault.message))?;
    promised_shape(name, &answer)
}

/// The promise: a label, and a probability for each label.
fn promised_shape(what: &str, body: &str) -> Result<(), ReconcileError> {
    let answer: Value = serde_json::from_str(body).unwrap_or_default();
    let label = answer.get("predicted_label").is_some_and(Value::is_string);
    let probabilities = answer.get("probabilities").is_some_and(Value::is_array);
    if label && probabilities {
        return Ok(());
    }
    let why = format!(
        "its answer lacks predicted_label or probabilities: {}",
        shorten(body)
    );
    Err(ReconcileError::NotServing {
        what: what.to_owned(),
        why,
    })
}

fn shorten(text: &str) -> String {
    const LONGEST: usize = 300;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    format!("{}…", text.chars().take(LONGEST).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_another_shape_is_no_answer() {
        let good = r#"{"predicted_label":"Business","probabilities":[[0.9,0.1,0.0,0.0]]}"#;
        assert!(promised_shape("x", good).is_ok());
        for bad in [
            "",
            "[]",
            r#"{"predicted_label":1}"#,
            r#"["{\"predicted_label\":\"a\"}"]"#,
        ] {
            assert!(promised_shape("x", bad).is_err(), "{bad}");
        }
    }
}
