//! Keeps the SageMaker Model Registry in step with the releases, where a stack asks for it.
//!
//! A model is one version for each environment that it served in, found again by its description, whatever
//! else a release changed. People approve it, or a promotion does: then the version of the environment that
//! proved it is approved, too. What somebody rejected stays so. The registry follows the releases and decides
//! nothing: where it cannot be written, that is told, and the next run goes on.

use std::collections::BTreeMap;

use super::Session;
use super::error::{ReconcileError, doing, known};
use super::progress::Event;
use super::release;
use crate::bundle::Digest;
use crate::cloud::registry::{Approval, NewVersion, Version};
use crate::cloud::{Cloud, chain};
use crate::plan::{Deployment, Desired};
use crate::release::{Promotion, Provenance, Release, ReleaseId};

/// Most metadata properties of a version, and the longest value ("`CreateModelPackage`", SageMaker API
/// reference).
const PROPERTIES: usize = 50;
const LONGEST_VALUE: usize = 256;
/// The longest note on an approval ("`UpdateModelPackage`", SageMaker API reference).
const LONGEST_NOTE: usize = 1024;
/// The tag that tells environments apart, which share a group.
const ENVIRONMENT_TAG: &str = "deploy:environment";

/// Enters the model of a release that was written down, and approves it where it was promoted.
pub(super) async fn enter(session: &Session, desired: &Desired, id: &ReleaseId) {
    let Some(group) = &desired.deployment.registry else {
        return;
    };
    if let Err(error) = try_enter(session, desired, group, id).await {
        let why = chain(&error);
        let text = format!(
            "the model registry does not tell of {id}: {why}; it serves all the same, and running this \
             again enters it"
        );
        session.observer.event(Event::Notice { text });
    }
}

async fn try_enter(
    session: &Session,
    desired: &Desired,
    group: &str,
    id: &ReleaseId,
) -> Result<(), ReconcileError> {
    let recorded = release::recorded(session, &desired.deployment, id).await?;
    let release = known(recorded, "the release")?.release;
    let own = subject(&release, &release.environment);
    let version = match find(&session.cloud, group, &own).await? {
        Some(version) => version,
        None => match &desired.image {
            Some(image) => register(session, desired, &release, group, image).await?,
            None => return Ok(()),
        },
    };
    let Provenance::Promoted(promotion) = &release.provenance else {
        return Ok(());
    };
    let by = approvers(&release, promotion);
    let from = &promotion.from;
    let note = format!("promoted from {} {}; {by}", from.environment, from.release);
    approve(session, &session.cloud, &version, &note).await?;
    let Some(upstream) = &session.source else {
        return Ok(());
    };
    let Some(group) = &upstream.registry else {
        return Ok(());
    };
    let proven = subject(&release, &from.environment);
    if let Some(version) = find(&upstream.cloud, group, &proven).await? {
        let note = format!("promoted to {} as {id}; {by}", release.environment);
        approve(session, &upstream.cloud, &version, &note).await?;
    }
    Ok(())
}

/// The version that tells of a release's model; `None` where there is none, or no registry is asked for.
///
/// # Errors
/// The registry cannot be read.
pub async fn version(
    session: &Session,
    deployment: &Deployment,
    release: &Release,
) -> Result<Option<Version>, ReconcileError> {
    match &deployment.registry {
        Some(group) => {
            find(
                &session.cloud,
                group,
                &subject(release, &release.environment),
            )
            .await
        }
        None => Ok(None),
    }
}

/// Removes the environment's versions, and the group if nothing else is in it.
///
/// # Errors
/// One of them cannot be removed.
pub(super) async fn clear(
    session: &Session,
    deployment: &Deployment,
) -> Result<(), ReconcileError> {
    let Some(group) = &deployment.registry else {
        return Ok(());
    };
    let registry = &session.cloud.registry;
    let versions = registry.versions(group).await;
    let versions = versions.map_err(doing("list the model's versions"))?;
    let begins = beginning(&deployment.stack, &deployment.environment);
    for version in &versions {
        if version.description.starts_with(&begins) {
            session.cancel.check()?;
            let removed = registry.remove(&version.arn).await;
            removed.map_err(doing("remove a version of the model"))?;
        }
    }
    let removed = registry.remove_group(group).await;
    removed.map_err(doing("remove the model package group"))
}

/// What a version is called: the model, in the environment.
fn subject(release: &Release, environment: &str) -> String {
    let begins = beginning(&release.stack, environment);
    format!("{begins}{}", release.model.artifact.sha256)
}

/// What the names of all versions of an environment begin with.
fn beginning(stack: &str, environment: &str) -> String {
    format!("stack {stack}, environment {environment}, model SHA-256 ")
}

async fn find(
    cloud: &Cloud,
    group: &str,
    subject: &str,
) -> Result<Option<Version>, ReconcileError> {
    let versions = cloud.registry.versions(group).await;
    let versions = versions.map_err(doing("list the model's versions"))?;
    Ok(versions.into_iter().find(|one| one.description == subject))
}

async fn register(
    session: &Session,
    desired: &Desired,
    release: &Release,
    group: &str,
    image: &str,
) -> Result<Version, ReconcileError> {
    let description = subject(release, &release.environment);
    let mut tags = desired.tags.clone();
    tags.remove(ENVIRONMENT_TAG);
    // The time tells a version from one of the same name that was removed.
    let token = format!("{description}\n{}\n{}", release.id, release.at);
    let token = Digest::of_bytes(token.as_bytes());
    let artifact = &release.model.artifact;
    let version = NewVersion {
        group: group.to_owned(),
        tags,
        token: token.as_str()[..32].to_owned(),
        image: image.to_owned(),
        model_data: format!("s3://{}/{}", desired.deployment.names.bucket, artifact.key),
        properties: properties(release),
        description: description.clone(),
    };
    let arn = session.cloud.registry.register(&version).await;
    Ok(Version {
        arn: arn.map_err(doing("register the model"))?,
        description,
        approval: Approval::Pending,
    })
}

/// What is told of a model: where it comes from, and its metrics as far as there is room.
fn properties(release: &Release) -> BTreeMap<String, String> {
    let model = &release.model;
    let mut facts = vec![
        ("stack".to_owned(), release.stack.clone()),
        ("environment".to_owned(), release.environment.clone()),
        ("release".to_owned(), release.id.to_string()),
        ("by".to_owned(), release.by.clone()),
        ("training-key".to_owned(), model.training_key.to_string()),
        ("model-sha256".to_owned(), model.artifact.sha256.to_string()),
    ];
    facts.extend(
        model
            .job
            .iter()
            .map(|job| ("training-job".to_owned(), job.clone())),
    );
    let metrics = model.metrics.iter();
    facts.extend(metrics.map(|(name, value)| (format!("metric.{name}"), value.to_string())));
    let fits = facts.into_iter().take(PROPERTIES);
    fits.map(|(name, value)| (name, shortened(&value, LONGEST_VALUE)))
        .collect()
}

/// Says who approved a promotion.
fn approvers(release: &Release, promotion: &Promotion) -> String {
    let approvals = promotion.approvals.iter().map(ToString::to_string);
    match approvals.collect::<Vec<_>>().join("; ") {
        none if none.is_empty() => format!("promoted by {}, no approval was asked for", release.by),
        approvals => format!("approved by {approvals}"),
    }
}

/// Approves a version, unless somebody has decided on it.
async fn approve(
    session: &Session,
    cloud: &Cloud,
    version: &Version,
    note: &str,
) -> Result<(), ReconcileError> {
    match version.approval {
        Approval::Approved => Ok(()),
        Approval::Rejected => {
            let text = format!(
                "{} was rejected in the model registry, and stays so although it was promoted",
                version.arn
            );
            session.observer.event(Event::Notice { text });
            Ok(())
        }
        Approval::Pending => {
            let note = shortened(note, LONGEST_NOTE);
            let approved = cloud.registry.approve(&version.arn, &note).await;
            approved.map_err(doing("approve the model's version"))
        }
    }
}

fn shortened(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::testing::release;

    #[test]
    fn a_version_tells_of_its_model_as_far_as_there_is_room() {
        let mut release = release(3, "s1");
        release.by = "x".repeat(300);
        for number in 0..80 {
            let name = format!("m{number:02}");
            release.model.metrics.insert(name, 0.5);
        }
        let told = properties(&release);
        assert_eq!(told.len(), PROPERTIES);
        assert_eq!(told["by"].len(), LONGEST_VALUE);
        assert_eq!(told["release"], release.id.to_string());
        assert_eq!(told["metric.m01"], "0.5");
    }

    #[test]
    fn environments_of_like_names_have_versions_of_their_own() {
        let release = release(3, "s1");
        let other = subject(&release, "prod-2");
        assert!(!other.starts_with(&beginning(&release.stack, "prod")));
        assert!(other.starts_with(&beginning(&release.stack, "prod-2")));
        assert!(other.ends_with(release.model.artifact.sha256.as_str()));
    }
}
