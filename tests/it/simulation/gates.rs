//! Models that are not as good as they should be: what serves stays as it is.

use deploy::local::script::{Job, JobEnd, Rule, Script};
use deploy::plan::Desired;

use super::command::{Command, End};
use super::state::{client, difference, state};
use super::world::{Project, World};

/// Each model reaches its own accuracy.
fn accuracies(of: &[(&Desired, &str)]) -> Script {
    let job = |(desired, accuracy): &(&Desired, &str)| {
        let line = format!("eval_accuracy={accuracy}");
        let job = Job {
            ends: JobEnd::Completed(vec![line]),
            ..Job::default()
        };
        Rule::new(&[&desired.job_name(1)], job)
    };
    Script {
        jobs: of.iter().map(job).collect(),
        ..Script::default()
    }
}

/// What serves and what it is made of; models and jobs that are kept beside it do not count.
async fn serving(world: &World) -> Vec<String> {
    let mut lines = state(world).await;
    let beside = [
        "training job ",
        " models/",
        " training/",
        " code/",
        " data/",
    ];
    lines.retain(|line| !beside.iter().any(|what| line.contains(what)));
    lines
}

async fn refused(world: &World, desired: &Desired) -> String {
    let before = serving(world).await;
    let End::Failed(why) = world.run(Command::Up(desired)).await.end.unwrap() else {
        panic!("it was let pass");
    };
    assert_eq!(difference(&before, &serving(world).await), "");
    why
}

#[tokio::test(start_paused = true)]
async fn a_model_below_its_gate_serves_only_when_somebody_says_why() {
    let project = Project::new();
    let gate = "gates: { eval_accuracy: \">= 0.9\" }";
    let good = project.desired_with("1e-3", gate);
    let mut bad = project.desired_with("2e-3", gate);
    let world = World::new(&accuracies(&[(&good, "0.95"), (&bad, "0.80")]));
    world.run(Command::Up(&good)).await.end.unwrap().done();

    let why = refused(&world, &bad).await;
    assert!(
        why.contains("eval_accuracy >= 0.9 is asked, 0.8 was measured"),
        "{why}"
    );
    // It is not trained again either.
    let run = world.run(Command::Up(&bad)).await;
    assert!(
        !run.calls
            .iter()
            .any(|call| call.contains("CreateTrainingJob"))
    );

    bad.override_gates(Some(&"the labels of May are noisy".to_owned()));
    world.run(Command::Up(&bad)).await.end.unwrap().done();
    let bucket = &bad.deployment.names.bucket;
    let key = &bad.training_key.as_str()[..16];
    let kept = client(&world)
        .get_object()
        .bucket(bucket)
        .key(format!("models/{key}.override.json"))
        .send()
        .await
        .unwrap();
    let kept = kept.body.collect().await.unwrap().into_bytes();
    let kept: serde_json::Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!(kept["reason"], "the labels of May are noisy");
    assert_eq!(kept["failed"].as_array().unwrap().len(), 1);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_model_may_be_worse_than_what_serves_by_so_much_and_no_more() {
    let project = Project::new();
    let gate = "gates: { eval_accuracy: \">= 0.5\", regression: \"<= 0.01 against serving\" }";
    let model = |rate: &str| project.desired_with(rate, gate);
    let (first, worse, near) = (model("1e-3"), model("2e-3"), model("3e-3"));
    let models = [(&first, "0.95"), (&worse, "0.93"), (&near, "0.945")];
    let world = World::new(&accuracies(&models));
    // There is nothing yet to compare with.
    world.run(Command::Up(&first)).await.end.unwrap().done();
    let why = refused(&world, &worse).await;
    assert!(why.contains("0.93 was measured after 0.95"), "{why}");
    world.run(Command::Up(&near)).await.end.unwrap().done();
    world.close().await;
}
