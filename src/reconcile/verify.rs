//! Sees for itself that what was deployed serves: CloudFormation's word is not enough, since
//! SageMaker may have rolled an endpoint back in silence.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::Session;
use super::error::{ReconcileError, doing, known};
use super::progress::Event;
use super::wait::Watch;
use crate::cloud::CloudFault;
use crate::cloud::web::WebAnswer;

/// How long the API is asked again while it answers that it is not ready.
const READY_LIMIT: Duration = Duration::from_secs(90);
/// Statuses that say so: too many requests, bad gateway, unavailable, too late.
const NOT_READY: [u16; 4] = [429, 502, 503, 504];

/// The text that a deployed service is asked about.
pub fn smoke_text() -> &'static str {
    "Fed official says weak data caused by weather"
}

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closeness {
    /// After a change: the endpoint's config, the endpoint's answer, the API's answer.
    Everything,
    /// When nothing was changed since all of that was seen and written down: the API's answer, which passes
    /// through all the rest.
    Answer,
}

/// Asks the service a question, end to end.
pub(super) async fn verify(
    session: &Session,
    outputs: &BTreeMap<String, String>,
    closeness: Closeness,
) -> Result<(), ReconcileError> {
    let name = known(outputs.get("EndpointName"), "the endpoint's name")?;
    if closeness == Closeness::Everything {
        config(session, outputs, name).await?;
    }
    // An API that asks who calls does not answer us, so the endpoint is asked itself.
    let open = outputs
        .get("ClassifyAuthorization")
        .is_none_or(|kind| kind == "NONE");
    if closeness == Closeness::Everything || !open {
        answer(session, name).await?;
    }
    let url = known(outputs.get("ClassifyUrl"), "the URL of the API")?;
    let answer = ask(session, url, |why| {
        session.observer.event(Event::Waiting {
            on: format!("an answer of the API ({why})"),
        });
    });
    if open {
        promised_shape(url, &answered(url, answer.await?)?)
    } else {
        turned_away(url, &answer.await?)
    }
}

/// The body of a good answer.
fn answered(url: &str, answer: WebAnswer) -> Result<String, ReconcileError> {
    if answer.status == 200 {
        return Ok(answer.body);
    }
    Err(ReconcileError::NotServing {
        what: url.to_owned(),
        why: said(&answer),
    })
}

/// Requires that an API which is to ask who calls does so.
fn turned_away(url: &str, answer: &WebAnswer) -> Result<(), ReconcileError> {
    if matches!(answer.status, 401 | 403) {
        return Ok(());
    }
    let why = match answer.status {
        200 => "it is to ask who calls, and answered a request of nobody".to_owned(),
        _ => said(answer),
    };
    Err(ReconcileError::NotServing {
        what: url.to_owned(),
        why,
    })
}

fn said(answer: &WebAnswer) -> String {
    format!("HTTP {}: {}", answer.status, shorten(&answer.body))
}

/// Asks the API, and again for a while where the answer says that it is not ready: a model server that
/// was just started takes a moment for its first answer.
async fn ask(
    session: &Session,
    url: &str,
    again: impl Fn(&str),
) -> Result<WebAnswer, ReconcileError> {
    let body = json!({ "query": { "headline": smoke_text() } }).to_string();
    let mut watch = Watch::new("the API", READY_LIMIT, session);
    loop {
        let look = session.cloud.web.post_json(url, &body).await;
        let Some(answer) = watch.seen(look, "call the HTTP API")? else {
            watch.pause().await?;
            continue;
        };
        if !NOT_READY.contains(&answer.status) {
            return Ok(answer);
        }
        again(&said(&answer));
        match watch.pause().await {
            // What it said last says more than that the time is over.
            Err(ReconcileError::TimedOut { .. }) => return Ok(answer),
            other => other?,
        }
    }
}

/// Looks whether the endpoint is in service with the config that was deployed.
async fn config(
    session: &Session,
    outputs: &BTreeMap<String, String>,
    name: &str,
) -> Result<(), ReconcileError> {
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
        return Err(ReconcileError::RolledBackSilently {
            endpoint: name.to_owned(),
            serving: state.config,
            wanted: wanted.clone(),
            why: reason,
        });
    }
    Ok(())
}

/// Asks the endpoint itself.
async fn answer(session: &Session, name: &str) -> Result<(), ReconcileError> {
    let body = json!({ "inputs": smoke_text() }).to_string();
    let answer = session.cloud.endpoints.invoke(name, &body).await;
    let answer = answer.map_err(|fault: CloudFault| ReconcileError::NotServing {
        what: format!("endpoint {name}"),
        why: fault.message,
    })?;
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
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;

    use super::*;
    use crate::cloud::web::{Credential, Web, WebAnswer};

    /// Gives the statuses one after the other, the last one for ever.
    struct Statuses(Mutex<Vec<u16>>);

    #[async_trait]
    impl Web for Statuses {
        async fn post_json(&self, _: &str, _: &str) -> Result<WebAnswer, CloudFault> {
            let mut statuses = self.0.lock().unwrap();
            let status = statuses[0];
            if statuses.len() > 1 {
                statuses.remove(0);
            }
            Ok(WebAnswer {
                status,
                body: format!("body of {status}"),
            })
        }

        async fn post_json_as(
            &self,
            url: &str,
            body: &str,
            _: &Credential,
        ) -> Result<WebAnswer, CloudFault> {
            self.post_json(url, body).await
        }

        async fn get(&self, _: &str, _: Duration) -> Result<WebAnswer, CloudFault> {
            unreachable!("a deployment is verified by a POST")
        }

        async fn sign_post(&self, _: &str, _: &str) -> Result<Vec<(String, String)>, CloudFault> {
            unreachable!("a deployment is verified unsigned")
        }
    }

    async fn asked(statuses: &[u16]) -> (Result<String, ReconcileError>, usize) {
        let mut bed = crate::reconcile::testing::session();
        bed.session.cloud.web = Arc::new(Statuses(Mutex::new(statuses.to_vec())));
        let told = Mutex::new(0);
        let answer = ask(&bed.session, "url", |_| *told.lock().unwrap() += 1).await;
        let told = *told.lock().unwrap();
        (answer.and_then(|answer| answered("url", answer)), told)
    }

    #[tokio::test(start_paused = true)]
    async fn an_api_that_is_not_ready_is_asked_again() {
        let (answer, told) = asked(&[504, 503, 200]).await;
        assert_eq!((answer.unwrap().as_str(), told), ("body of 200", 2));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_never_is_ready_is_quoted_in_the_end() {
        let (answer, told) = asked(&[503]).await;
        let error = answer.unwrap_err().to_string();
        assert!(error.contains("HTTP 503: body of 503"), "{error}");
        assert!(told > 10, "{told}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_mistake_is_no_reason_to_ask_again() {
        let (answer, told) = asked(&[400, 200]).await;
        let error = answer.unwrap_err().to_string();
        assert!(error.contains("HTTP 400"), "{error}");
        assert_eq!(told, 0);
    }

    #[test]
    fn an_api_that_asks_who_calls_turns_nobody_away() {
        let verdict = |status| {
            let body = "body".to_owned();
            let verdict = turned_away("url", &WebAnswer { status, body });
            verdict.map_err(|error| error.to_string())
        };
        assert_eq!(verdict(401), Ok(()));
        assert_eq!(verdict(403), Ok(()));
        let open = verdict(200).unwrap_err();
        assert!(open.contains("answered a request of nobody"), "{open}");
        let broken = verdict(500).unwrap_err();
        assert!(broken.contains("HTTP 500: body"), "{broken}");
    }

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
