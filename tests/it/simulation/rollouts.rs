//! Updates that go step by step while people call the service, alarms that take them back, and numbers
//! of instances that scaling chose.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use axum::http::StatusCode;
use deploy::cloud::stacks::DriftMode;
use deploy::local::script::{Deployment, DeploymentEnd, Rule, Script};
use deploy::plan::Desired;
use deploy::reconcile::UpOptions;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::command::{Command, End};
use super::state::{difference, state};
use super::trial::up;
use super::world::{Project, World};

/// A canary of half a fleet of two, watched for ten minutes.
const CANARY: &str = "  count: 2\n  rollout: { canary: { size: 50%, wait: 10m } }\n";

/// A script in which the model of `desired` answers everything with status 500.
fn broken(desired: &Desired) -> Script {
    let rollout = Deployment {
        takes: Duration::from_mins(3),
        ends: DeploymentEnd::Failing(500),
    };
    Script {
        deployments: vec![Rule::new(&["update ", &desired.job_name(1)], rollout)],
        ..Script::default()
    }
}

/// Does something while somebody calls the service every so often; returns what it came to, and how
/// many calls were answered and how many failed.
async fn called<T>(
    world: &World,
    every: Duration,
    work: impl Future<Output = T>,
) -> (T, usize, usize) {
    let mut work = pin!(work);
    let (mut answered, mut failed) = (0, 0);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return (done, answered, failed),
            () = sleep(every) => match world.classify().await {
                StatusCode::OK => answered += 1,
                StatusCode::BAD_GATEWAY => failed += 1,
                other => panic!("{other}"),
            },
        }
    }
}

/// What serves: the only endpoint of the account.
fn endpoint(world: &World) -> Value {
    world.save();
    let path = world.path().join("state/sagemaker.json");
    let state: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut endpoints = state["endpoints"].as_object().unwrap().values();
    endpoints.next().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn a_canary_whose_alarm_rings_is_rolled_back_and_the_alarm_is_named() {
    let project = Project::new();
    let old = project.desired_watched("1e-3", CANARY);
    let new = project.desired_watched("2e-3", CANARY);
    let world = up(&old, &broken(&new)).await;
    let before = endpoint(&world);
    let began = Instant::now();
    let run = world.run(Command::Up(&new));
    let (run, answered, failed) = called(&world, Duration::from_secs(7), run).await;
    let End::RolledBack(why) = run.end.unwrap() else {
        panic!("not rolled back")
    };
    assert!(why.contains("are in ALARM: "), "{why}");
    assert!(why.contains("endpoint-errors"), "{why}");
    // Half of the calls went to the new model until the alarm rang, in one of the next minutes and not
    // only after the twenty that the whole roll-out takes.
    assert!(failed >= 2 && answered > failed, "{answered} {failed}");
    let took = began.elapsed();
    assert!(took < Duration::from_mins(15), "{took:?}");
    let after = endpoint(&world);
    assert_eq!(after["current"], before["current"]);
    assert_eq!(after["status"], "InService");
    let left = state(&world).await;
    let rolled_back = |line: &String| line.ends_with("-service UPDATE_ROLLBACK_COMPLETE");
    assert!(left.iter().any(rolled_back), "{left:?}");
    for _ in 0..10 {
        assert_eq!(world.classify().await, StatusCode::OK);
    }
    // Once the alarm is silent and the model is mended, the next run gets through.
    sleep(Duration::from_mins(2)).await;
    let mended = world.copy_under(&Script::default());
    world.close().await;
    let run = mended.run(Command::Up(&new));
    let (run, _, failed) = called(&mended, Duration::from_secs(7), run).await;
    run.end.unwrap().done();
    assert_eq!(failed, 0);
    assert_ne!(endpoint(&mended)["current"], before["current"]);
    mended.close().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_notices_a_canary_of_a_model_that_is_well() {
    let project = Project::new();
    let old = project.desired_watched("1e-3", CANARY);
    let new = project.desired_watched("2e-3", CANARY);
    let world = up(&old, &Script::default()).await;
    let began = Instant::now();
    let run = world.run(Command::Up(&new));
    let (run, answered, failed) = called(&world, Duration::from_secs(7), run).await;
    run.end.unwrap().done();
    assert_eq!(failed, 0);
    // Ten minutes for half of the calls and ten until the old instances end.
    assert!(answered >= 160, "{answered}");
    assert!(began.elapsed() >= Duration::from_mins(20));
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_notices_that_the_endpoint_becomes_serverless_and_comes_back() {
    let project = Project::new();
    let scaled = "  autoscaling: { min: 1, max: 3, invocations_per_instance: 10 }\n";
    let instances = project.desired_watched("1e-3", scaled);
    let serverless = project.desired_serverless("1e-3");
    let rollout = Deployment {
        takes: Duration::from_mins(3),
        ends: DeploymentEnd::InService,
    };
    let script = Script {
        deployments: vec![Rule::new(&["create "], rollout)],
        ..Script::default()
    };
    let world = up(&instances, &script).await;
    for (desired, old, new) in [
        (&serverless, "tiny-local", "tiny-local-serverless"),
        (&instances, "tiny-local-serverless", "tiny-local"),
    ] {
        let plan = world.plan(desired).await;
        assert_eq!(plan.removes.len(), 1, "{plan:?}");
        assert_eq!(
            plan.removes[0].to_string(),
            format!("SageMaker endpoint {old}")
        );
        let run = world.run(Command::Up(desired));
        let (run, answered, failed) = called(&world, Duration::from_secs(7), run).await;
        run.end.unwrap().done();
        assert_eq!(failed, 0);
        assert!(answered > 20, "{answered}");
        // The only one that is there.
        assert_eq!(endpoint(&world)["record"]["name"], new);
        assert!(world.plan(desired).await.changes_nothing());
    }
    let down = world.run(Command::Down(&serverless.deployment)).await;
    down.end.unwrap().done();
    let left = state(&world).await;
    assert!(
        !left.iter().any(|line| line.contains("tiny-local")),
        "{left:?}"
    );
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_serverless_endpoint_that_does_not_come_leaves_the_old_one_serving() {
    let project = Project::new();
    let rollout = Deployment {
        takes: Duration::from_mins(3),
        ends: DeploymentEnd::Unhealthy,
    };
    let script = Script {
        deployments: vec![Rule::new(&["create tiny-local-serverless "], rollout)],
        ..Script::default()
    };
    let world = up(&project.desired("1e-3"), &script).await;
    let serverless = project.desired_serverless("1e-3");
    let run = world.run(Command::Up(&serverless));
    let (run, answered, failed) = called(&world, Duration::from_secs(7), run).await;
    let end = run.end.unwrap();
    assert!(matches!(end, End::RolledBack(_)), "{end:?}");
    assert!(answered > 10 && failed == 0, "{answered} {failed}");
    assert_eq!(endpoint(&world)["record"]["name"], "tiny-local");
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn the_number_that_scaling_chose_survives_a_deployment_and_is_no_drift() {
    let scaled = "  autoscaling: { min: 2, max: 6, invocations_per_instance: 10 }\n";
    let project = Project::new();
    let old = project.desired_watched("1e-3", scaled);
    let new = project.desired_watched("2e-3", scaled);
    let world = up(&old, &Script::default()).await;
    assert_eq!(endpoint(&world)["current"]["instances"], 2);
    // Fifty calls a minute are twenty-five for each of two instances.
    let busy = sleep(Duration::from_mins(4));
    called(&world, Duration::from_millis(1_200), busy).await;
    assert_eq!(endpoint(&world)["current"]["instances"], 5);
    let settled = state(&world).await;
    assert!(world.plan(&old).await.changes_nothing());
    let revert = UpOptions {
        drift: DriftMode::Revert,
        ..UpOptions::default()
    };
    let run = world.run(Command::UpWith(&old, revert)).await;
    run.end.unwrap().done();
    assert!(
        !run.calls
            .iter()
            .any(|call| call.contains("ExecuteChangeSet"))
    );
    assert_eq!(difference(&settled, &state(&world).await), "");
    world.run(Command::Up(&new)).await.end.unwrap().done();
    assert_eq!(endpoint(&world)["current"]["instances"], 5);
    // Bounds that leave the number outside are kept to at once.
    let fewer = scaled.replace("max: 6", "max: 3");
    let fewer = project.desired_watched("2e-3", &fewer);
    world.run(Command::Up(&fewer)).await.end.unwrap().done();
    sleep(Duration::from_mins(2)).await;
    assert_eq!(endpoint(&world)["current"]["instances"], 3);
    world
        .run(Command::Down(&new.deployment))
        .await
        .end
        .unwrap()
        .done();
    let left = state(&world).await;
    assert!(
        !left.iter().any(|line| line.starts_with("alarm ")),
        "{left:?}"
    );
    assert!(
        !left.iter().any(|line| line.starts_with("target ")),
        "{left:?}"
    );
    world.close().await;
}
