//! Releases: taken over by another environment, gone back to, and found out when somebody changed them.

use deploy::local::script::{Rule, Script};
use deploy::plan::{Deployment, Desired};
use deploy::reconcile::UpOptions;
use deploy::release::{Provenance, Recorded, Release};

use super::command::{Command, End};
use super::crash::everywhere;
use super::situation::{left_as, refused};
use super::state::{client, difference, state};
use super::trial::{Situation, Task, Trial, up};
use super::world::{Project, World};

/// The bucket of the environment that trains.
pub(super) const BUCKET: &str = "tiny-local-000000000000-us-east-1";

/// An account in which one environment has released twice, what it released, newest first.
async fn released_twice(script: &Script) -> (Project, World, Vec<Recorded>) {
    let project = Project::new();
    let world = up(&project.desired("1e-3"), script).await;
    let second = project.desired("2e-3");
    world.run(Command::Up(&second)).await.end.unwrap().done();
    let releases = world.releases(&second.deployment).await;
    (project, world, releases)
}

/// What the environment is to be to be a release again.
async fn again(project: &Project, world: &World, release: &Release) -> Desired {
    let stack = project.stack("local");
    let templates = world.templates(release).await;
    let provenance = Provenance::RolledBack {
        to: release.id.clone(),
        reason: None,
    };
    Desired::again(&stack, release, templates, provenance)
}

#[tokio::test(start_paused = true)]
async fn every_deployment_that_serves_is_a_release_and_nothing_else_is() {
    let (_project, world, releases) = released_twice(&Script::default()).await;
    let numbers: Vec<u32> = releases.iter().map(|one| one.release.id.number).collect();
    assert_eq!(numbers, [2, 1]);
    let [second, first] = &releases[..] else {
        panic!("{releases:?}")
    };
    assert_eq!(second.release.previous, Some(first.release.id.clone()));
    assert_eq!(
        second.release.changes_since(Some(&first.release)),
        ["model"]
    );
    assert_ne!(
        second.release.model.artifact.sha256,
        first.release.model.artifact.sha256
    );
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_back_to_is_deployed_again_as_a_release_of_its_own() {
    let (project, world, releases) = released_twice(&Script::default()).await;
    let first = &releases[1].release;
    let back = again(&project, &world, first).await;
    let run = world.run(Command::Up(&back)).await;
    run.end.unwrap().done();
    let trains = |call: &&String| call.contains("TrainingJob");
    assert_eq!(
        run.calls.iter().filter(trains).count(),
        0,
        "{:?}",
        run.calls
    );
    let releases = world.releases(&back.deployment).await;
    let third = &releases[0].release;
    assert_eq!(third.id.number, 3);
    assert!(third.id.same_content(&first.id));
    assert_eq!(third.model, first.model);
    // Once more, nothing is left to do.
    let before = state(&world).await;
    let run = world.run(Command::Up(&back)).await;
    run.end.unwrap().done();
    assert!(
        !run.calls.iter().any(|call| call.contains("ChangeSet")),
        "{:?}",
        run.calls
    );
    assert_eq!(difference(&before, &state(&world).await), "");
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn going_back_broken_off_anywhere_comes_to_the_same_end() {
    let (project, before, releases) = released_twice(&Script::default()).await;
    let desired = again(&project, &before, &releases[1].release).await;
    let trial = Trial::of(Situation {
        name: "going back",
        before,
        desired,
        project,
        task: Task::Up(UpOptions::default()),
    });
    everywhere(&trial.await).await;
}

#[tokio::test(start_paused = true)]
async fn a_promotion_broken_off_anywhere_comes_to_the_same_end() {
    let project = Project::new();
    let desired = project.desired_registered("1e-3");
    let before = up(&desired, &Script::default()).await;
    let releases = before.releases(&desired.deployment).await;
    let trial = Trial::of(Situation {
        name: "promotion",
        desired: project.promoted(&releases[0]),
        before,
        project,
        task: Task::Up(UpOptions::default()),
    });
    let trial = trial.await;
    assert!(
        !trial
            .calls
            .iter()
            .any(|call| call.contains("CreateTrainingJob")),
        "{:?}",
        trial.calls
    );
    everywhere(&trial).await;
}

#[tokio::test(start_paused = true)]
async fn going_back_mends_a_stack_that_could_not_even_be_rolled_back() {
    let update = "update AWS::SageMaker::Endpoint ";
    let script = Script {
        resources: vec![Rule::new(&[update], refused()).times(2)],
        ..Script::default()
    };
    let project = Project::new();
    let world = up(&project.desired("1e-3"), &script).await;
    let broken = project.desired("2e-3");
    let end = world.run(Command::Up(&broken)).await.end.unwrap();
    assert!(matches!(end, End::Failed(_)), "{end:?}");
    let world = left_as(world, "UPDATE_ROLLBACK_FAILED").await;
    let releases = world.releases(&broken.deployment).await;
    assert_eq!(releases.len(), 1, "what failed is no release");
    let back = again(&project, &world, &releases[0].release).await;
    world.run(Command::Up(&back)).await.end.unwrap().done();
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_promotion_mends_a_stack_that_could_not_even_be_rolled_back() {
    let (project, world, releases) = released_twice(&Script::default()).await;
    let serves = project.promoted(&releases[1]);
    world.run(Command::Up(&serves)).await.end.unwrap().done();
    let update = "update AWS::SageMaker::Endpoint ";
    let script = Script {
        resources: vec![Rule::new(&[update], refused()).times(2)],
        ..Script::default()
    };
    let broken = world.copy_under(&script);
    let desired = project.promoted(&releases[0]);
    let end = broken.run(Command::Up(&desired)).await.end.unwrap();
    assert!(matches!(end, End::Failed(_)), "{end:?}");
    let broken = left_as(broken, "UPDATE_ROLLBACK_FAILED").await;
    broken.run(Command::Up(&desired)).await.end.unwrap().done();
    let promoted = broken.releases(&desired.deployment).await;
    let model = |recorded: &Recorded| recorded.release.model.training_key.clone();
    assert_eq!(model(&promoted[0]), model(&releases[0]));
    broken.close().await;
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_artifact_that_was_changed_is_deployed_nowhere() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let world = up(&desired, &Script::default()).await;
    let releases = world.releases(&desired.deployment).await;
    let artifact = &releases[0].release.model.artifact;
    let size = usize::try_from(artifact.size).unwrap();
    put(&world, &artifact.key, vec![0; size]).await;
    let promoted = project.promoted(&releases[0]);
    let end = world.run(Command::Up(&promoted)).await.end.unwrap();
    let End::Failed(why) = end else {
        panic!("{end:?}")
    };
    assert!(
        why.contains("is not the artifact that was recorded"),
        "{why}"
    );
    assert!(
        !state(&world)
            .await
            .iter()
            .any(|line| line.contains("tiny-prod-service"))
    );
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_release_that_was_changed_is_told_from_one_that_was_written() {
    let (project, world, releases) = released_twice(&Script::default()).await;
    let (key, text) = releases[0].release.object().unwrap();
    let deployment = Deployment::of(&project.stack("local"));
    put(
        &world,
        &key,
        text.replace("simulated", "forged").into_bytes(),
    )
    .await;
    let told = world
        .try_releases(&deployment)
        .await
        .unwrap_err()
        .to_string();
    assert!(told.contains("cannot be trusted"), "{told}");
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_release_whose_model_is_gone_is_not_gone_back_to() {
    let (project, world, releases) = released_twice(&Script::default()).await;
    let first = &releases[1].release;
    let s3 = client(&world);
    let gone = s3
        .delete_object()
        .bucket(BUCKET)
        .key(&first.model.artifact.key);
    gone.send().await.unwrap();
    let back = again(&project, &world, first).await;
    let before = state(&world).await;
    let end = world.run(Command::Up(&back)).await.end.unwrap();
    let End::Held(why) = end else {
        panic!("{end:?}")
    };
    assert!(why.contains("Gone"), "{why}");
    assert_eq!(difference(&before, &state(&world).await), "");
    world.close().await;
}

/// Writes over an object, as somebody else may.
pub(super) async fn put(world: &World, key: &str, bytes: Vec<u8>) {
    let put = client(world).put_object().bucket(BUCKET).key(key);
    put.body(bytes.into()).send().await.unwrap();
}
