//! Plans from made-up observations: what is done, why, and the laws that every plan obeys.

mod jobs;
mod laws;
mod removal;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;

use super::check::flaws;
use super::parameters::FINGERPRINT;
use super::teardown::{self, Extent};
use super::{
    Action, BroughtModel, Choices, Closeness, Deployment, Desired, DesiredModel, DesiredStack,
    DesiredTraining, Held, Inside, LiveResources, Observed, Plan, Purpose, Reason, RetryTraining,
    SavedPlan, StepKind, Upload, plan,
};
use crate::bundle::{Digest, ingredients};
use crate::cloud::artifacts::Source;
use crate::cloud::condition::StackStatus;
use crate::cloud::inventory::{self, Item};
use crate::cloud::stacks::{StackResource, StackState};
use crate::cloud::training::{JobFacts, TrainingPhase, TrainingState};
use crate::release::{Provenance, RELEASE_TAG};
use crate::stack::Names;

const ACCOUNT: &str = "111122223333";

pub(super) fn desired() -> Desired {
    let parsed = "parses";
    let names = Names::compose(
        &"news".parse().expect(parsed),
        &"staging".parse().expect(parsed),
        &ACCOUNT.parse().expect(parsed),
        &"eu-west-1".parse().expect(parsed),
    )
    .expect("the names are short");
    let stack = |name: &str, fingerprint: &str| DesiredStack {
        name: name.to_owned(),
        template: "Resources: {}".to_owned(),
        digest: "d".to_owned(),
        fingerprint: fingerprint.to_owned(),
    };
    let upload = |purpose, key: &str| Upload {
        purpose,
        key: key.to_owned(),
        source: Source::Bytes("x".into()),
    };
    Desired {
        foundation: stack(&names.foundation_stack, "f1"),
        service: stack(&names.service_stack, "s1"),
        deployment: Deployment {
            stack: "news".into(),
            environment: "staging".into(),
            account: ACCOUNT.into(),
            region: "eu-west-1".into(),
            names,
            registry: None,
        },
        tags: BTreeMap::new(),
        uploads: vec![
            upload(Purpose::Data, "data/1/a.csv"),
            upload(Purpose::Code, "code/1/train.py"),
            upload(Purpose::Function, "function/1.zip"),
        ],
        training_key: ingredients().key(),
        model: DesiredModel::Trained(Box::new(DesiredTraining {
            data_in_s3: None,
            ingredients: ingredients(),
            request: serde_json::Value::Null,
            placeholders: BTreeMap::new(),
            limit_seconds: 60,
            gates: Vec::new(),
            regression: None,
            gate_override: None,
        })),
        function_key: "function/1.zip".into(),
        image: None,
        provenance: Provenance::Deployed,
    }
}

pub(super) fn nothing() -> Observed {
    Observed {
        account: ACCOUNT.into(),
        foundation: None,
        service: None,
        inside: Inside::default(),
    }
}

fn state(name: &str, status: StackStatus, fingerprint: &str) -> StackState {
    let pairs = |list: &[(&str, &str)]| {
        list.iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    };
    StackState {
        name: name.to_owned(),
        id: format!("arn:{name}"),
        status,
        status_reason: None,
        changed: None,
        tags: pairs(&[
            ("deploy:stack", "news"),
            ("deploy:environment", "staging"),
            (RELEASE_TAG, "1-000000000000"),
        ]),
        parameters: pairs(&[(FINGERPRINT, fingerprint)]),
        outputs: BTreeMap::new(),
        revision: "1".into(),
        pending_changes: Vec::new(),
        token: None,
    }
}

/// What is observed right after a plan was carried out.
pub(super) fn applied(desired: &Desired) -> Observed {
    Observed {
        foundation: Some(state(
            "f",
            StackStatus::CreateComplete,
            &desired.foundation.fingerprint,
        )),
        service: Some(state(
            "s",
            StackStatus::UpdateComplete,
            &desired.service.fingerprint,
        )),
        ..nothing()
    }
}

pub(super) fn job(phase: TrainingPhase, reason: Option<&str>) -> TrainingState {
    TrainingState {
        name: "news-staging-0123456789abcdef".into(),
        phase,
        detail: String::new(),
        message: String::new(),
        failure_reason: reason.map(str::to_owned),
        model: (phase == TrainingPhase::Completed).then(|| "s3://b/training/m.tar.gz".to_owned()),
        metrics: BTreeMap::new(),
        facts: JobFacts::default(),
    }
}

fn kinds(plan: &Plan) -> Vec<StepKind> {
    plan.steps.iter().map(|step| step.kind).collect()
}

fn repeating(retry_training: RetryTraining) -> Choices {
    Choices {
        retry_training,
        ..Choices::default()
    }
}

pub(super) fn training(
    observed: &Observed,
    retry_training: RetryTraining,
) -> Result<(Action, Reason), Held> {
    let plan = plan(&desired(), observed, repeating(retry_training));
    match plan.held.into_iter().next() {
        Some(held) => Err(held),
        None => Ok(plan
            .steps
            .into_iter()
            .find(|step| step.kind == StepKind::Training)
            .map(|step| (step.action, step.reason))
            .expect("a training step")),
    }
}

fn with_job(job: TrainingState) -> Observed {
    with_attempts(vec![job])
}

pub(super) fn with_attempts(attempts: Vec<TrainingState>) -> Observed {
    Observed {
        inside: Inside {
            attempts,
            ..Inside::default()
        },
        ..nothing()
    }
}

fn live_endpoint() -> StackResource {
    StackResource {
        logical_id: "Endpoint".into(),
        resource_type: "AWS::SageMaker::Endpoint".into(),
        physical_id: "news-staging".into(),
        status: "CREATE_COMPLETE".into(),
    }
}

#[test]
fn from_nothing_everything_is_made_in_order() {
    let plan = plan(&desired(), &nothing(), Choices::default());
    assert_eq!(
        kinds(&plan),
        [
            StepKind::Foundation,
            StepKind::Data,
            StepKind::Code,
            StepKind::Function,
            StepKind::Training,
            StepKind::Service,
            StepKind::Verification,
        ]
    );
    assert_eq!(plan.held, []);
}

#[test]
fn after_it_was_applied_only_a_look_is_left() {
    let desired = desired();
    let plan = plan(&desired, &applied(&desired), Choices::default());
    assert_eq!(kinds(&plan), [StepKind::Verification]);
    assert!(plan.changes_nothing());
}

#[test]
fn a_changed_function_trains_nothing_and_uploads_only_itself() {
    let desired = desired();
    let mut observed = applied(&desired);
    observed.service = Some(state("s", StackStatus::CreateComplete, "another"));
    observed.inside.uploaded =
        BTreeSet::from(["data/1/a.csv".to_owned(), "code/1/train.py".to_owned()]);
    observed.inside.attempts = vec![job(TrainingPhase::Completed, None)];
    let plan = plan(&desired, &observed, Choices::default());
    let steps: Vec<_> = plan
        .steps
        .iter()
        .map(|step| (step.kind, step.action))
        .collect();
    assert_eq!(
        steps,
        [
            (StepKind::Function, Action::Create),
            (StepKind::Training, Action::Reuse),
            (StepKind::Service, Action::Update),
            (StepKind::Verification, Action::Check),
        ]
    );
}

#[test]
fn another_account_and_foreign_stacks_hold_everything_back() {
    let desired = desired();
    let mut observed = nothing();
    observed.account = "999999999999".into();
    let held = plan(&desired, &observed, Choices::default()).held;
    assert!(matches!(held[..], [Held::WrongAccount { .. }]));

    let mut foreign = state("f", StackStatus::CreateComplete, "x");
    foreign.tags.clear();
    let observed = Observed {
        foundation: Some(foreign),
        ..nothing()
    };
    for plan in [
        plan(&desired, &observed, Choices::default()),
        teardown::plan(&desired.deployment, &observed, Extent::Everything),
    ] {
        assert!(matches!(plan.held[..], [Held::ForeignStack(_)]));
    }
}

#[test]
fn a_stack_under_review_is_known_by_its_change_sets() {
    let desired = desired();
    let held = |pending: &[&str]| {
        let mut reviewed = state("f", StackStatus::ReviewInProgress, "x");
        reviewed.tags.clear();
        reviewed.pending_changes = pending.iter().map(|name| (*name).to_owned()).collect();
        let observed = Observed {
            foundation: Some(reviewed),
            ..nothing()
        };
        let up = plan(&desired, &observed, Choices::default());
        let down = teardown::plan(&desired.deployment, &observed, Extent::Everything);
        [up.held.len(), down.held.len()]
    };
    // A run was killed before it executed its change set, or after the set was discarded.
    assert_eq!(held(&["deploy-0123"]), [0, 0]);
    assert_eq!(held(&[]), [0, 0]);
    // Somebody else is about to make a stack of this name.
    assert_eq!(held(&["review-me"]), [1, 1]);
    assert_eq!(held(&["deploy-0123", "review-me"]), [1, 1]);
}

#[test]
fn a_stack_whose_creation_was_undone_is_made_anew() {
    let desired = desired();
    let mut observed = applied(&desired);
    observed.service = Some(state("s", StackStatus::RollbackComplete, "s1"));
    observed.inside.attempts = vec![job(TrainingPhase::Completed, None)];
    let plan = plan(&desired, &observed, Choices::default());
    let service = plan
        .steps
        .iter()
        .find(|step| step.kind == StepKind::Service)
        .unwrap();
    assert_eq!(service.action, Action::Replace);
}

#[test]
fn a_failed_roll_back_is_recovered_before_anything_else_is_planned() {
    let desired = desired();
    for status in [StackStatus::UpdateFailed, StackStatus::UpdateRollbackFailed] {
        let mut observed = applied(&desired);
        observed.service = Some(state("s", status, "another"));
        let plan = plan(&desired, &observed, Choices::default());
        assert_eq!(kinds(&plan), [StepKind::ServiceRecovery]);
        assert_eq!(plan.steps[0].action, Action::RollBack);
        assert!(plan.only_recovers());
    }
}

#[test]
fn a_refresh_looks_at_everything_though_the_fingerprints_agree() {
    let desired = desired();
    let mut observed = applied(&desired);
    observed.inside.attempts = vec![job(TrainingPhase::Completed, None)];
    observed.inside.uploaded = desired.uploads.iter().map(|u| u.key.clone()).collect();
    let choices = Choices {
        closeness: Closeness::Everything,
        ..Choices::default()
    };
    let plan = plan(&desired, &observed, choices);
    let refreshed = [
        StepKind::Foundation,
        StepKind::Training,
        StepKind::Service,
        StepKind::Verification,
    ];
    assert_eq!(kinds(&plan), refreshed);
    assert_eq!(plan.steps[0].reason, Reason::Refreshed);
}

#[test]
fn a_saved_plan_knows_what_moved_since() {
    let desired = desired();
    let made = plan(&desired, &nothing(), Choices::default());
    let saved = SavedPlan::new(&made, &desired, "now".into());
    let text = serde_json::to_string(&saved).unwrap();
    let saved = SavedPlan::read(&text).unwrap();
    assert_eq!(saved.differences(&made, &desired), [""; 0]);
    // Somebody has brought it up meanwhile.
    let now = plan(&desired, &applied(&desired), Choices::default());
    let moved = saved.differences(&now, &desired).join("\n");
    assert!(
        moved.contains("foundation status: was not there, is CREATE_COMPLETE"),
        "{moved}"
    );
    // The project has changed meanwhile.
    let mut other = desired.clone();
    other.training_key = Digest::of_bytes(b"another");
    let moved = saved.differences(&plan(&other, &nothing(), Choices::default()), &other);
    assert_eq!(moved, ["the training key in the project is another one"]);
    // Neither holds a template, a parameter's value or a secret.
    assert!(!text.contains("Resources"), "{text}");
    for bad in ["", "{}", r#"{"version": 2}"#] {
        assert!(SavedPlan::read(bad).is_err(), "{bad}");
    }
}

#[test]
fn an_endpoint_of_the_other_kind_replaces_the_one_that_serves_and_says_so() {
    let desired = desired();
    let mut observed = applied(&desired);
    let service = observed.service.as_mut().unwrap();
    let serves = |name: &str| BTreeMap::from([("EndpointName".to_owned(), name.to_owned())]);
    service.outputs = serves("news-staging-serverless");
    // As long as nothing is to be changed, what serves is right.
    assert_eq!(plan(&desired, &observed, Choices::default()).removes, []);
    let service = observed.service.as_mut().unwrap();
    service.parameters.clear();
    let replacing = plan(&desired, &observed, Choices::default());
    assert_eq!(flaws(&replacing), []);
    assert_eq!(
        replacing.removes,
        [Item {
            kind: inventory::kinds::ENDPOINT,
            name: "news-staging-serverless".into(),
        }]
    );
    let step = replacing
        .steps
        .iter()
        .find(|step| step.kind == StepKind::Service);
    let step = step.unwrap();
    assert_eq!(step.action, Action::Update);
    let why = step.reason.to_string();
    assert!(
        why.contains("news-staging is made beside news-staging-serverless"),
        "{why}"
    );
    assert!(why.contains("no downtime"), "{why}");
    observed.service.as_mut().unwrap().outputs = serves("news-staging");
    assert_eq!(plan(&desired, &observed, Choices::default()).removes, []);
}

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
