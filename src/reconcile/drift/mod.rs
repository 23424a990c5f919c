//! Drift: what is no longer as it was deployed, and bringing it back.
//!
//! Purpose: joins CloudFormation's drift detection with our own read-back of what it cannot see. Input: the
//! deployed templates and what the services tell. Output: a [`DriftReport`]. What is expected comes from the
//! template as it is deployed, not from the working tree: a tree that moved on is no drift. Must not know:
//! the SDK, the terminal.

mod compare;
mod expected;
mod policy;
mod report;
mod revert;
mod special;

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};

pub use report::{DriftReport, Finding, NotCompared, SeenBy, Subject};
pub use revert::revert_drift;

use self::compare::{Comparison, compare};
use self::expected::{Expected, Scope};
use self::report::{Looked, merge};
use self::special::Bounds;
use super::Session;
use super::error::{ReconcileError, doing};
use super::observe::look_at_stack;
use super::wait::Watch;
use crate::cloud::condition::StackStatus;
use crate::cloud::drift::{Deployed, DeployedResource, Detected, Detection, Live};
use crate::cloud::stacks::StackState;
use crate::cloud::{CloudFault, FaultKind};
use crate::plan::Deployment;
use crate::render::read_rendered;

/// How long a detection is waited for.
const DETECTION_LIMIT: Duration = Duration::from_mins(30);
/// Resources that are read at the same time.
const AT_ONCE: usize = 8;

/// Looks for drift in both stacks of an environment.
///
/// # Errors
/// A stack is not at rest, or the cloud does not tell.
pub async fn drift(
    session: &Session,
    deployment: &Deployment,
) -> Result<DriftReport, ReconcileError> {
    let names = &deployment.names;
    let (foundation, service) = futures::try_join!(
        of_stack(session, &names.foundation_stack),
        of_stack(session, &names.service_stack),
    )?;
    let mut report = DriftReport::default();
    for found in [foundation, service].into_iter().flatten() {
        report.extend(found);
    }
    Ok(report)
}

async fn of_stack(session: &Session, name: &str) -> Result<Option<DriftReport>, ReconcileError> {
    let Some(state) = look_at_stack(session, name).await? else {
        return Ok(None);
    };
    if !at_rest(state.status) {
        return Err(ReconcileError::NotAtRest {
            stack: state.name,
            status: state.status,
        });
    }
    let deployed = session.cloud.drift.deployed(&state.id).await;
    let deployed = deployed.map_err(doing("read the deployed template"))?;
    let ((detected, trouble), looked) = futures::try_join!(
        detect(session, &state),
        read_back(session, &state, &deployed),
    )?;
    let mut report = merge(&state.name, &looked, &detected);
    report.unknown.extend(trouble.map(|reason| NotCompared {
        subject: Subject {
            stack: state.name.clone(),
            logical_id: state.name,
            kind: "AWS::CloudFormation::Stack".to_owned(),
        },
        property: None,
        reason,
    }));
    Ok(Some(report))
}

/// The statuses in which CloudFormation looks for drift.
fn at_rest(status: StackStatus) -> bool {
    use StackStatus as S;
    matches!(
        status,
        S::CreateComplete
            | S::UpdateComplete
            | S::UpdateRollbackComplete
            | S::UpdateRollbackFailed
            | S::ImportComplete
            | S::ImportRollbackComplete
    )
}

/// Has CloudFormation look, and waits for what it found, and for what it could not look at.
async fn detect(
    session: &Session,
    state: &StackState,
) -> Result<(Vec<Detected>, Option<String>), ReconcileError> {
    let port = &session.cloud.drift;
    let what = format!("the drift detection of {}", state.name);
    let mut watch = Watch::new(what, DETECTION_LIMIT, session);
    let id = start(session, state, &mut watch).await?;
    let trouble = loop {
        let look = port.progress(&id).await;
        match watch.seen(look, "look at the drift detection")? {
            Some(Detection::Ended(trouble)) => break trouble,
            Some(Detection::Running) | None => watch.pause().await?,
        }
    };
    loop {
        let look = port.found(&state.id).await;
        if let Some(found) = watch.seen(look, "read what the drift detection found")? {
            return Ok((found, trouble));
        }
        watch.pause().await?;
    }
}

/// Starts a detection, after the end of one that others started, or this tool before it was killed: nobody
/// tells its id, and it may have looked before something changed.
async fn start(
    session: &Session,
    state: &StackState,
    watch: &mut Watch<'_>,
) -> Result<String, ReconcileError> {
    loop {
        match session.cloud.drift.start(&state.id).await {
            Err(fault) if fault.kind == FaultKind::Conflict => {}
            answer => {
                if let Some(id) = watch.seen(answer, "start the drift detection")? {
                    return Ok(id);
                }
            }
        }
        watch.pause().await?;
    }
}

/// Reads every resource that this tool knows how to read, and compares it with what is expected.
async fn read_back(
    session: &Session,
    state: &StackState,
    deployed: &Deployed,
) -> Result<Vec<(DeployedResource, Looked)>, ReconcileError> {
    let template =
        read_rendered(&deployed.template).map_err(|reason| ReconcileError::UnreadableTemplate {
            stack: state.name.clone(),
            reason,
        })?;
    let scope = Scope {
        template: &template,
        parameters: &state.parameters,
        outputs: &state.outputs,
        resources: &deployed.resources,
        stack_id: &state.id,
    };
    let reads: Vec<_> = deployed
        .resources
        .iter()
        .map(|resource| read_one(session, &scope, resource))
        .collect();
    stream::iter(reads).buffered(AT_ONCE).try_collect().await
}

async fn read_one(
    session: &Session,
    scope: &Scope<'_>,
    resource: &DeployedResource,
) -> Result<(DeployedResource, Looked), ReconcileError> {
    let expected = scope.properties(&resource.logical_id);
    let read_back = &session.cloud.read_back;
    let live = read_back.read(resource, &expected.partly()).await;
    let looked = looked(scope, resource, &expected, live)?;
    Ok((resource.clone(), looked))
}

fn looked(
    scope: &Scope<'_>,
    resource: &DeployedResource,
    expected: &Expected,
    live: Result<Live, CloudFault>,
) -> Result<Looked, ReconcileError> {
    let live = match live {
        Ok(Live::NotRead) => return Ok(Looked::NotRead),
        Ok(Live::Missing) => return Ok(Looked::Missing),
        Ok(Live::Properties(live)) => live,
        // One permission that is missing does not hide the rest.
        Err(fault) if fault.kind == FaultKind::Denied => {
            return Ok(Looked::Refused(fault.to_string()));
        }
        Err(fault) => return Err(doing("read a resource back")(fault)),
    };
    let live = live.as_object().cloned().unwrap_or_default();
    let mut comparison = compare(&resource.kind, expected, &live);
    match resource.kind.as_str() {
        "AWS::ApiGatewayV2::Api" => {
            let found = special::routes(&live, scope.resources);
            comparison.differences.extend(found);
        }
        "AWS::SageMaker::Endpoint" => add_counts(scope, &mut comparison, &live),
        _ => {}
    }
    Ok(Looked::Compared(comparison))
}

/// The configuration that a stack's endpoint serves, and what may scale it, are resources of their own.
fn add_counts(
    scope: &Scope<'_>,
    comparison: &mut Comparison,
    live: &serde_json::Map<String, serde_json::Value>,
) {
    let of = |kind: &str| -> Vec<Expected> {
        let resources = scope.resources.iter();
        resources
            .filter(|resource| resource.kind == kind)
            .map(|resource| scope.properties(&resource.logical_id))
            .collect()
    };
    let bounds: Vec<Bounds> = of("AWS::ApplicationAutoScaling::ScalableTarget")
        .iter()
        .filter_map(Bounds::of)
        .collect();
    for config in of("AWS::SageMaker::EndpointConfig") {
        let found = special::counts(live, &config, &bounds);
        comparison.differences.extend(found);
    }
}
