//! Whether what serves is what its release says.

use super::Session;
use super::error::{ReconcileError, doing};
use crate::cloud::copies::At;
use crate::cloud::stacks::StackState;
use crate::plan::{Deployment, Observed, parameters};
use crate::release::{Release, Template};
use crate::render;

/// How closely a model's archive is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// At its size.
    Size,
    /// At every byte.
    Content,
}

/// Says how what is deployed differs from what the release says that it is, a line for each difference;
/// empty when it is exactly that.
///
/// # Errors
/// The environment cannot be looked at.
pub async fn proof(
    session: &Session,
    deployment: &Deployment,
    observed: &Observed,
    release: &Release,
    depth: Depth,
) -> Result<Vec<String>, ReconcileError> {
    let names = &deployment.names;
    let stacks = &release.stacks;
    let mut differs = Vec::new();
    for (state, template, what) in [
        (&observed.foundation, &stacks.foundation, "foundation"),
        (&observed.service, &stacks.service, "service"),
    ] {
        let Some(state) = state else {
            differs.push(format!("the {what} stack is not there"));
            continue;
        };
        differs.extend(stack(session, state, template, what).await?);
    }
    if let Some(service) = &observed.service {
        differs.extend(content(service, release));
    }
    let (endpoint, function, model) = futures::try_join!(
        endpoint(session, &names.endpoint, release),
        function(session, &names.function, release),
        model(session, &names.bucket, release, depth),
    )?;
    differs.extend([endpoint, function, model].into_iter().flatten());
    Ok(differs)
}

/// Compares a stack with the template that it was made from.
async fn stack(
    session: &Session,
    state: &StackState,
    template: &Template,
    what: &str,
) -> Result<Vec<String>, ReconcileError> {
    let mut differs = Vec::new();
    if !state.status.succeeded() {
        differs.push(format!("the {what} stack is in {}", state.status));
    }
    if state.parameters.get(parameters::FINGERPRINT) != Some(&template.fingerprint) {
        differs.push(format!("the {what} stack was made from something else"));
    }
    let deployed = session.cloud.drift.deployed(&state.id).await;
    let deployed = deployed.map_err(doing("read the deployed template"))?;
    // A stack that nothing had to be changed in keeps the comments of an earlier text.
    if render::digest(&deployed.template).ok().as_ref() != Some(&template.digest) {
        differs.push(format!("the {what} stack has another template"));
    }
    Ok(differs)
}

/// Compares what the service stack was given.
fn content(service: &StackState, release: &Release) -> Vec<String> {
    let model = &release.model;
    let given = [
        (
            parameters::TRAINING_KEY,
            model.training_key.as_str(),
            "model",
        ),
        (
            parameters::MODEL_DATA_KEY,
            &model.artifact.key,
            "model's archive",
        ),
        (
            parameters::FUNCTION_CODE_KEY,
            &release.function.key,
            "function's code",
        ),
    ];
    let differs = given.into_iter().filter(|(name, expected, _)| {
        service.parameters.get(*name).map(String::as_str) != Some(*expected)
    });
    differs
        .map(|(_, _, what)| format!("the service stack was given another {what}"))
        .collect()
}

async fn endpoint(
    session: &Session,
    name: &str,
    release: &Release,
) -> Result<Option<String>, ReconcileError> {
    let state = session.cloud.endpoints.describe(name).await;
    let state = state.map_err(doing("look at the endpoint"))?;
    let expected = &release.endpoint_config;
    Ok(match state {
        None => Some(format!("there is no endpoint {name}")),
        Some(state) if state.config != *expected => Some(format!(
            "the endpoint serves the config {}, not {expected}",
            state.config
        )),
        Some(_) => None,
    })
}

async fn function(
    session: &Session,
    name: &str,
    release: &Release,
) -> Result<Option<String>, ReconcileError> {
    let digest = session.cloud.functions.code_sha256(name).await;
    let digest = digest.map_err(doing("look at the function"))?;
    Ok(match digest {
        None => Some(format!("there is no function {name}")),
        Some(digest) if digest != release.function.sha256.as_str() => {
            Some(format!("the function {name} runs other code ({digest})"))
        }
        Some(_) => None,
    })
}

async fn model(
    session: &Session,
    bucket: &str,
    release: &Release,
    depth: Depth,
) -> Result<Option<String>, ReconcileError> {
    let artifact = &release.model.artifact;
    let (artifacts, copies) = (&session.cloud.artifacts, &session.cloud.copies);
    let key = &artifact.key;
    let at = At {
        bucket: bucket.to_owned(),
        key: key.clone(),
    };
    let (size, digest) = match depth {
        Depth::Size => (artifacts.size(bucket, key).await, None),
        Depth::Content => match copies.digest(&at).await {
            Ok(Some(read)) => (Ok(Some(read.size)), Some(read.sha256)),
            Ok(None) => (Ok(None), None),
            Err(fault) => (Err(fault), None),
        },
    };
    let size = size.map_err(doing("look at the model"))?;
    let other = digest.is_some_and(|digest| digest != artifact.sha256.as_str());
    Ok(match size {
        None => Some(format!("the model's archive {key} is gone")),
        Some(size) if size != artifact.size || other => {
            Some(format!("the model's archive {key} has another content"))
        }
        Some(_) => None,
    })
}
