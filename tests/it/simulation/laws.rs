//! What must hold of the commands when nothing or little goes wrong.

use std::time::Duration;

use deploy::local::script::{Deployment, DeploymentEnd, Job, Rule, Script};
use deploy::plan::SavedPlan;

use super::command::{Command, End};
use super::state::{difference, state};
use super::world::{Project, World};

#[tokio::test(start_paused = true)]
async fn what_is_up_stays_untouched_and_what_is_down_is_gone() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let world = World::new(&Script::default());
    let empty = state(&world).await;
    world.run(Command::Up(&desired)).await.end.unwrap().done();
    let up = state(&world).await;

    let again = world.run(Command::Up(&desired)).await;
    again.end.unwrap().done();
    let changes = |call: &&String| call.contains("ChangeSet");
    assert_eq!(
        again.calls.iter().filter(changes).count(),
        0,
        "{:?}",
        again.calls
    );
    // The environment's own API is asked too, which is no call of AWS.
    let of_aws = again.calls.iter().filter(|call| *call != "http.POST");
    assert!(of_aws.count() <= 3, "{:?}", again.calls);
    assert_eq!(difference(&up, &state(&world).await), "");

    let down = Command::Down(&desired.deployment);
    world.run(down).await.end.unwrap().done();
    // The group of all training jobs of the account is nobody's own.
    let mut left = state(&world).await;
    left.retain(|line| !line.contains("/aws/sagemaker/TrainingJobs"));
    assert_eq!(difference(&empty, &left), "");

    // What is brought up again is as it was.
    world.run(Command::Up(&desired)).await.end.unwrap().done();
    assert_eq!(difference(&up, &state(&world).await), "");
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn hours_and_days_pass_in_no_time() {
    let project = Project::new();
    let old = project.desired("1e-3");
    let new = project.desired_with("2e-3", "max_pending: 6d");
    let pending = Duration::from_hours(5 * 24);
    let update = Duration::from_hours(8);
    let job = Job {
        pending,
        takes: Duration::from_mins(30),
        ..Job::default()
    };
    let rollout = Deployment {
        takes: update,
        ..Deployment::default()
    };
    let world = World::new(&Script {
        jobs: vec![Rule::new(&[&new.job_name(1)], job)],
        deployments: vec![Rule::new(&["update "], rollout)],
        ..Script::default()
    });
    world.run(Command::Up(&old)).await.end.unwrap().done();
    let began = tokio::time::Instant::now();
    let run = world.run(Command::Up(&new)).await;
    run.end.unwrap().done();
    assert!(began.elapsed() >= pending + update, "{:?}", began.elapsed());
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_silently_serves_the_old_is_no_success() {
    let project = Project::new();
    let (old, new) = (project.desired("1e-3"), project.desired("2e-3"));
    let rollout = Deployment {
        takes: Duration::from_mins(10),
        ends: DeploymentEnd::RolledBackSilently,
    };
    let world = World::new(&Script {
        deployments: vec![Rule::new(&["update "], rollout)],
        ..Script::default()
    });
    world.run(Command::Up(&old)).await.end.unwrap().done();
    // CloudFormation takes the update for a success, and so there is nothing left to change.
    for _ in 0..2 {
        match world.run(Command::Up(&new)).await.end.unwrap() {
            End::RolledBack(why) => assert!(why.contains("SageMaker rolled it back"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_saved_plan_does_what_applying_directly_does_or_nothing() {
    let project = Project::new();
    let (old, new) = (project.desired("1e-3"), project.desired("2e-3"));
    let nothing = World::new(&Script::default());
    let up = World::new(&Script::default());
    up.run(Command::Up(&old)).await.end.unwrap().done();
    for (before, desired) in [(&nothing, &old), (&up, &new)] {
        let (direct, planned) = (before.copy(), before.copy());
        let plan = planned.plan(desired).await;
        let saved = SavedPlan::new(&plan, desired, "now".to_owned());
        let text = serde_json::to_string(&saved).unwrap();
        let saved = SavedPlan::read(&text).unwrap();
        direct.run(Command::Up(desired)).await.end.unwrap().done();
        let apply = Command::Apply(desired, &saved);
        planned.run(apply).await.end.unwrap().done();
        let should = state(&direct).await;
        assert_eq!(difference(&should, &state(&planned).await), "");

        // What it was made from is gone now: another change is refused, naming what moved.
        let moved = project.desired("3e-3");
        let run = planned.run(Command::Apply(&moved, &saved)).await;
        match run.end.unwrap() {
            End::Failed(why) => assert!(why.contains("service content"), "{why}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(difference(&should, &state(&planned).await), "");
        direct.close().await;
        planned.close().await;
    }
}
