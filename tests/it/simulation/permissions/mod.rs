//! The policy of `deploy permissions`, held by a role that the engine lets do nothing else: everything works with it,
//! and with any part of it missing something fails and says what is missing.

mod people;
mod promote;

use std::collections::{BTreeMap, BTreeSet};

use deploy::local::script::{Job, JobEnd, Rule, Script};
use deploy::permissions::{self, CALLS, Part, Purpose, Request, Statement};
use deploy::plan::Desired;
use deploy::reconcile::progress::Event;
use deploy::render::{self, Library};
use serde_json::json;

use self::people::{HOME, allow, make_roles, role};
use super::batch::Texts;
use super::command::{Command, End};
use super::world::{Project, Run, World};

/// The role that commands are run as.
const DEPLOYER: &str = "deployer";
/// The role that CloudFormation acts as.
const SERVICE: &str = "cloudformation";

/// Makes an account with two roles in it that may do nothing yet. Jobs write a log there.
async fn account() -> World {
    let job = Job {
        ends: JobEnd::Completed(vec!["eval_accuracy=0.9".to_owned()]),
        ..Job::default()
    };
    let world = World::new(&Script {
        jobs: vec![Rule::new(&[], job)],
        ..Script::default()
    });
    let service = json!({ "Service": "cloudformation.amazonaws.com" });
    let roles = [(SERVICE, service), (DEPLOYER, json!({ "AWS": HOME }))];
    make_roles(&world, HOME, &roles).await;
    world
}

/// Makes another account that is as this one, where the role may do this.
async fn with(world: &World, statements: &[Statement]) -> World {
    let world = world.copy().acting_as(&role(HOME, DEPLOYER));
    allow(&world, HOME, DEPLOYER, statements).await;
    world
}

/// What `deploy permissions` prints for an environment of the project.
fn printed(
    project: &Project,
    environment: &str,
    purposes: &[Purpose],
    part: Part<'_>,
) -> Vec<Statement> {
    let stack = project.stack(environment);
    let source = stack.promotion.as_ref();
    let source = source.map(|promotion| project.stack(promotion.from.as_str()));
    let rendered = render::render(&stack, &Library::builtin()).unwrap();
    let policy = permissions::policy(&Request {
        stack: &stack,
        rendered: &rendered,
        source: source.as_ref(),
        purposes,
        part,
    });
    assert_eq!(policy.unknown_types, Vec::<String>::new());
    policy.statements
}

/// Fails unless a run came to its end, and had all rights that it asked for.
fn passed(run: &Run) -> Result<(), String> {
    // What a run can do without it says, and goes on.
    let refused = run.events.iter().find_map(|event| match event {
        Event::Notice { text } if text.contains("is not authorized") => Some(text),
        _ => None,
    });
    match (refused, &run.end) {
        (Some(text), _) => Err(text.clone()),
        (None, Some(End::Done)) => Ok(()),
        (None, end) => Err(format!("{end:?}")),
    }
}

/// What an environment with everything in it needs.
struct Bed {
    project: Project,
    first: Desired,
    second: Desired,
    texts: Texts,
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
            texts: Texts::of(&project),
            empty: account().await,
            project,
        }
    }

    fn statements(&self, purposes: &[Purpose]) -> Vec<Statement> {
        self.part(purposes, Part::Whole)
    }

    fn part(&self, purposes: &[Purpose], part: Part<'_>) -> Vec<Statement> {
        printed(&self.project, "local", purposes, part)
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
            ("batch", Command::Batch(&self.texts)),
            ("plan", Command::Plan(&self.second)),
            ("drift", Command::Drift(deployment)),
            ("status", Command::Status(deployment)),
            ("up again", Command::Up(&self.second)),
            ("down", Command::Down(deployment)),
        ] {
            let run = world.run(command).await;
            passed(&run).map_err(|why| format!("{name}: {why}"))?;
            calls.extend(run.calls);
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
        (Purpose::Up, Command::Batch(&bed.texts)),
        (Purpose::Diff, Command::Plan(&bed.second)),
        (Purpose::Diff, Command::Drift(deployment)),
        (Purpose::Status, Command::Status(deployment)),
        (Purpose::Up, Command::Up(&bed.second)),
        (Purpose::Down, Command::Down(deployment)),
    ] {
        world = with(&world, &bed.statements(&[purpose])).await;
        let run = world.run(command).await;
        assert_eq!(passed(&run), Ok(()), "{}", purpose.word());
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_role_does_what_people_may_not() {
    let bed = Bed::new().await;
    let purposes = [Purpose::Up, Purpose::Diff, Purpose::Status, Purpose::Down];
    let service = role(HOME, SERVICE);
    let people = bed.part(&purposes, Part::Caller(&service));
    let own = bed.part(&[Purpose::Up, Purpose::Down], Part::ServiceRole);
    let world = with(&bed.empty, &people).await;
    // Without the role they get nowhere, and neither does a role that may do nothing.
    let alone = world.copy().acting_as(&role(HOME, DEPLOYER));
    let failure = bed.life_in(&alone).await.unwrap_err();
    assert!(
        failure.contains("deployer/simulated is not authorized to perform: "),
        "{failure}"
    );
    let world = world.with_service_role(&service);
    let idle = world.copy().acting_as(&role(HOME, DEPLOYER));
    let failure = bed.life_in(&idle.with_service_role(&service)).await;
    let failure = failure.unwrap_err();
    assert!(
        failure.contains("cloudformation/AWSCloudFormation is not authorized"),
        "{failure}"
    );
    allow(&world, HOME, SERVICE, &own).await;
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
    assert!(
        survivors.is_empty(),
        "of {} nothing misses {survivors:#?}",
        all.len()
    );
}

/// Actions that nothing misses: settings of buckets that the engine's handlers do not read, tags that are never
/// taken away, recovery that is not needed here, quotas, log delivery. There may be fewer, never more.
const UNMISSED_ACTIONS: usize = 55;

/// As above, action by action; the longest test.
#[tokio::test(start_paused = true)]
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
    assert!(silent.is_empty(), "{silent:#?}");
    assert!(
        survivors.len() <= UNMISSED_ACTIONS,
        "beside {killed} that are missed, nothing misses {survivors:#?}"
    );
}
