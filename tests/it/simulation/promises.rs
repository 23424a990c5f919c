//! What a release says holds of what serves, and is told when it does not.

use deploy::local::script::Script;
use deploy::plan::{Deployment, Desired};
use deploy::reconcile::{self, Candidate, Depth};
use deploy::release::{Evidence, RELEASE_TAG, Release};
use deploy::stack::{Promotion, Timespan};

use super::command::Command;
use super::registry::client;
use super::releases::{BUCKET, put};
use super::situation::suspend_versions;
use super::state::state;
use super::trial::up;
use super::world::{Project, World};

/// Makes a part of a release another one.
type Change = fn(&mut Release, &str);

/// The release that serves in an environment.
async fn serving(world: &World, desired: &Desired) -> Release {
    world.releases(&desired.deployment).await.remove(0).release
}

/// Says how what serves differs from a release.
async fn differs(world: &World, desired: &Desired, release: &Release, depth: Depth) -> Vec<String> {
    let deployment = &desired.deployment;
    let found = world.look(async |session| {
        let observed = reconcile::observe(session, deployment).await?;
        reconcile::proof(session, deployment, &observed, release, depth).await
    });
    found.await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_endpoint_and_both_stacks_carry_the_name_of_the_release() {
    let project = Project::new();
    let first = project.desired("1e-3");
    let world = up(&first, &Script::default()).await;
    named(&world, &first).await;
    let second = project.desired("2e-3");
    world.run(Command::Up(&second)).await.end.unwrap().done();
    named(&world, &second).await;
    world.close().await;
}

/// Asks SageMaker for the endpoint's tags. The foundation keeps the name under which it was changed last.
async fn named(world: &World, desired: &Desired) {
    let id = serving(world, desired).await.id.to_string();
    let names = &desired.deployment.names;
    let sagemaker = client(world);
    let endpoint = sagemaker.describe_endpoint().endpoint_name(&names.endpoint);
    let arn = endpoint.send().await.unwrap().endpoint_arn.unwrap();
    let tags = sagemaker
        .list_tags()
        .resource_arn(arn)
        .send()
        .await
        .unwrap();
    let mut tags = tags.tags().iter();
    let tag = tags.find(|tag| tag.key() == Some(RELEASE_TAG));
    assert_eq!(tag.and_then(|tag| tag.value()), Some(id.as_str()));
    let lines = state(world).await;
    let tag = |stack: &str| format!("stack {stack} tags {RELEASE_TAG}=\"{id}\"");
    assert!(lines.contains(&tag(&names.service_stack)), "{lines:#?}");
    if id.starts_with("1-") {
        assert!(lines.contains(&tag(&names.foundation_stack)), "{lines:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_part_that_is_not_what_the_release_says_is_named() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let world = up(&desired, &Script::default()).await;
    let release = serving(&world, &desired).await;
    let proven = differs(&world, &desired, &release, Depth::Content).await;
    assert!(proven.is_empty(), "{proven:?}");

    let other = "f".repeat(64);
    let said: [(Change, &str); 7] = [
        (
            |release, other| release.endpoint_config = other.into(),
            "the endpoint serves the config ",
        ),
        (
            |release, other| release.function.sha256 = other.parse().unwrap(),
            " runs other code ",
        ),
        (
            |release, other| release.function.key = other.into(),
            "was given another function's code",
        ),
        (
            |release, other| release.model.training_key = other.parse().unwrap(),
            "was given another model",
        ),
        (
            |release, other| release.model.artifact.sha256 = other.parse().unwrap(),
            " has another content",
        ),
        (
            |release, other| release.stacks.service.digest = other.into(),
            "the service stack has another template",
        ),
        (
            |release, other| release.stacks.foundation.fingerprint = other.into(),
            "the foundation stack was made from something else",
        ),
    ];
    for (change, expected) in said {
        let mut release = release.clone();
        change(&mut release, &other);
        let found = differs(&world, &desired, &release, Depth::Content).await;
        assert!(
            matches!(&found[..], [one] if one.contains(expected)),
            "{expected}: {found:?}"
        );
    }

    // Bytes that were changed are seen by whoever reads them.
    let artifact = &release.model.artifact;
    let size = usize::try_from(artifact.size).unwrap();
    put(&world, &artifact.key, vec![0; size]).await;
    assert_eq!(
        differs(&world, &desired, &release, Depth::Size).await,
        Vec::<String>::new()
    );
    let found = differs(&world, &desired, &release, Depth::Content).await;
    assert!(found.concat().contains("has another content"), "{found:?}");
    world.close().await;
}

/// What is found when a release is to be taken over: the names of the gates that do not pass.
async fn failing(world: &World, desired: &Desired, release: &Release) -> Vec<String> {
    let terms = Promotion {
        from: "local".parse().unwrap(),
        gates: Vec::new(),
        regression: None,
        bake: Timespan::from_seconds(0),
        max_age: None,
        holdout: None,
        load: None,
        approvals: None,
    };
    let deployment: &Deployment = &desired.deployment;
    let evidence = world.look(async |session| {
        let observed = reconcile::observe(session, deployment).await?;
        let candidate = Candidate {
            session,
            deployment,
            observed: &observed,
            release,
        };
        reconcile::examine(&candidate, &terms, None, &[]).await
    });
    let evidence: Vec<Evidence> = evidence.await.unwrap();
    let failed = evidence.into_iter().filter(|one| !one.passed);
    failed.map(|one| one.gate).collect()
}

#[tokio::test(start_paused = true)]
async fn what_drifted_was_changed_or_does_not_answer_is_not_taken_over() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let world = up(&desired, &Script::default()).await;
    let release = serving(&world, &desired).await;
    assert_eq!(
        failing(&world, &desired, &release).await,
        Vec::<String>::new()
    );

    let drifted = world.copy();
    suspend_versions(&drifted, BUCKET).await;
    assert_eq!(failing(&drifted, &desired, &release).await, ["drift"]);
    drifted.close().await;

    let changed = world.copy();
    put(&changed, &release.model.artifact.key, b"another".to_vec()).await;
    assert_eq!(failing(&changed, &desired, &release).await, ["what serves"]);
    changed.close().await;

    let name = &desired.deployment.names.endpoint;
    let gone = client(&world).delete_endpoint().endpoint_name(name);
    gone.send().await.unwrap();
    let failing = failing(&world, &desired, &release).await;
    for gate in ["what serves", "smoke test"] {
        assert!(failing.iter().any(|one| one == gate), "{failing:?}");
    }
    world.close().await;
}
