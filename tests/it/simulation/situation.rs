//! Situations that something has to happen for before a command finds itself in them.

use deploy::cloud::stacks::DriftMode;
use deploy::local::script::{Act, Rule, Script};
use deploy::plan::teardown::Extent;
use deploy::reconcile::{DownOptions, UpOptions};

use super::command::{Command, End};
use super::state::{client, state};
use super::training::only_training;
use super::trial::{Situation, Task, Trial, up};
use super::world::{Project, World};

/// An operation on a resource that the service refuses.
pub(super) fn refused() -> Act {
    Act {
        fails: Some("The service says no.".to_owned()),
        ..Act::default()
    }
}

/// Trains a model in an empty account, and no more.
pub(super) async fn train_from_nothing() -> Trial {
    let project = Project::new();
    Trial::of(Situation {
        name: "train from nothing",
        before: World::new(&Script::default()),
        desired: project.desired("1e-3"),
        project,
        task: Task::Up(only_training()),
    })
    .await
}

/// Removes what serves and leaves what is dear.
pub(super) async fn down_that_keeps_data() -> Trial {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let options = DownOptions {
        extent: Extent::AllButData,
        ..DownOptions::default()
    };
    Trial::of(Situation {
        name: "down that keeps data",
        before: up(&desired, &Script::default()).await,
        desired,
        project,
        task: Task::Down(options),
    })
    .await
}

/// Brings an environment up whose last update could not even be rolled back.
pub(super) async fn up_after_a_roll_back_that_failed() -> Trial {
    let project = Project::new();
    let (old, desired) = (project.desired("1e-3"), project.desired("2e-3"));
    let update = "update AWS::SageMaker::Endpoint ";
    let broken = up(
        &old,
        &Script {
            resources: vec![Rule::new(&[update], refused()).times(2)],
            ..Script::default()
        },
    )
    .await;
    let end = broken.run(Command::Up(&desired)).await.end.unwrap();
    assert!(matches!(end, End::Failed(_)), "{end:?}");
    let before = left_as(broken, "UPDATE_ROLLBACK_FAILED").await;
    Trial::of(Situation {
        name: "up after a roll-back that failed",
        before,
        desired,
        project,
        task: Task::Up(UpOptions::default()),
    })
    .await
}

/// Brings an environment up whose service stack could not be made.
pub(super) async fn up_after_a_creation_that_was_rolled_back() -> Trial {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let create = "create AWS::SageMaker::Endpoint ";
    let broken = World::new(&Script {
        resources: vec![Rule::new(&[create], refused()).times(1)],
        ..Script::default()
    });
    let end = broken.run(Command::Up(&desired)).await.end.unwrap();
    assert!(matches!(end, End::RolledBack(_)), "{end:?}");
    let before = left_as(broken, " ROLLBACK_COMPLETE").await;
    Trial::of(Situation {
        name: "up after a creation that was rolled back",
        before,
        desired,
        project,
        task: Task::Up(UpOptions::default()),
    })
    .await
}

/// Brings an environment up that somebody has changed by hand.
pub(super) async fn up_that_reverts_drift() -> Trial {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let before = up(&desired, &Script::default()).await;
    let suspended = aws_sdk_s3::types::VersioningConfiguration::builder()
        .status(aws_sdk_s3::types::BucketVersioningStatus::Suspended)
        .build();
    let edited = client(&before)
        .put_bucket_versioning()
        .bucket(&desired.deployment.names.bucket)
        .versioning_configuration(suspended)
        .send();
    edited.await.unwrap();
    let options = UpOptions {
        drift: DriftMode::Revert,
        ..UpOptions::default()
    };
    let trial = Trial::of(Situation {
        name: "up that reverts drift",
        before,
        desired,
        project,
        task: Task::Up(options),
    })
    .await;
    let changes = |call: &&String| call.contains("ExecuteChangeSet");
    assert_eq!(trial.calls.iter().filter(changes).count(), 1);
    trial
}

/// The account as it is, where everything works from now on.
async fn left_as(broken: World, status: &str) -> World {
    let lines = state(&broken).await;
    let stacks: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("stack "))
        .collect();
    assert!(
        stacks.iter().any(|line| line.ends_with(status)),
        "{stacks:?}"
    );
    let world = broken.copy_under(&Script::default());
    broken.close().await;
    world
}
