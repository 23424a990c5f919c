//! What a service refuses for a reason: no quota, no capacity, a role that is not known yet.

use std::time::Duration;

use deploy::local::script::{Act, Job, JobEnd, Rule, Script};
use tokio::time::Instant;

use super::command::{Command, End};
use super::fault::{Fault, Trouble, When};
use super::state::{client, difference, lock_holder, state};
use super::world::{Machine, Project, World};

/// What `CreateTrainingJob` says where the account has no such instance.
const NO_QUOTA: Fault = Fault::Refused(
    "ResourceLimitExceeded",
    "The account-level service limit 'ml.g4dn.xlarge for training job usage' is 0 Instances, with \
     current utilization of 0 Instances and a request delta of 1 Instances. Please use AWS Service \
     Quotas to request an increase for this quota.",
);
/// What it says while IAM has not told SageMaker of the role yet, or where it never will.
const UNKNOWN_ROLE: Fault = Fault::Refused(
    "ValidationException",
    "Could not assume role arn:aws:iam::000000000000:role/training. Please ensure that the role \
     exists and allows principal 'sagemaker.amazonaws.com' to assume the role.",
);

fn starts(times: usize, fault: Fault) -> Vec<Trouble> {
    let when = When::First("sagemaker.CreateTrainingJob".to_owned(), times);
    vec![Trouble { when, fault }]
}

/// Runs `up` with trouble; unless it copes by itself, as `fails` says, it is run once more. Either way
/// everything is then as if nothing had happened.
async fn converges(world: World, troubles: Vec<Trouble>, fails: Option<&str>) -> Duration {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let undisturbed = World::new(&Script::default());
    let up = Command::Up(&desired);
    undisturbed.run(up).await.end.unwrap().done();
    let mut should = state(&undisturbed).await;
    undisturbed.close().await;

    let began = Instant::now();
    let run = world.run_with(up, troubles).await;
    let took = began.elapsed();
    match (run.end.unwrap(), fails) {
        (End::Failed(why), Some(says)) => {
            assert!(why.contains(says), "{why}");
            world.run(up).await.end.unwrap().done();
        }
        (end, None) => end.done(),
        (end, Some(_)) => panic!("{end:?}"),
    }
    // A second attempt is a job of its own, under its own name.
    let job = desired.job_name(1);
    let attempts = [desired.job_name(2), job.clone()];
    let is = state(&world).await;
    let failed = format!("training job \"{job}\" \"Failed\"");
    // Looking for the log of a job that never ran makes the group of all jobs of the account.
    let shared = |line: &String| line.contains("/aws/sagemaker/TrainingJobs");
    should.retain(|line| !shared(line));
    let is = is
        .into_iter()
        .filter(|line| *line != failed && !shared(line));
    let is: Vec<String> = is
        .map(|line| {
            attempts
                .iter()
                .fold(line, |line, name| line.replace(name, "<job>"))
        })
        .collect();
    let should: Vec<String> = should
        .iter()
        .map(|line| line.replace(&job, "<job>"))
        .collect();
    assert_eq!(difference(&should, &is), "");
    assert_eq!(lock_holder(&world).await, None);
    world.close().await;
    took
}

#[tokio::test(start_paused = true)]
async fn a_quota_of_none_is_told_before_anything_is_made() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let quota = |value| Script {
        quotas: vec![("ml.g4dn.xlarge for training job usage".to_owned(), value)],
        ..Script::default()
    };
    let world = World::new(&quota(0.0));
    match world.run(Command::Up(&desired)).await.end.unwrap() {
        End::Failed(why) => assert!(
            why.contains("`ml.g4dn.xlarge for training job usage` is 0"),
            "{why}"
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(state(&world).await, Vec::<String>::new());
    world.close().await;
    let world = World::new(&quota(1.0));
    world.run(Command::Up(&desired)).await.end.unwrap().done();
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_account_without_quota_is_told_so_at_once() {
    let world = World::new(&Script::default());
    let took = converges(world, starts(1, NO_QUOTA), Some("service limit")).await;
    assert!(took < Duration::from_mins(5), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_got_no_instance_is_trained_again() {
    let job = Job {
        ends: JobEnd::NoCapacity,
        ..Job::default()
    };
    let world = World::new(&Script {
        jobs: vec![Rule::new(&[], job).times(1)],
        ..Script::default()
    });
    converges(world, Vec::new(), None).await;
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_not_known_yet_is_waited_for_but_not_for_ever() {
    let world = World::new(&Script::default());
    converges(world, starts(4, UNKNOWN_ROLE), None).await;

    let world = World::new(&Script::default());
    let for_ever = starts(usize::MAX, UNKNOWN_ROLE);
    let took = converges(world, for_ever, Some("Could not assume role")).await;
    let bounds = Duration::from_mins(2)..Duration::from_mins(10);
    assert!(bounds.contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_a_late_writer_fills_is_emptied_again() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let slow = Act {
        takes: Duration::from_mins(2),
        ..Act::default()
    };
    let world = World::new(&Script {
        resources: vec![Rule::new(&["delete AWS::S3::Bucket "], slow)],
        ..Script::default()
    });
    let empty = state(&world).await;
    world.run(Command::Up(&desired)).await.end.unwrap().done();
    let bucket = &desired.deployment.names.bucket;
    let client = client(&world);
    let wire = world.wire(Vec::new());
    let down = world.run_over(
        wire.clone(),
        Machine::Same,
        Command::Down(&desired.deployment),
    );
    let writer = async {
        // The bucket is empty by now, and CloudFormation about to remove it.
        while wire
            .calls()
            .iter()
            .filter(|call| call.ends_with("DeleteStack"))
            .count()
            < 2
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(Duration::from_mins(1)).await;
        let body = aws_sdk_s3::primitives::ByteStream::from_static(b"late");
        let put = client
            .put_object()
            .bucket(bucket)
            .key("models/late")
            .body(body);
        put.send().await.unwrap();
    };
    let (run, ()) = tokio::join!(down, writer);
    run.end.unwrap().done();
    let mut left = state(&world).await;
    left.retain(|line| !line.contains("/aws/sagemaker/TrainingJobs"));
    assert_eq!(difference(&empty, &left), "");
    world.close().await;
}
