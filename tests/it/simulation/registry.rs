//! The model registry follows the releases of an environment that asks for it.

use aws_sdk_sagemaker::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};
use deploy::local::script::Script;
use deploy::plan::{Deployment, Desired};
use deploy::reconcile::progress::Event;
use deploy::release::Provenance;

use super::command::Command;
use super::fault::{Fault, Trouble, When};
use super::state::state;
use super::trial::up;
use super::world::{KEY, Project, Run, SECRET, URL, World};

/// A client of SageMaker that is none of deploy's.
pub(super) fn client(world: &World) -> aws_sdk_sagemaker::Client {
    let connector = SharedHttpConnector::new(world.wire(Vec::new()));
    let config = aws_sdk_sagemaker::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(URL)
        .credentials_provider(Credentials::new(KEY, SECRET, None, None, "simulated"))
        .http_client(http_client_fn(move |_, _| connector.clone()));
    aws_sdk_sagemaker::Client::from_conf(config.build())
}

/// A version in the registry: the environment, whether it is approved, and the note.
type Told = (String, ModelApprovalStatus, Option<String>);

/// Reads the versions, in the order in which they came.
async fn versions(world: &World) -> Vec<Told> {
    versions_in(world, "classifiers").await
}

/// The same of another group.
async fn versions_in(world: &World, group: &str) -> Vec<Told> {
    let client = client(world);
    let listed = client.list_model_packages();
    let listed = listed.model_package_group_name(group).send().await;
    let mut told = Vec::new();
    for version in listed.unwrap().model_package_summary_list() {
        let arn = version.model_package_arn().unwrap();
        let described = client.describe_model_package().model_package_name(arn);
        let described = described.send().await.unwrap();
        let properties = described.customer_metadata_properties().unwrap();
        assert_eq!(properties["model-sha256"].len(), 64);
        told.push((
            properties["environment"].clone(),
            described.model_approval_status().unwrap().clone(),
            described.approval_description.clone(),
        ));
    }
    told.sort_by(|one, other| one.0.cmp(&other.0));
    told
}

fn pending() -> Told {
    let status = ModelApprovalStatus::PendingManualApproval;
    ("local".to_owned(), status, None)
}

fn notices(run: &Run) -> Vec<String> {
    let notice = |event: &Event| match event {
        Event::Notice { text } => Some(text.clone()),
        _ => None,
    };
    run.events.iter().filter_map(notice).collect()
}

async fn promoted(project: &Project, world: &World, from: &Deployment) -> (Desired, Run) {
    let releases = world.releases(from).await;
    let desired = project.promoted(&releases[0]);
    let run = world.run(Command::Up(&desired)).await;
    run.end.as_ref().unwrap().done();
    (desired, run)
}

#[tokio::test(start_paused = true)]
async fn a_model_waits_for_approval_until_it_is_promoted_and_goes_with_its_environment() {
    let project = Project::new();
    let desired = project.desired_registered("1e-3");
    let world = up(&desired, &Script::default()).await;
    assert_eq!(versions(&world).await, [pending()]);

    let (prod, _) = promoted(&project, &world, &desired.deployment).await;
    let [local, own] = &versions(&world).await[..] else {
        panic!("there are two versions")
    };
    let note = |told: &Told| told.2.clone().unwrap();
    assert_eq!(
        (&local.1, &own.1),
        (&ModelApprovalStatus::Approved, &local.1)
    );
    let (release, from) = (
        &world.releases(&prod.deployment).await[0].release,
        &world.releases(&desired.deployment).await[0].release,
    );
    let by = format!("promoted to prod as {}; promoted by ", release.id);
    assert!(note(local).starts_with(&by), "{}", note(local));
    let by = format!("promoted from local {}; promoted by ", from.id);
    assert!(note(own).starts_with(&by), "{}", note(own));

    // Nothing is entered twice.
    let run = world.run(Command::Up(&prod)).await;
    run.end.as_ref().unwrap().done();
    let writes = |call: &&String| call.contains("eModelPackage") && !call.contains("Describe");
    assert_eq!(
        run.calls.iter().filter(writes).count(),
        0,
        "{:?}",
        run.calls
    );

    for (deployment, left) in [(&prod.deployment, 1), (&desired.deployment, 0)] {
        let run = world.run(Command::Down(deployment)).await;
        run.end.unwrap().done();
        let lines = state(&world).await;
        let versions = lines.iter().filter(|line| line.starts_with("version "));
        assert_eq!(versions.count(), left, "{lines:?}");
        let groups = lines.iter().filter(|line| line.starts_with("versions of "));
        assert_eq!(groups.count(), left, "{lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_of_another_name_is_kept_in_step_too() {
    let project = Project::new();
    let desired = project.desired_registered_apart("1e-3", "proven");
    let world = up(&desired, &Script::default()).await;
    promoted(&project, &world, &desired.deployment).await;
    for (group, environment) in [("classifiers", "local"), ("proven", "prod")] {
        let versions = versions_in(&world, group).await;
        let [(of, approval, _)] = &versions[..] else {
            panic!("{group}: {versions:?}")
        };
        let expected = (environment, &ModelApprovalStatus::Approved);
        assert_eq!((of.as_str(), approval), expected, "{group}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_gone_back_to_stays_the_version_that_it_was() {
    let project = Project::new();
    let first = project.desired_registered("1e-3");
    let world = up(&first, &Script::default()).await;
    let second = project.desired_registered("2e-3");
    world.run(Command::Up(&second)).await.end.unwrap().done();
    assert_eq!(versions(&world).await, [pending(), pending()]);

    let releases = world.releases(&first.deployment).await;
    let before = &releases[1].release;
    let back = Desired::again(
        &project.stack("local"),
        before,
        world.templates(before).await,
        Provenance::RolledBack {
            to: before.id.clone(),
            reason: None,
        },
    );
    world.run(Command::Up(&back)).await.end.unwrap().done();
    assert_eq!(world.releases(&first.deployment).await.len(), 3);
    assert_eq!(versions(&world).await, [pending(), pending()]);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_refuses_undoes_nothing_and_the_next_run_enters_the_release() {
    let project = Project::new();
    let desired = project.desired_registered("1e-3");
    let world = World::new(&Script::default());
    let refuses = Trouble {
        when: When::First("sagemaker.CreateModelPackage".to_owned(), 1),
        fault: Fault::Refused("AccessDeniedException", "not yours"),
    };
    let run = world.run_with(Command::Up(&desired), vec![refuses]).await;
    run.end.as_ref().unwrap().done();
    let told = notices(&run);
    let told = told.iter().filter(|text| text.contains("model registry"));
    let told: Vec<_> = told.collect();
    assert!(
        matches!(&told[..], [text] if text.contains("not yours") && text.contains("again")),
        "{told:?}"
    );
    assert_eq!(world.releases(&desired.deployment).await.len(), 1);
    assert_eq!(versions(&world).await, []);

    let run = world.run(Command::Up(&desired)).await;
    run.end.as_ref().unwrap().done();
    assert_eq!(versions(&world).await, [pending()]);
    assert_eq!(world.releases(&desired.deployment).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_rejected_stays_so() {
    let project = Project::new();
    let desired = project.desired_registered("1e-3");
    let world = up(&desired, &Script::default()).await;
    let client = client(&world);
    let listed = client.list_model_packages().send().await.unwrap();
    let arn = listed.model_package_summary_list()[0].model_package_arn();
    let rejected = client
        .update_model_package()
        .model_package_arn(arn.unwrap())
        .model_approval_status(ModelApprovalStatus::Rejected);
    rejected.send().await.unwrap();

    let (_, run) = promoted(&project, &world, &desired.deployment).await;
    assert!(
        notices(&run)
            .iter()
            .any(|text| text.contains("was rejected")),
        "{:?}",
        run.events
    );
    let statuses: Vec<_> = versions(&world)
        .await
        .into_iter()
        .map(|one| one.1)
        .collect();
    assert_eq!(
        statuses,
        [ModelApprovalStatus::Rejected, ModelApprovalStatus::Approved]
    );
}
