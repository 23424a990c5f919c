//! Situations that something has to happen for before a command finds itself in them.

use std::time::Duration;

use aws_sdk_cloudformation::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_cloudformation::types::{Capability, Parameter};
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use deploy::cloud::stacks::DriftMode;
use deploy::local::script::{Act, Rule, Script};
use deploy::plan::teardown::Extent;
use deploy::plan::{Choices, LiveResources};
use deploy::reconcile::{DownOptions, UpOptions};

use super::command::{Command, End};
use super::fault::{Fault, Trouble, When};
use super::state::{client, lock_holder, state};
use super::training::only_training;
use super::trial::{Situation, Task, Trial, up};
use super::world::{KEY, Project, SECRET, URL, World};

/// Longer than anything takes that is begun here.
const ENOUGH: Duration = Duration::from_hours(1);

/// An operation on a resource that the service refuses.
pub(super) fn refused() -> Act {
    Act {
        fails: Some("The service says no.".to_owned()),
        ..Act::default()
    }
}

/// Trains a model in an empty account, and no more.
pub(super) async fn train_from_nothing() -> Trial {
    let project = Project::new();
    Trial::of(Situation {
        name: "train from nothing",
        before: World::new(&Script::default()),
        desired: project.desired("1e-3"),
        project,
        task: Task::Up(only_training()),
    })
    .await
}

/// Removes what serves and leaves what is dear.
pub(super) async fn down_that_keeps_data() -> Trial {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let options = DownOptions {
        extent: Extent::AllButData,
        ..DownOptions::default()
    };
    Trial::of(Situation {
        name: "down that keeps data",
        before: up(&desired, &Script::default()).await,
        desired,
        project,
        task: Task::Down(options),
    })
    .await
}

/// Brings an environment up whose endpoint is on instances and becomes serverless.
pub(super) async fn up_to_serverless() -> Trial {
    let project = Project::new();
    let instances = project.desired("1e-3");
    Trial::of(Situation {
        name: "up to serverless",
        before: up(&instances, &Script::default()).await,
        desired: project.desired_serverless("1e-3"),
        project,
        task: Task::Up(UpOptions::default()),
    })
    .await
}

/// Brings an environment up whose last update could not even be rolled back.
pub(super) async fn up_after_a_roll_back_that_failed() -> Trial {
    let project = Project::new();
    let (old, desired) = (project.desired("1e-3"), project.desired("2e-3"));
    let update = "update AWS::SageMaker::Endpoint ";
    let broken = up(
        &old,
        &Script {
            resources: vec![Rule::new(&[update], refused()).times(2)],
            ..Script::default()
        },
    )
    .await;
    let end = broken.run(Command::Up(&desired)).await.end.unwrap();
    assert!(matches!(end, End::Failed(_)), "{end:?}");
    let before = left_as(broken, "UPDATE_ROLLBACK_FAILED").await;
    Trial::of(Situation {
        name: "up after a roll-back that failed",
        before,
        desired,
        project,
        task: Task::Up(UpOptions::default()),
    })
    .await
}

/// Brings an environment up whose service stack could not be made.
pub(super) async fn up_after_a_creation_that_was_rolled_back() -> Trial {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let create = "create AWS::SageMaker::Endpoint ";
    let broken = World::new(&Script {
        resources: vec![Rule::new(&[create], refused()).times(1)],
        ..Script::default()
    });
    let end = broken.run(Command::Up(&desired)).await.end.unwrap();
    assert!(matches!(end, End::RolledBack(_)), "{end:?}");
    let before = left_as(broken, " ROLLBACK_COMPLETE").await;
    Trial::of(Situation {
        name: "up after a creation that was rolled back",
        before,
        desired,
        project,
        task: Task::Up(UpOptions::default()),
    })
    .await
}

/// Brings an environment up whose service somebody tried to make without a roll-back, which left half of
/// it.
pub(super) async fn up_that_makes_a_half_made_stack_anew() -> Trial {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let create = "create AWS::SageMaker::Endpoint ";
    let broken = World::new(&Script {
        resources: vec![Rule::new(&[create], refused()).times(2)],
        ..Script::default()
    });
    let end = broken.run(Command::Up(&desired)).await.end.unwrap();
    assert!(matches!(end, End::RolledBack(_)), "{end:?}");
    let client = stacks(&broken);
    let name = &desired.service.name;
    let stack = client.describe_stacks().stack_name(name).send().await;
    let stack = stack.unwrap().stacks.unwrap().remove(0);
    let deleted = client.delete_stack().stack_name(name).send();
    deleted.await.unwrap();
    tokio::time::sleep(ENOUGH).await;
    let created = client
        .create_stack()
        .stack_name(name)
        .template_body(&desired.service.template)
        .set_tags(stack.tags)
        .set_parameters(stack.parameters)
        .capabilities(Capability::CapabilityNamedIam)
        .disable_rollback(true)
        .send();
    created.await.unwrap();
    tokio::time::sleep(ENOUGH).await;
    let before = left_as(broken, " CREATE_FAILED").await;
    let choices = Choices {
        live_resources: LiveResources::Remove,
        ..Choices::default()
    };
    Trial::of(Situation {
        name: "up that makes a half-made stack anew",
        before,
        desired,
        project,
        task: Task::Up(UpOptions {
            choices,
            ..UpOptions::default()
        }),
    })
    .await
}

/// Brings an environment up that somebody tried to update without a roll-back, which left it half done.
pub(super) async fn up_after_an_update_that_was_left_half_done() -> Trial {
    let project = Project::new();
    let (old, desired) = (project.desired("1e-3"), project.desired("2e-3"));
    let broken = up(&old, &Script::default()).await;
    let client = stacks(&broken);
    let name = &old.service.name;
    let stack = client.describe_stacks().stack_name(name).send().await;
    let stack = stack.unwrap().stacks.unwrap().remove(0);
    let parameters = stack.parameters.unwrap().into_iter().map(|parameter| {
        let key = parameter.parameter_key.unwrap();
        let value = Parameter::builder().parameter_key(&key);
        if key == "FunctionCodeKey" {
            value.parameter_value("function/none.zip").build()
        } else {
            value.use_previous_value(true).build()
        }
    });
    let updated = client
        .update_stack()
        .stack_name(name)
        .use_previous_template(true)
        .set_parameters(Some(parameters.collect()))
        .capabilities(Capability::CapabilityNamedIam)
        .disable_rollback(true)
        .send();
    updated.await.unwrap();
    tokio::time::sleep(ENOUGH).await;
    let before = left_as(broken, " UPDATE_FAILED").await;
    Trial::of(Situation {
        name: "up after an update that was left half done",
        before,
        desired,
        project,
        task: Task::Up(UpOptions::default()),
    })
    .await
}

/// Removes the lock of a run that died while it worked.
pub(super) async fn unlock_after_a_run_that_died() -> Trial {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let before = World::new(&Script::default());
    let dies = Trouble {
        when: When::First("sagemaker.CreateTrainingJob".to_owned(), 1),
        fault: Fault::DiesAfter,
    };
    let run = before.run_with(Command::Up(&desired), vec![dies]).await;
    assert_eq!((run.end, lock_holder(&before).await), (None, Some(run.id)));
    // What it had begun comes to its end by itself.
    tokio::time::sleep(ENOUGH).await;
    Trial::of(Situation {
        name: "unlock",
        before,
        desired,
        project,
        task: Task::Unlock,
    })
    .await
}

/// Removes the models that served before the one that does now.
pub(super) async fn gc_after_three_models() -> Trial {
    let project = Project::new();
    let before = World::new(&Script::default());
    let mut desired = project.desired("1e-3");
    for rate in ["1e-3", "2e-3", "3e-3"] {
        desired = project.desired(rate);
        before.run(Command::Up(&desired)).await.end.unwrap().done();
    }
    Trial::of(Situation {
        name: "gc",
        before,
        desired,
        project,
        task: Task::Gc(0),
    })
    .await
}

/// Brings an environment up that somebody has changed by hand.
pub(super) async fn up_that_reverts_drift() -> Trial {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let before = up(&desired, &Script::default()).await;
    suspend_versions(&before, &desired.deployment.names.bucket).await;
    let options = UpOptions {
        drift: DriftMode::Revert,
        ..UpOptions::default()
    };
    let trial = Trial::of(Situation {
        name: "up that reverts drift",
        before,
        desired,
        project,
        task: Task::Up(options),
    })
    .await;
    let changes = |call: &&String| call.contains("ExecuteChangeSet");
    assert_eq!(trial.calls.iter().filter(changes).count(), 1);
    trial
}

/// Keeps no versions in a bucket any more, as somebody may set it: drift.
pub(super) async fn suspend_versions(world: &World, bucket: &str) {
    let suspended = aws_sdk_s3::types::VersioningConfiguration::builder()
        .status(aws_sdk_s3::types::BucketVersioningStatus::Suspended)
        .build();
    let edited = client(world)
        .put_bucket_versioning()
        .bucket(bucket)
        .versioning_configuration(suspended);
    edited.send().await.unwrap();
}

/// A client of CloudFormation as anybody has it.
fn stacks(world: &World) -> aws_sdk_cloudformation::Client {
    let connector = SharedHttpConnector::new(world.wire(Vec::new()));
    let config = aws_sdk_cloudformation::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(URL)
        .credentials_provider(Credentials::new(KEY, SECRET, None, None, "simulated"))
        .http_client(http_client_fn(move |_, _| connector.clone()));
    aws_sdk_cloudformation::Client::from_conf(config.build())
}

/// The account as it is, where everything works from now on.
pub(super) async fn left_as(broken: World, status: &str) -> World {
    let lines = state(&broken).await;
    let stacks: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("stack "))
        .collect();
    assert!(
        stacks.iter().any(|line| line.ends_with(status)),
        "{stacks:?}"
    );
    let world = broken.copy_under(&Script::default());
    broken.close().await;
    world
}
