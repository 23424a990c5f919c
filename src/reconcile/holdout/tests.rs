//! Hold-out texts, put to an endpoint that answers by a rule.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::*;
use crate::cloud::endpoints::{EndpointState, Endpoints};
use crate::reconcile::testing::{self, Bed};
use crate::release::testing::release;
use crate::stack::Format;

/// Gives the label `Business` to every text with a `b` in it, and `Health` to all others.
#[derive(Default)]
struct Model {
    /// How many texts each request had.
    asked: Mutex<Vec<usize>>,
    /// What is answered in place of predictions.
    broken: Option<&'static str>,
}

#[async_trait]
impl Endpoints for Model {
    async fn describe(&self, _: &str) -> Result<Option<EndpointState>, CloudFault> {
        Ok(None)
    }

    async fn invoke(&self, name: &str, body: &str) -> Result<String, CloudFault> {
        assert_eq!(name, "news-staging");
        let body: Value = serde_json::from_str(body).unwrap();
        let inputs = body["inputs"].as_array().unwrap();
        self.asked.lock().unwrap().push(inputs.len());
        if let Some(broken) = self.broken {
            return Ok(broken.to_owned());
        }
        let prediction = |text: &Value| {
            let business = text.as_str().unwrap().contains('b');
            json!({
                "predicted_label": if business { "Business" } else { "Health" },
                "scores": { "Business": 0.5, "Health": 0.5 },
            })
        };
        let predictions: Vec<Value> = inputs.iter().map(prediction).collect();
        Ok(json!({ "predictions": predictions }).to_string())
    }
}

fn terms(labels: &[(&str, &str)]) -> Holdout {
    Holdout {
        file: "holdout.csv".into(),
        format: Format {
            separator: b',',
            quoted: true,
            header: false,
            columns: Vec::new(),
            text: 0,
            label: 1,
            classes: Vec::new(),
            labels: Vec::new(),
            group: None,
            time: None,
            required: Vec::new(),
            max_unusable: 0.0,
        },
        labels: labels
            .iter()
            .map(|(file, model)| ((*file).to_owned(), (*model).to_owned()))
            .collect(),
        limit: 1_000,
        accuracy: Some((Comparison::AtLeast, 0.75)),
        macro_f1: Some((Comparison::Above, 0.9)),
    }
}

/// The labels of the file are those of the model.
const LABELS: [(&str, &str); 2] = [("b", "Business"), ("m", "Health")];

fn texts(rows: &[(&str, &str)]) -> Vec<Labelled> {
    let row = |(label, text): &(&str, &str)| Labelled {
        text: (*text).to_owned(),
        label: (*label).to_owned(),
    };
    rows.iter().map(row).collect()
}

/// Asks the model; its answers, and how many texts each request had.
async fn ask(
    bed: &mut Bed,
    model: Model,
    classes: &[&str],
    terms: &Holdout,
    texts: &[Labelled],
) -> (Result<Vec<Evidence>, ReconcileError>, Vec<usize>) {
    let model = Arc::new(model);
    bed.session.cloud.endpoints = model.clone();
    let mut release = release(1, "s");
    release.model.classes = classes.iter().map(|class| ((*class).into(), 0.9)).collect();
    let endpoint = "news-staging".to_owned();
    let subject = Subject {
        session: &bed.session,
        endpoint: Some(&endpoint),
        release: &release,
    };
    let evidence = holdout(&subject, terms, texts, Timestamp::UNIX_EPOCH).await;
    let asked = model.asked.lock().unwrap().clone();
    (evidence, asked)
}

fn found(evidence: &[Evidence]) -> Vec<(&str, &str, bool)> {
    evidence
        .iter()
        .map(|one| (one.gate.as_str(), one.found.as_str(), one.passed))
        .collect()
}

#[tokio::test]
async fn every_figure_that_is_asked_has_its_evidence() {
    let texts = texts(&[
        ("b", "bank"),
        ("b", "bond"),
        ("m", "health"),
        ("m", "blood"),
    ]);
    let mut bed = testing::session();
    let (evidence, asked) = ask(&mut bed, Model::default(), &[], &terms(&LABELS), &texts).await;
    let evidence = evidence.unwrap();
    assert_eq!(
        found(&evidence),
        [
            ("holdout accuracy", "0.7500 of 4 texts", true),
            ("holdout macro_f1", "0.7333 of 4 texts", false),
        ]
    );
    assert_eq!(evidence[1].asked, "> 0.9");
    assert_eq!(asked, [4]);
    let mut only = terms(&LABELS);
    only.macro_f1 = None;
    let (evidence, _) = ask(&mut bed, Model::default(), &[], &only, &texts).await;
    assert_eq!(evidence.unwrap().len(), 1);
}

#[tokio::test]
async fn many_texts_go_in_several_requests() {
    let texts = texts(&[("b", "bank"); 130]);
    let mut bed = testing::session();
    let (evidence, asked) = ask(&mut bed, Model::default(), &[], &terms(&LABELS), &texts).await;
    assert_eq!(asked, [64, 64, 2]);
    assert_eq!(evidence.unwrap()[0].found, "1.0000 of 130 texts");
}

#[tokio::test]
async fn labels_that_the_model_never_gives_fail_before_it_is_asked_where_they_are_known() {
    let texts = texts(&[("b", "bank"), ("m", "health")]);
    let mut bed = testing::session();
    let terms = terms(&LABELS[..1]);
    for (classes, requests) in [(&["Business", "Health"][..], 0), (&[][..], 1)] {
        let (evidence, asked) = ask(&mut bed, Model::default(), classes, &terms, &texts).await;
        let evidence = evidence.unwrap();
        assert!(evidence.iter().all(|one| !one.passed));
        let found = &evidence[0].found;
        assert!(
            found.contains("never gives `m`, only `Business`, `Health`"),
            "{found}"
        );
        assert_eq!(asked.len(), requests, "{classes:?}");
    }
}

#[tokio::test]
async fn an_answer_of_another_shape_fails_and_an_interruption_ends_it() {
    let texts = texts(&[("b", "bank")]);
    let mut bed = testing::session();
    for broken in ["", "[]", r#"{"predictions":[]}"#, r#"{"predictions":[{}]}"#] {
        let model = Model {
            broken: Some(broken),
            ..Model::default()
        };
        let (evidence, _) = ask(&mut bed, model, &[], &terms(&LABELS), &texts).await;
        let found = &evidence.unwrap()[0].found;
        assert!(found.contains("answer lacks"), "{found}");
    }
    bed.cancel.send(true).unwrap();
    let (ended, asked) = ask(&mut bed, Model::default(), &[], &terms(&LABELS), &texts).await;
    assert!(matches!(ended, Err(ReconcileError::Interrupted)));
    assert!(asked.is_empty());
}
