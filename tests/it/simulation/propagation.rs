//! New roles that are not known everywhere yet, told apart from denials that are real.

use std::time::Duration;

use deploy::local::script::{Act, Rule, Script};

use super::command::{Command, End};
use super::state::{difference, state};
use super::world::{Project, World};

const NOT_YET: &str = "The role defined for the function cannot be assumed by Lambda.";

fn script(times: u32) -> Script {
    let act = Act {
        takes: Duration::from_secs(5),
        fails: Some(NOT_YET.to_owned()),
    };
    let rule = Rule::new(&["create ", "AWS::Lambda::Function Function "], act);
    Script {
        resources: vec![rule.times(times)],
        ..Script::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_not_known_yet_is_tried_again() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let undisturbed = World::new(&Script::default());
    undisturbed
        .run(Command::Up(&desired))
        .await
        .end
        .unwrap()
        .done();
    let world = World::new(&script(2));
    let run = world.run(Command::Up(&desired)).await;
    run.end.unwrap().done();
    let jobs = run
        .calls
        .iter()
        .filter(|call| *call == "sagemaker.CreateTrainingJob");
    assert_eq!(jobs.count(), 1);
    assert_eq!(
        difference(&state(&undisturbed).await, &state(&world).await),
        ""
    );
    undisturbed.close().await;
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_role_that_may_never_be_assumed_ends_the_run_with_the_reason() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let world = World::new(&script(1_000));
    let run = world.run(Command::Up(&desired)).await;
    match run.end.unwrap() {
        End::RolledBack(why) => assert!(why.contains(NOT_YET), "{why}"),
        other => panic!("{other:?}"),
    }
    let tries = run
        .calls
        .iter()
        .filter(|call| *call == "cloudformation.ExecuteChangeSet");
    // The foundation once, and the service three times.
    assert_eq!(tries.count(), 4);
    world.close().await;
}
