//! Two runs at once on one machine, both alive: whatever the one has done when the other begins, one of
//! them works at a time, and nothing is a mixture of the two.

use std::collections::BTreeMap;

use deploy::local::script::Script;
use tokio::time::Instant;

use super::command::{Command, End};
use super::state::{difference, lock_holder, state};
use super::trial::up;
use super::world::{Machine, Project, Run, World};

/// Two commands that meet.
pub(super) struct Rivals<'a> {
    pub(super) name: &'static str,
    pub(super) before: World,
    pub(super) first: Command<'a>,
    pub(super) second: Command<'a>,
    /// The first removes the bucket with the lock in it.
    pub(super) removes: bool,
}

/// A command that has ended, and when.
pub(super) struct Ended {
    pub(super) run: Run,
    pub(super) at: Instant,
}

impl Rivals<'_> {
    /// What there is after commands that were run one after the other.
    async fn after(&self, commands: &[Command<'_>]) -> (Vec<String>, usize) {
        let world = self.before.copy();
        let mut calls = 0;
        for command in commands {
            let run = world.run(*command).await;
            run.end.unwrap().done();
            calls = run.calls.len();
        }
        let after = state(&world).await;
        world.close().await;
        (after, calls)
    }

    /// Lets the second command begin after every call of the first.
    #[expect(clippy::print_stdout, reason = "how much was tried is worth knowing")]
    async fn meet(&self) {
        let (first, calls) = self.after(&[self.first]).await;
        let (second, _) = self.after(&[self.second]).await;
        let (both, _) = self.after(&[self.first, self.second]).await;
        let (reverse, _) = self.after(&[self.second, self.first]).await;
        let mut wrong = Vec::new();
        let mut ends: BTreeMap<String, usize> = BTreeMap::new();
        for call in 0..calls {
            let world = self.before.copy();
            let [one, other] = self.race(&world, call).await;
            let after = state(&world).await;
            let holder = lock_holder(&world).await;
            world.close().await;
            let how = (
                one.run.end.as_ref().unwrap(),
                other.run.end.as_ref().unwrap(),
            );
            let should = match how {
                (End::Done, End::Done) if one.at <= other.at => Some(&both),
                (End::Done, End::Done) => Some(&reverse),
                (End::Done, End::Locked(_) | End::Held(_)) => Some(&first),
                // It took the lock in the moment in which `down` had to give it up to remove the bucket.
                (End::Done, End::Failed(_)) if self.removes => Some(&first),
                (End::Locked(_) | End::Held(_), End::Done) => Some(&second),
                _ => None,
            };
            let differs = should.map_or_else(String::new, |should| difference(should, &after));
            if should.is_none() || !differs.is_empty() || holder.is_some() {
                wrong.push(format!(
                    "after call {call}: {how:?}, lock {holder:?}\n{differs}  first: {}\n  second: {}",
                    one.run.calls.join(" "),
                    other.run.calls.join(" ")
                ));
            }
            *ends
                .entry(format!("{}/{}", word(how.0), word(how.1)))
                .or_default() += 1;
        }
        println!(
            "{}: {calls} meetings, {} wrong, {ends:?}",
            self.name,
            wrong.len()
        );
        assert!(
            wrong.is_empty(),
            "{} wrong:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    }

    /// Lets the second command begin after so many calls of the first.
    pub(super) async fn race(&self, world: &World, call: usize) -> [Ended; 2] {
        let wire = world.wire(Vec::new());
        let first = async {
            let run = world
                .run_over(wire.clone(), Machine::Same, self.first)
                .await;
            let at = Instant::now();
            Ended { run, at }
        };
        let second = async {
            wire.reached(call).await;
            let run = world.run(self.second).await;
            let at = Instant::now();
            Ended { run, at }
        };
        let (first, second) = tokio::join!(first, second);
        [first, second]
    }
}

fn word(end: &End) -> &'static str {
    match end {
        End::Done | End::DoneBut(_) => "done",
        End::RolledBack(_) => "rolled back",
        End::Locked(_) => "locked",
        End::Held(_) => "held",
        End::Failed(_) => "failed",
    }
}

#[tokio::test(start_paused = true)]
async fn two_that_bring_up_the_same_from_nothing() {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let rivals = Rivals {
        name: "up against the same up from nothing",
        before: World::new(&Script::default()),
        first: Command::Up(&desired),
        second: Command::Up(&desired),
        removes: false,
    };
    rivals.meet().await;
}

#[tokio::test(start_paused = true)]
async fn two_that_want_different_things() {
    let project = Project::new();
    let (old, one) = (project.desired("1e-3"), project.desired("2e-3"));
    let other = project.desired("3e-3");
    let rivals = Rivals {
        name: "up against another up",
        before: up(&old, &Script::default()).await,
        first: Command::Up(&one),
        second: Command::Up(&other),
        removes: false,
    };
    rivals.meet().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_brings_up_and_one_that_removes() {
    let project = Project::new();
    let (old, new) = (project.desired("1e-3"), project.desired("2e-3"));
    let rivals = Rivals {
        name: "up against down",
        before: up(&old, &Script::default()).await,
        first: Command::Up(&new),
        second: Command::Down(&old.deployment),
        removes: false,
    };
    rivals.meet().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_removes_and_one_that_brings_up() {
    let project = Project::new();
    let (old, new) = (project.desired("1e-3"), project.desired("2e-3"));
    let rivals = Rivals {
        name: "down against up",
        before: up(&old, &Script::default()).await,
        first: Command::Down(&old.deployment),
        second: Command::Up(&new),
        removes: true,
    };
    rivals.meet().await;
}

#[tokio::test(start_paused = true)]
async fn two_that_promote_different_things() {
    let project = Project::new();
    let first = project.desired("1e-3");
    let before = up(&first, &Script::default()).await;
    for rate in ["2e-3", "3e-3"] {
        let desired = project.desired(rate);
        before.run(Command::Up(&desired)).await.end.unwrap().done();
    }
    let releases = before.releases(&first.deployment).await;
    let [third, second, first] = &releases[..] else {
        panic!("{releases:?}")
    };
    let serves = project.promoted(first);
    before.run(Command::Up(&serves)).await.end.unwrap().done();
    let (one, other) = (project.promoted(second), project.promoted(third));
    let rivals = Rivals {
        name: "promotion against another promotion",
        before,
        first: Command::Up(&one),
        second: Command::Up(&other),
        removes: false,
    };
    rivals.meet().await;
}
