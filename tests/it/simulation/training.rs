//! Training by itself: attached to, repeated, used again, stopped, and why.

use std::time::Duration;

use deploy::bundle::Change;
use deploy::local::script::{Job, JobEnd, Rule, Script};
use deploy::plan::{Action, Choices, Desired, Plan, Reach, Reason, RetryTraining, Step, StepKind};
use deploy::reconcile::UpOptions;
use deploy::reconcile::progress::Event;
use tokio::time::Instant;

use super::command::{Command, End};
use super::fault::{Fault, Trouble};
use super::state::{difference, state};
use super::trial::up;
use super::world::{Project, Run, World};

/// As far as the model.
pub(super) fn only_training() -> UpOptions {
    UpOptions {
        choices: Choices {
            reach: Reach::Model,
            ..Choices::default()
        },
        ..UpOptions::default()
    }
}

fn retrying() -> UpOptions {
    let mut options = only_training();
    options.choices.retry_training = RetryTraining::Repeat;
    options
}

fn jobs(ends: JobEnd, times: Option<u32>) -> Script {
    let job = Job {
        takes: Duration::from_mins(20),
        ends,
        ..Job::default()
    };
    let rule = Rule::new(&[], job);
    Script {
        jobs: vec![match times {
            Some(times) => rule.times(times),
            None => rule,
        }],
        ..Script::default()
    }
}

fn started(run: &Run) -> usize {
    let starts = |call: &&String| call.ends_with("CreateTrainingJob");
    run.calls.iter().filter(starts).count()
}

fn training(plan: &Plan) -> Step {
    let step = plan
        .steps
        .iter()
        .find(|step| step.kind == StepKind::Training);
    step.unwrap_or_else(|| panic!("{plan:?}")).clone()
}

async fn train(world: &World, desired: &Desired) -> Run {
    world.run(Command::UpWith(desired, only_training())).await
}

#[tokio::test(start_paused = true)]
async fn what_is_trained_says_what_changed_since_the_model_that_serves() {
    let project = Project::new();
    let world = up(&project.desired("1e-3"), &Script::default()).await;
    let step = training(&world.plan(&project.desired("2e-3")).await);
    let Reason::Ingredients { changes, .. } = &step.reason else {
        panic!("{step:?}")
    };
    let change = Change::Hyperparameter {
        name: "learning_rate".into(),
        before: Some("0.001".into()),
        after: Some("0.002".into()),
    };
    assert_eq!(*changes, [change]);
    // Back to a model that was there before, nothing is trained.
    let other = project.desired("2e-3");
    world.run(Command::Up(&other)).await.end.unwrap().done();
    let desired = project.desired("1e-3");
    let step = training(&world.plan(&desired).await);
    assert!(matches!(&step.reason, Reason::Trained(model) if model.at.is_some()));
    let run = world.run(Command::Up(&desired)).await;
    run.end.as_ref().unwrap().done();
    assert_eq!(started(&run), 0);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_model_without_a_service_is_compared_with_the_newest() {
    let project = Project::new();
    let world = World::new(&Script::default());
    for rate in ["1e-3", "2e-3"] {
        let run = train(&world, &project.desired(rate)).await;
        run.end.unwrap().done();
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
    let plan = world
        .plan(&project.desired_with("2e-3", "environment: { A: b }"))
        .await;
    let reason = training(&plan).reason.to_string();
    assert_eq!(reason, "variable A changed");
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_model_is_used_again_when_its_job_was_deleted() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let lines = vec![
        "eval_accuracy=0.5".to_owned(),
        "eval_accuracy=0.93".to_owned(),
    ];
    let world = World::new(&jobs(JobEnd::Completed(lines), None));
    let run = train(&world, &desired).await;
    run.end.as_ref().unwrap().done();
    let metrics: Vec<f64> = run
        .events
        .iter()
        .filter_map(|event| match event {
            Event::TrainingMetric { value, .. } => Some(*value),
            _ => None,
        })
        .collect();
    assert_eq!(metrics, [0.5, 0.93]);
    let job = desired.job_name(1);
    world
        .run(Command::DeleteJob(&job))
        .await
        .end
        .unwrap()
        .done();
    let step = training(&world.plan(&desired).await);
    assert_eq!(step.action, Action::Reuse);
    assert!(
        step.reason.to_string().ends_with("accuracy 0.93"),
        "{}",
        step.reason
    );
    let run = world.run(Command::Up(&desired)).await;
    run.end.as_ref().unwrap().done();
    assert_eq!(started(&run), 0);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_job_that_runs_is_attached_to() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let world = World::new(&jobs(JobEnd::default(), None));
    let probe = world.copy();
    let calls = train(&probe, &desired).await.calls;
    probe.close().await;
    let start = calls
        .iter()
        .position(|call| call.ends_with("CreateTrainingJob"));
    let dies = Trouble::at(start.unwrap() + 1, Fault::DiesAfter);
    let command = Command::UpWith(&desired, only_training());
    let killed = world.run_with(command, vec![dies]).await;
    assert_eq!(killed.end, None);
    assert_eq!(training(&world.plan(&desired).await).action, Action::Attach);
    let began = Instant::now();
    let run = train(&world, &desired).await;
    run.end.as_ref().unwrap().done();
    assert_eq!(started(&run), 0);
    assert!(began.elapsed() > Duration::from_mins(15));
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_service_broke_is_repeated_by_the_same_run() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let world = World::new(&jobs(JobEnd::NoCapacity, Some(2)));
    let run = train(&world, &desired).await;
    run.end.as_ref().unwrap().done();
    assert_eq!(started(&run), 3);
    let pauses: Vec<(usize, Duration)> = run
        .events
        .iter()
        .filter_map(|event| match event {
            Event::TrainingRepeated { attempt, pause, .. } => Some((*attempt, *pause)),
            _ => None,
        })
        .collect();
    let minutes = Duration::from_mins;
    assert_eq!(pauses, [(2, minutes(1)), (3, minutes(2))]);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_job_is_told_of_and_leaves_nothing() {
    let project = Project::new();
    let desired = project.desired_with("1e-3", "spot: { max_wait: 4h }");
    let job = Job {
        pending: Duration::from_mins(10),
        takes: Duration::from_mins(30),
        interruptions: 1,
        ..Job::default()
    };
    let world = World::new(&Script {
        jobs: vec![Rule::new(&[], job)],
        ..Script::default()
    });
    let empty = state(&world).await;
    let run = world.run(Command::Up(&desired)).await;
    run.end.as_ref().unwrap().done();
    assert_eq!(started(&run), 1);
    let told = |wanted: &str| {
        let tells = |event: &Event| matches!(event, Event::TrainingStatus { status, .. } if status == wanted);
        run.events.iter().any(tells)
    };
    assert!(told("Interrupted"), "{:?}", run.events);
    let mut facts = run.events.iter().filter_map(|event| match event {
        Event::TrainingFacts { facts, saving, .. } => Some((facts.clone(), *saving)),
        _ => None,
    });
    let (facts, saving) = facts.next_back().unwrap();
    assert!(facts.spot);
    assert_eq!(facts.interruptions, 1);
    // Half an hour is paid for, the ten minutes between the two instances are not.
    assert_eq!(
        (facts.training_seconds, facts.billable_seconds),
        (Some(2400), Some(1800))
    );
    assert_eq!(saving, Some(25));

    let is_checkpoint = |line: &String| line.contains(" checkpoints/");
    assert!(state(&world).await.iter().any(is_checkpoint));
    let down = Command::Down(&desired.deployment);
    world.run(down).await.end.unwrap().done();
    let mut left = state(&world).await;
    left.retain(|line| !line.contains("/aws/sagemaker/TrainingJobs"));
    assert_eq!(difference(&empty, &left), "");
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_sagemaker_retries_itself_is_one_job() {
    let project = Project::new();
    let desired = project.desired_with("1e-3", "retries: 2");
    let job = Job {
        takes: Duration::from_mins(20),
        internal_errors: 2,
        ..Job::default()
    };
    let world = World::new(&Script {
        jobs: vec![Rule::new(&[], job)],
        ..Script::default()
    });
    let run = train(&world, &desired).await;
    run.end.as_ref().unwrap().done();
    assert_eq!(started(&run), 1);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_service_breaks_again_and_again_is_held_back_until_asked_for() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let world = World::new(&jobs(JobEnd::NoCapacity, None));
    let run = train(&world, &desired).await;
    assert!(matches!(run.end, Some(End::Failed(ref why)) if why.contains("CapacityError")));
    assert_eq!(started(&run), 3);
    let run = train(&world, &desired).await;
    assert!(matches!(run.end, Some(End::Held(ref why)) if why.contains("TrainingExhausted")));
    assert_eq!(started(&run), 0);
    // Asked for, it is tried once more.
    let run = world.run(Command::UpWith(&desired, retrying())).await;
    assert!(matches!(run.end, Some(End::Failed(_))), "{:?}", run.end);
    assert_eq!(started(&run), 1);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_the_job_s_own_fault_is_not_repeated() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let world = World::new(&jobs(JobEnd::Failed("no such column".into()), Some(1)));
    let run = train(&world, &desired).await;
    assert!(matches!(run.end, Some(End::Failed(_))), "{:?}", run.end);
    assert_eq!(started(&run), 1);
    let held = train(&world, &desired).await.end;
    assert!(matches!(held, Some(End::Held(ref why)) if why.contains("TrainingFailed")));
    let run = world.run(Command::UpWith(&desired, retrying())).await;
    run.end.as_ref().unwrap().done();
    assert_eq!(started(&run), 1);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_job_is_stopped_beside_the_run_that_follows_it() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let world = World::new(&jobs(JobEnd::default(), None));
    let job = desired.job_name(1);
    let stop = async {
        tokio::time::sleep(Duration::from_mins(10)).await;
        world.run(Command::StopJob(&job)).await
    };
    let (up, stopped) = tokio::join!(world.run(Command::Up(&desired)), stop);
    stopped.end.unwrap().done();
    assert!(matches!(up.end, Some(End::Failed(ref why)) if why.contains("ended as Stopped")));
    // Nothing is locked, and the next run trains anew.
    let run = world.run(Command::Up(&desired)).await;
    run.end.as_ref().unwrap().done();
    assert_eq!(started(&run), 1);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_to_train_is_told_by_two_looks() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let world = up(&desired, &Script::default()).await;
    let run = train(&world, &desired).await;
    run.end.as_ref().unwrap().done();
    assert!(run.calls.len() <= 3, "{:?}", run.calls);
    world.close().await;
}
