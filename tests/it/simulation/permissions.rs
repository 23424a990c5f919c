//! The policy of `deploy permissions`, held by a role that the engine lets do nothing else: everything works with it,
//! and with any part of it missing something fails and says what is missing.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_cloudformation::types::{Capability, StackStatus};
use aws_smithy_runtime_api::client::http::{SharedHttpClient, SharedHttpConnector, http_client_fn};
use deploy::local::script::Script;
use deploy::permissions::{self, CALLS, Part, Purpose, Request, Statement, document};
use deploy::plan::Desired;
use deploy::reconcile::progress::Event;
use deploy::render::{self, Library};
use serde_json::{Value, json};

use super::command::{Command, End};
use super::world::{KEY, Project, SECRET, URL, World};

const ROLE: &str = "arn:aws:iam::000000000000:role/deployer";

fn client(world: &World) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(world.wire(Vec::new()));
    http_client_fn(move |_, _| connector.clone())
}

fn key() -> Credentials {
    Credentials::new(KEY, SECRET, None, None, "simulated")
}

/// The role that CloudFormation acts as.
const SERVICE_ROLE: &str = "arn:aws:iam::000000000000:role/cloudformation";

/// Makes an account with two roles in it that may do nothing yet.
async fn account() -> World {
    let world = World::new(&Script::default());
    let template = json!({ "Resources": { "Service": { "Type": "AWS::IAM::Role", "Properties": {
        "RoleName": "cloudformation",
        "AssumeRolePolicyDocument": { "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": { "Service": "cloudformation.amazonaws.com" } }] },
    } }, "Role": { "Type": "AWS::IAM::Role", "Properties": {
        "RoleName": "deployer",
        "AssumeRolePolicyDocument": { "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": { "AWS": "000000000000" } }] },
    } } } });
    let config = aws_sdk_cloudformation::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(URL)
        .credentials_provider(key())
        .http_client(client(&world));
    let cloudformation = aws_sdk_cloudformation::Client::from_conf(config.build());
    let made = cloudformation.create_stack().stack_name("people");
    let made = made.capabilities(Capability::CapabilityNamedIam);
    made.template_body(template.to_string())
        .send()
        .await
        .unwrap();
    loop {
        let told = cloudformation
            .describe_stacks()
            .stack_name("people")
            .send()
            .await
            .unwrap();
        if told.stacks()[0].stack_status() == Some(&StackStatus::CreateComplete) {
            return world.acting_as(ROLE);
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}

/// Makes another account that is as this one, where the role may do this.
async fn with(world: &World, statements: &[Statement]) -> World {
    let world = world.copy().acting_as(ROLE);
    allow(&world, "deployer", statements).await;
    world
}

/// Lets a role do exactly this.
async fn allow(world: &World, role: &str, statements: &[Statement]) {
    let config = aws_sdk_iam::Config::builder()
        .behavior_version(aws_sdk_iam::config::BehaviorVersion::latest())
        .region(aws_sdk_iam::config::Region::new("us-east-1"))
        .endpoint_url(URL)
        .credentials_provider(key())
        .http_client(client(world));
    let iam = aws_sdk_iam::Client::from_conf(config.build());
    let put = iam.put_role_policy().role_name(role).policy_name("deploy");
    put.policy_document(document(statements).to_string())
        .send()
        .await
        .unwrap();
}

/// What an environment with everything in it needs.
struct Bed {
    project: Project,
    first: Desired,
    second: Desired,
    empty: World,
}

impl Bed {
    async fn new() -> Self {
        let project = Project::new();
        let (second, first) = (
            project.desired_complete("2e-3"),
            project.desired_complete("1e-3"),
        );
        Self {
            first,
            second,
            empty: account().await,
            project,
        }
    }

    fn statements(&self, purposes: &[Purpose]) -> Vec<Statement> {
        self.part(purposes, Part::Whole)
    }

    fn part(&self, purposes: &[Purpose], part: Part<'_>) -> Vec<Statement> {
        let stack = self.project.stack("local");
        let rendered = render::render(&stack, &Library::builtin()).unwrap();
        let policy = permissions::policy(&Request {
            stack: &stack,
            rendered: &rendered,
            source: None,
            purposes,
            part,
        });
        assert_eq!(policy.unknown_types, Vec::<String>::new());
        policy.statements
    }

    /// Brings it up, looks at it from all sides, changes it and removes it; tells what did not work.
    async fn life(&self, statements: &[Statement]) -> Result<BTreeSet<String>, String> {
        self.life_in(&with(&self.empty, statements).await).await
    }

    async fn life_in(&self, world: &World) -> Result<BTreeSet<String>, String> {
        let mut calls = BTreeSet::new();
        let deployment = &self.first.deployment;
        for (name, command) in [
            ("up", Command::Up(&self.first)),
            ("plan", Command::Plan(&self.second)),
            ("drift", Command::Drift(deployment)),
            ("status", Command::Status(deployment)),
            ("up again", Command::Up(&self.second)),
            ("down", Command::Down(deployment)),
        ] {
            let run = world.run(command).await;
            calls.extend(run.calls);
            // What a run can do without it says, and goes on.
            let refused = run.events.iter().find_map(|event| match event {
                Event::Notice { text } if text.contains("is not authorized") => Some(text),
                _ => None,
            });
            if let Some(text) = refused {
                return Err(format!("{name}: {text}"));
            }
            match run.end {
                Some(End::Done) => {}
                end => return Err(format!("{name}: {end:?}")),
            }
        }
        Ok(calls)
    }
}

/// Whether a failure says that one of these actions is missing. What is asked by `HEAD` is answered without a
/// word: then it names the operation, and the table the actions.
fn names(failure: &str, actions: &[String]) -> bool {
    let word = |text: &str, word: &str| {
        text.match_indices(word).any(|(at, _)| {
            !text[at + word.len()..].starts_with(|c: char| c.is_ascii_alphanumeric())
        })
    };
    actions.iter().any(|action| word(failure, action))
        || CALLS.iter().any(|call| {
            let (service, operation) = call.operation.split_once('.').unwrap();
            let heads = service == "s3" && operation.starts_with("Head");
            let needs = |action: &String| call.grants.iter().any(|(needed, _)| needed == action);
            heads && word(failure, operation) && actions.iter().any(needs)
        })
}

/// Statements that nothing in the engine misses, with the reason.
const UNMISSED: &[(&str, &str)] = &[
    (
        "JobLogStreams",
        "a training that is played writes no log, so that there is no stream to delete",
    ),
    (
        "ScalingAlarms",
        "the registry schema of scalable targets names it; the engine's scaling has alarms of its own",
    ),
    ("TransformJobs", "nothing is classified in bulk"),
];

#[tokio::test(start_paused = true)]
async fn the_policy_suffices_and_so_does_each_purpose_for_itself() {
    let bed = Bed::new().await;
    let calls = bed.life(&bed.statements(&Purpose::ALL)).await.unwrap();
    // What was called is in the table.
    let table: BTreeSet<&str> = CALLS.iter().map(|call| call.operation).collect();
    let unknown: Vec<&String> = calls
        .iter()
        .filter(|call| !call.starts_with("http.") && !table.contains(call.as_str()))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    // Each command with what is for it alone, in an account that is as the others left it.
    let deployment = &bed.first.deployment;
    let mut world = with(&bed.empty, &[]).await;
    for (purpose, command) in [
        (Purpose::Up, Command::Up(&bed.first)),
        (Purpose::Diff, Command::Plan(&bed.second)),
        (Purpose::Diff, Command::Drift(deployment)),
        (Purpose::Status, Command::Status(deployment)),
        (Purpose::Up, Command::Up(&bed.second)),
        (Purpose::Down, Command::Down(deployment)),
    ] {
        world = with(&world, &bed.statements(&[purpose])).await;
        let run = world.run(command).await;
        assert_eq!(run.end, Some(End::Done), "{}", purpose.word());
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_role_does_what_people_may_not() {
    let bed = Bed::new().await;
    let purposes = [Purpose::Up, Purpose::Diff, Purpose::Status, Purpose::Down];
    let people = bed.part(&purposes, Part::Caller(SERVICE_ROLE));
    let own = bed.part(&[Purpose::Up, Purpose::Down], Part::ServiceRole);
    let world = with(&bed.empty, &people).await;
    // Without the role they get nowhere, and neither does a role that may do nothing.
    let alone = world.copy().acting_as(ROLE);
    let failure = bed.life_in(&alone).await.unwrap_err();
    assert!(
        failure.contains("deployer/simulated is not authorized to perform: "),
        "{failure}"
    );
    let world = world.with_service_role(SERVICE_ROLE);
    let idle = world.copy().acting_as(ROLE).with_service_role(SERVICE_ROLE);
    let failure = bed.life_in(&idle).await.unwrap_err();
    assert!(
        failure.contains("cloudformation/AWSCloudFormation is not authorized"),
        "{failure}"
    );
    allow(&world, "cloudformation", &own).await;
    bed.life_in(&world).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_reader_changes_nothing() {
    let bed = Bed::new().await;
    let readers = [Purpose::Diff, Purpose::Status];
    let world = with(&bed.empty, &bed.statements(&readers)).await;
    let run = world.run(Command::Up(&bed.first)).await;
    let end = format!("{:?}", run.end);
    // It does not even get the lock.
    assert!(end.contains("s3:PutObject"), "{end}");
}

#[tokio::test(start_paused = true)]
async fn without_any_one_statement_something_fails_and_names_what_is_missing() {
    let bed = Bed::new().await;
    let all = bed.statements(&Purpose::ALL);
    let (mut survivors, mut silent) = (BTreeMap::new(), Vec::new());
    for (at, missing) in all.iter().enumerate() {
        let mut left = all.clone();
        left.remove(at);
        let name = format!("{:?}", missing.scope);
        match bed.life(&left).await {
            Ok(_) => {
                survivors.insert(name, missing.actions.clone());
            }
            Err(failure) if names(&failure, &missing.actions) => {}
            Err(failure) => silent.push((name, failure)),
        }
    }
    assert!(silent.is_empty(), "failed without a name: {silent:#?}");
    let unmissed: BTreeSet<&str> = UNMISSED.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = survivors.keys().map(String::as_str).collect();
    assert_eq!(found, unmissed, "of {}: {survivors:#?}", all.len());
}

/// As above, action by action. Takes minutes.
#[tokio::test(start_paused = true)]
#[ignore = "takes minutes; run it when the tables change"]
async fn without_any_one_action_something_fails_and_names_it() {
    let bed = Bed::new().await;
    let all = bed.statements(&Purpose::ALL);
    let (mut killed, mut survivors, mut silent) = (0, Vec::new(), Vec::new());
    for (at, statement) in all.iter().enumerate() {
        for (index, action) in statement.actions.iter().enumerate() {
            let mut left = all.clone();
            left[at].actions.remove(index);
            if left[at].actions.is_empty() {
                left.remove(at);
            }
            match bed.life(&left).await {
                Ok(_) => survivors.push(format!("{:?} {action}", statement.scope)),
                Err(failure) if names(&failure, std::slice::from_ref(action)) => killed += 1,
                Err(failure) => silent.push(format!("{:?} {action}: {failure}", statement.scope)),
            }
        }
    }
    let told: Value = json!({ "killed": killed, "survivors": survivors, "silent": silent });
    println!("{told:#}");
    assert!(silent.is_empty(), "{silent:#?}");
}
