//! What services and networks do to a command, and what it makes of it.

use std::collections::BTreeSet;
use std::time::Duration;

use deploy::local::script::{Act, Deployment, Rule, Script};
use serde_json::Value;

use super::command::{Command, End};
use super::fault::{Fault, Trouble, When};
use super::state::{difference, state};
use super::trial::{Again, Trial};
use super::world::{Project, World};

/// The same trouble with the first calls of every operation.
fn first(trial: &Trial, count: usize, fault: Fault) -> Vec<Trouble> {
    // An environment's own API that answers 500 does not serve: that is not for asking again.
    let asked_again = |call: &&String| fault != Fault::ServerError || *call != "http.POST";
    let operations: BTreeSet<&String> = trial.calls.iter().filter(asked_again).collect();
    let trouble = |operation: &String| Trouble {
        when: When::First(operation.clone(), count),
        fault,
    };
    operations.into_iter().map(trouble).collect()
}

#[tokio::test(start_paused = true)]
async fn busy_and_broken_services_are_asked_again() {
    for trial in [Trial::up_from_nothing().await, Trial::down().await] {
        for (count, fault) in [
            (2, Fault::Throttled),
            (2, Fault::ServerError),
            (1, Fault::Slow(Duration::from_secs(30))),
        ] {
            let troubles = first(&trial, count, fault);
            let coped = trial.disturb(&troubles, Again::Never).await;
            coped.unwrap_or_else(|why| panic!("{why}"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_network_that_is_gone_ends_a_command_and_the_next_goes_on() {
    let trial = Trial::up_with_another_model().await;
    let gone = [Trouble::from(trial.calls.len() / 2, Fault::RequestLost)];
    let went_on = trial.disturb(&gone, Again::Always).await;
    went_on.unwrap_or_else(|why| panic!("{why}"));
}

#[tokio::test(start_paused = true)]
async fn credentials_that_expire_while_it_waits_are_named_and_the_next_run_goes_on() {
    let project = Project::new();
    let (old, new) = (project.desired("1e-3"), project.desired("2e-3"));
    let update = Deployment {
        takes: Duration::from_hours(8),
        ..Deployment::default()
    };
    let world = World::new(&Script {
        deployments: vec![Rule::new(&["update "], update)],
        ..Script::default()
    });
    world.run(Command::Up(&old)).await.end.unwrap().done();
    let expire = Trouble {
        when: When::After(Duration::from_hours(1)),
        fault: Fault::Expired,
    };
    let run = world.run_with(Command::Up(&new), vec![expire]).await;
    match run.end.unwrap() {
        End::Failed(why) => assert!(why.contains("expired"), "{why}"),
        other => panic!("{other:?}"),
    }
    let again = world.run(Command::Up(&new)).await;
    again.end.unwrap().done();
    // It waits for the update that is under way, and begins no other.
    let changes = |call: &&String| call.contains("ExecuteChangeSet");
    assert_eq!(again.calls.iter().filter(changes).count(), 0);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn whichever_resource_fails_is_named_and_the_next_run_converges() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let world = World::new(&Script::default());
    world.run(Command::Up(&desired)).await.end.unwrap().done();
    let should = state(&world).await;
    let resources = resources(&world);
    world.close().await;
    assert!(resources.len() >= 15, "{resources:?}");
    for resource in &resources {
        let act = Act {
            takes: Duration::from_mins(3),
            fails: Some("The service says no.".to_owned()),
        };
        let world = World::new(&Script {
            resources: vec![Rule::new(&["create ", resource], act).times(1)],
            ..Script::default()
        });
        match world.run(Command::Up(&desired)).await.end.unwrap() {
            End::RolledBack(why) => assert!(why.contains("The service says no."), "{why}"),
            other => panic!("{resource}: {other:?}"),
        }
        world.run(Command::Up(&desired)).await.end.unwrap().done();
        assert_eq!(difference(&should, &state(&world).await), "", "{resource}");
        world.close().await;
    }
}

/// `<type> <logical id> ` of every resource.
fn resources(world: &World) -> Vec<String> {
    let path = world.path().join("state/cloudformation.json");
    let state: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let stacks = state["stacks"].as_object().unwrap().values();
    let resources = stacks.flat_map(|stack| stack["resources"].as_object().unwrap().values());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    resources
        .map(|resource| {
            format!(
                "{} {} ",
                text(&resource["kind"]),
                text(&resource["logical_id"])
            )
        })
        .collect()
}
