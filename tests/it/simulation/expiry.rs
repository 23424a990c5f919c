//! Environments that end by themselves: what `deploy down --expired` removes, and what it leaves alone.

use std::time::Duration;

use deploy::local::script::Script;
use deploy::plan::Deployment;
use deploy::reconcile::{DownOptions, Due};
use deploy::stack::Timespan;
use jiff::SignedDuration;

use super::command::{Command, End};
use super::rivals::{Ended, Rivals};
use super::state::{difference, lock_holder, state};
use super::trial::up;
use super::world::{Project, World};

const TTL: Duration = Duration::from_hours(8);
/// Longer than a life, the grace after it, and what bringing the environment up took.
const LONG: Duration = Duration::from_hours(30);

fn expired(deployment: &Deployment) -> Command<'_> {
    let options = DownOptions {
        due: Due::Expired(Timespan::from_seconds(TTL.as_secs())),
        ..DownOptions::default()
    };
    Command::DownWith(deployment, options)
}

async fn end(world: &World, command: Command<'_>) -> (End, Vec<String>) {
    let run = world.run(command).await;
    (run.end.unwrap(), run.calls)
}

fn not_over() -> End {
    End::Held("not over yet".to_owned())
}

#[tokio::test(start_paused = true)]
async fn an_environment_goes_when_its_time_has_passed_and_not_before() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let world = up(&desired, &Script::default()).await;
    let world = world.with_clocks(SignedDuration::ZERO);
    let before = state(&world).await;
    let (ended, calls) = end(&world, expired(&desired.deployment)).await;
    assert_eq!(ended, not_over());
    assert_eq!(calls, ["cloudformation.DescribeStacks"; 2]);
    assert_eq!(state(&world).await, before);

    tokio::time::advance(Duration::from_hours(7)).await;
    let (ended, _) = end(&world, expired(&desired.deployment)).await;
    assert_eq!(ended, not_over());

    tokio::time::advance(Duration::from_hours(2)).await;
    let gone = world.copy();
    gone.run(Command::Down(&desired.deployment)).await;
    end(&world, expired(&desired.deployment)).await.0.done();
    assert_eq!(difference(&state(&gone).await, &state(&world).await), "");
    // Again, as a schedule does.
    end(&world, expired(&desired.deployment)).await.0.done();
    gone.close().await;
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_change_renews_and_a_run_that_changes_nothing_does_not() {
    let project = Project::new();
    let (old, new) = (project.desired("1e-3"), project.desired("2e-3"));
    let world = up(&old, &Script::default()).await;
    let world = world.with_clocks(SignedDuration::ZERO);
    tokio::time::advance(LONG).await;
    let (ended, calls) = end(&world, Command::Up(&old)).await;
    ended.done();
    let asked = calls.iter().filter(|call| !call.starts_with("http."));
    assert!(asked.count() <= 3, "{calls:?}");
    let unchanged = world
        .copy()
        .with_clocks(SignedDuration::try_from(LONG * 2).unwrap());
    end(&unchanged, expired(&old.deployment)).await.0.done();
    unchanged.close().await;

    end(&world, Command::Up(&new)).await.0.done();
    assert_eq!(end(&world, expired(&new.deployment)).await.0, not_over());
    world.close().await;
}

/// What may come of a deployment that meets a removal: never a deployment that was told to have succeeded
/// and is not there.
async fn meet(rivals: &Rivals<'_>, deployment: usize, calls: usize, serving: &[Vec<String>]) {
    let gone = {
        let world = old_world(&rivals.before).await;
        world
            .run(rivals.removal(deployment))
            .await
            .end
            .unwrap()
            .done();
        state(&world).await
    };
    let mut wrong = Vec::new();
    for call in 0..calls {
        let world = old_world(&rivals.before).await;
        let both = rivals.race(&world, call).await;
        let [up, down] = in_order(&both, deployment).map(|ended| ended.run.end.clone().unwrap());
        let after = state(&world).await;
        let serves = serving
            .iter()
            .any(|should| difference(should, &after).is_empty());
        let holder = lock_holder(&world).await;
        world.close().await;
        let right = match (&up, &down) {
            (End::Done, _) => serves,
            (End::Locked(_) | End::Held(_), End::Done) => difference(&gone, &after).is_empty(),
            // It took the lock in the moment in which the removal had to give it up.
            (End::Failed(_), End::Done) if rivals.removes => difference(&gone, &after).is_empty(),
            _ => false,
        };
        if !right || holder.is_some() {
            wrong.push(format!(
                "after call {call}: {up:?} against {down:?}, lock {holder:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}: {}", rivals.name, wrong.join("\n"));
}

fn in_order(both: &[Ended; 2], deployment: usize) -> [&Ended; 2] {
    [&both[deployment], &both[1 - deployment]]
}

/// Another world like this one, a long time later.
async fn old_world(world: &World) -> World {
    let world = world.copy().with_clocks(SignedDuration::ZERO);
    tokio::time::advance(LONG).await;
    world
}

impl<'a> Rivals<'a> {
    fn removal(&self, deployment: usize) -> Command<'a> {
        [self.second, self.first][deployment]
    }
}

/// How things are after these commands, and how many calls the last one made.
async fn after(world: &World, commands: &[Command<'_>]) -> (Vec<String>, usize) {
    let world = old_world(world).await;
    let mut calls = 0;
    for command in commands {
        let (ended, made) = end(&world, *command).await;
        ended.done();
        calls = made.len();
    }
    let after = state(&world).await;
    world.close().await;
    (after, calls)
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_meets_a_removal_is_not_undone() {
    let project = Project::new();
    let (old, new) = (project.desired("1e-3"), project.desired("2e-3"));
    let before = up(&old, &Script::default()).await;
    let (renew, remove) = (Command::Up(&new), expired(&old.deployment));
    let (renewed, calls) = after(&before, &[renew]).await;
    let (anew, _) = after(&before, &[remove, renew]).await;
    let rivals = Rivals {
        name: "up against down --expired",
        before,
        first: renew,
        second: remove,
        removes: false,
    };
    meet(&rivals, 0, calls, &[renewed, anew]).await;
}

#[tokio::test(start_paused = true)]
async fn a_removal_that_meets_a_renewal_removes_all_or_nothing() {
    let project = Project::new();
    let (old, new) = (project.desired("1e-3"), project.desired("2e-3"));
    let before = up(&old, &Script::default()).await;
    let (renew, remove) = (Command::Up(&new), expired(&old.deployment));
    let (renewed, _) = after(&before, &[renew]).await;
    let (anew, _) = after(&before, &[remove, renew]).await;
    let (_, calls) = after(&before, &[remove]).await;
    let rivals = Rivals {
        name: "down --expired against up",
        before,
        first: remove,
        second: renew,
        removes: true,
    };
    meet(&rivals, 1, calls, &[renewed, anew]).await;
}
