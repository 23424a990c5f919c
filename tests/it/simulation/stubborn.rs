//! Resources that fail when they are updated or deleted: each of both stacks.

use std::collections::BTreeSet;
use std::time::Duration;

use deploy::local::script::{Deployment, Rule, Script};
use deploy::reconcile::{DownOptions, Stubborn};
use serde_json::Value;

use super::command::{Command, End};
use super::fault::{Fault, Trouble, When};
use super::situation::refused;
use super::state::{difference, state};
use super::trial::up;
use super::world::{Project, World};

/// What an environment without data in the way leaves in an account.
const SHARED: &str = "/aws/sagemaker/TrainingJobs";

/// `<type> <member of the resource>` of every resource.
fn resources(world: &World, member: &str) -> BTreeSet<String> {
    world.save();
    let path = world.path().join("state/cloudformation.json");
    let state: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let stacks = state["stacks"].as_object().unwrap().values();
    let resources = stacks.flat_map(|stack| stack["resources"].as_object().unwrap().values());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    resources
        .map(|resource| format!("{} {}", text(&resource["kind"]), text(&resource[member])))
        .collect()
}

/// An endpoint that is being created cannot be deleted, for up to an hour.
#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_being_created_is_waited_for_and_then_removed() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let world = World::new(&Script {
        deployments: vec![Rule::new(
            &[],
            Deployment {
                takes: Duration::from_hours(1),
                ..Deployment::default()
            },
        )],
        ..Script::default()
    });
    let dies = Trouble {
        when: When::After(Duration::from_mins(30)),
        fault: Fault::DiesBefore,
    };
    let run = world.run_with(Command::Up(&desired), vec![dies]).await;
    assert_eq!(run.end, None);
    let creating = state(&world).await;
    assert!(
        creating
            .iter()
            .any(|line| line.contains("endpoint") && line.contains("Creating")),
        "{creating:?}"
    );
    world
        .run(Command::Down(&desired.deployment))
        .await
        .end
        .unwrap()
        .done();
    let mut left = state(&world).await;
    left.retain(|line| !line.contains(SHARED));
    assert!(left.is_empty(), "{left:?}");
    world.close().await;
}

/// What a template says is kept is told, and never passed over as if nothing were left.
#[tokio::test(start_paused = true)]
async fn what_the_template_keeps_is_told() {
    let project = Project::new();
    let mut desired = project.desired("1e-3");
    let route = "    Type: AWS::ApiGatewayV2::Stage\n";
    assert!(desired.service.template.contains(route));
    let kept = format!("{route}    DeletionPolicy: Retain\n");
    desired.service.template = desired.service.template.replace(route, &kept);
    let world = up(&desired, &Script::default()).await;
    let end = world.run(Command::Down(&desired.deployment)).await.end;
    match end.unwrap() {
        End::DoneBut(let_go) => {
            assert!(
                let_go.iter().any(|item| item.contains("Stage")),
                "{let_go:?}"
            );
        }
        other => panic!("{other:?}"),
    }
    world.close().await;
}

fn failing(what: &str, resource: &str, times: Option<u32>) -> Script {
    let rule = Rule::new(&[&format!("{what} {resource}")], refused());
    Script {
        resources: vec![match times {
            Some(times) => rule.times(times),
            None => rule,
        }],
        ..Script::default()
    }
}

#[tokio::test(start_paused = true)]
async fn whichever_update_fails_is_named_and_the_next_run_converges() {
    let project = Project::new();
    let (old, new) = (project.desired("1e-3"), project.desired("2e-3"));
    let before = up(&old, &Script::default()).await;
    let resources = resources(&before, "logical_id");
    let undisturbed = before.copy();
    undisturbed.run(Command::Up(&new)).await.end.unwrap().done();
    let should = state(&undisturbed).await;
    undisturbed.close().await;
    let mut failed = Vec::new();
    for resource in &resources {
        for what in ["create", "update"] {
            let script = failing(what, &format!("{resource} "), Some(1));
            let world = before.copy_under(&script);
            match world.run(Command::Up(&new)).await.end.unwrap() {
                // The change does not touch it.
                End::Done => {}
                End::RolledBack(why) => {
                    assert!(why.contains("The service says no."), "{why}");
                    failed.push(format!("{what} {resource}"));
                    world.run(Command::Up(&new)).await.end.unwrap().done();
                }
                other => panic!("{what} {resource}: {other:?}"),
            }
            let is = state(&world).await;
            assert_eq!(difference(&should, &is), "", "{what} {resource}");
            world.close().await;
        }
    }
    println!("failed and converged: {}", failed.join(", "));
    assert!(failed.len() >= 3, "{failed:?}");
}

#[tokio::test(start_paused = true)]
async fn whichever_deletion_fails_is_named_and_the_next_run_converges() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let before = up(&desired, &Script::default()).await;
    let resources = resources(&before, "physical_id");
    let down = Command::Down(&desired.deployment);
    for resource in &resources {
        let world = before.copy_under(&failing("delete", resource, Some(1)));
        match world.run(down).await.end.unwrap() {
            End::Failed(why) => assert!(why.contains("The service says no."), "{why}"),
            other => panic!("{resource}: {other:?}"),
        }
        world.run(down).await.end.unwrap().done();
        let mut left = state(&world).await;
        left.retain(|line| !line.contains(SHARED));
        assert!(left.is_empty(), "{resource}: {left:?}");
        world.close().await;
    }
    println!("{} deletions failed and converged", resources.len());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_deleted_at_all_can_be_left_and_is_told() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let before = up(&desired, &Script::default()).await;
    let resources = resources(&before, "physical_id");
    let options = DownOptions {
        stubborn: Stubborn::Leave,
        ..DownOptions::default()
    };
    let mut reported = 0;
    for resource in &resources {
        let world = before.copy_under(&failing("delete", resource, None));
        // However often it is tried, the reason is told.
        for _ in 0..2 {
            match world
                .run(Command::Down(&desired.deployment))
                .await
                .end
                .unwrap()
            {
                End::Failed(why) => assert!(why.contains("The service says no."), "{why}"),
                other => panic!("{resource}: {other:?}"),
            }
        }
        let run = world
            .run(Command::DownWith(&desired.deployment, options))
            .await;
        let (_, id) = resource.split_once(' ').unwrap();
        match run.end.unwrap() {
            // What belongs to something else, such as the route of an API, is no leftover of its own.
            End::DoneBut(let_go) => {
                assert!(
                    let_go.iter().any(|item| item.contains(id)),
                    "{resource}: {let_go:?}"
                );
            }
            End::Failed(why) => {
                assert!(why.contains("left after the teardown"), "{resource}: {why}");
                reported += 1;
            }
            other => panic!("{resource}: {other:?}"),
        }
        let left = state(&world).await;
        let stacks: Vec<&String> = left
            .iter()
            .filter(|line| line.starts_with("stack "))
            .collect();
        assert!(stacks.is_empty(), "{resource}: {stacks:?}");
        world.close().await;
    }
    println!(
        "{reported} of {} things that were left are found again",
        resources.len()
    );
    assert!(reported >= 5, "{reported}");
}
