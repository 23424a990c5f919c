//! Plans from made-up observations: what is done, why, and the laws that every plan obeys.

mod brought;
mod held;
mod jobs;
mod laws;
mod removal;
mod saved;
mod up;

use std::collections::{BTreeMap, BTreeSet};

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
