//! Models that are brought, not trained.

use super::*;

/// A model that is brought from a file.
fn brought() -> Desired {
    let mut desired = desired();
    let key = "training/news-staging-0/brought/0/model.tar.gz".to_owned();
    let sha256 = Digest::of_bytes(b"model");
    desired
        .uploads
        .retain(|upload| upload.purpose == Purpose::Function);
    desired.uploads.push(Upload {
        purpose: Purpose::Model,
        key: key.clone(),
        source: Source::Bytes("x".into()),
    });
    desired.training_key = sha256.clone();
    desired.model = DesiredModel::Brought(Box::new(BroughtModel {
        name: "model.tar.gz".into(),
        key,
        sha256,
        source: None,
    }));
    desired
}

#[test]
fn a_brought_model_goes_into_the_bucket_and_nothing_is_trained() {
    let desired = brought();
    let made = plan(&desired, &nothing(), Choices::default());
    let kinds: Vec<StepKind> = made.steps.iter().map(|step| step.kind).collect();
    assert_eq!(
        kinds,
        [
            StepKind::Foundation,
            StepKind::Function,
            StepKind::Artifact,
            StepKind::Service,
            StepKind::Verification
        ]
    );
    assert!(made.held.is_empty() && crate::plan::check::flaws(&made).is_empty());
    let short = &Digest::of_bytes(b"model").to_string()[..16];
    let step = &made.steps[2];
    assert_eq!(
        step.reason.to_string(),
        format!("brings model.tar.gz ({short}…)")
    );
    assert_eq!(step.action, Action::Create);

    let mut observed = nothing();
    observed.inside.uploaded = desired.needed().into_iter().map(str::to_owned).collect();
    let again = plan(&desired, &observed, Choices::default());
    let step = again
        .steps
        .iter()
        .find(|step| step.kind == StepKind::Artifact);
    assert_eq!(step.unwrap().action, Action::Reuse);
}
