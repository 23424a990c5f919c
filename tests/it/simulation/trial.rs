//! A command in a situation, to be disturbed again and again.

use std::fmt::Write as _;
use std::time::Duration;

use deploy::local::script::{Deployment as Rollout, DeploymentEnd, Rule, Script};
use deploy::plan::Desired;
use deploy::reconcile::{DownOptions, UpOptions};

use super::command::{Command, End};
use super::fault::Trouble;
use super::state::{difference, lock_holder, state};
use super::world::{Machine, Project, World};

/// A command in a situation, and what it comes to when nothing disturbs it.
pub(super) struct Trial {
    pub(super) name: &'static str,
    /// API calls of the undisturbed command.
    pub(super) calls: Vec<String>,
    before: World,
    desired: Desired,
    task: Task,
    end: End,
    after: Vec<String>,
    // The environment is made from its files.
    _project: Project,
}

/// What a command is to do with the environment.
#[derive(Clone, Copy)]
pub(super) enum Task {
    Up(UpOptions),
    Down(DownOptions),
    Unlock,
    Gc(usize),
}

/// What a trial is made from.
pub(super) struct Situation {
    pub(super) name: &'static str,
    pub(super) project: Project,
    pub(super) before: World,
    pub(super) desired: Desired,
    pub(super) task: Task,
}

impl Trial {
    /// Brings an environment up in an empty account.
    pub(super) async fn up_from_nothing() -> Self {
        let project = Project::new();
        let situation = Situation {
            name: "up from nothing",
            desired: project.desired("1e-3"),
            before: World::new(&Script::default()),
            project,
            task: Task::Up(UpOptions::default()),
        };
        Self::of(situation).await
    }

    /// Brings an environment up that is up with another model.
    pub(super) async fn up_with_another_model() -> Self {
        let project = Project::new();
        let situation = Situation {
            name: "up with another model",
            desired: project.desired("2e-3"),
            before: up(&project.desired("1e-3"), &Script::default()).await,
            project,
            task: Task::Up(UpOptions::default()),
        };
        Self::of(situation).await
    }

    /// Brings an environment up that is up with another model, and goes back to it, as the endpoint
    /// does not become healthy.
    pub(super) async fn up_that_is_rolled_back() -> Self {
        let project = Project::new();
        let desired = project.desired("2e-3");
        let rollout = Rollout {
            takes: Duration::from_secs(1),
            ends: DeploymentEnd::Unhealthy,
        };
        let script = Script {
            deployments: vec![Rule::new(&[&desired.job_name(1)], rollout)],
            ..Script::default()
        };
        let situation = Situation {
            name: "up that is rolled back",
            before: up(&project.desired("1e-3"), &script).await,
            desired,
            project,
            task: Task::Up(UpOptions::default()),
        };
        let trial = Self::of(situation).await;
        assert!(matches!(trial.end, End::RolledBack(_)), "{:?}", trial.end);
        trial
    }

    /// Removes an environment.
    pub(super) async fn down() -> Self {
        let project = Project::new();
        let desired = project.desired("1e-3");
        let situation = Situation {
            name: "down",
            before: up(&desired, &Script::default()).await,
            desired,
            project,
            task: Task::Down(DownOptions::default()),
        };
        Self::of(situation).await
    }

    /// Runs the command undisturbed.
    pub(super) async fn of(situation: Situation) -> Self {
        let mut trial = Self {
            name: situation.name,
            calls: Vec::new(),
            before: situation.before,
            desired: situation.desired,
            task: situation.task,
            end: End::Done,
            after: Vec::new(),
            _project: situation.project,
        };
        let world = trial.before.copy();
        let run = world.run(trial.command()).await;
        trial.after = state(&world).await;
        world.close().await;
        trial.calls = run.calls;
        trial.end = run.end.unwrap();
        assert!(
            matches!(trial.end, End::Done | End::RolledBack(_)),
            "{:?}",
            trial.end
        );
        trial
    }

    fn command(&self) -> Command<'_> {
        match self.task {
            Task::Up(options) => Command::UpWith(&self.desired, options),
            Task::Down(options) => Command::DownWith(&self.desired.deployment, options),
            Task::Gc(keep) => Command::Gc(&self.desired, keep),
            Task::Unlock => Command::Unlock(&self.desired.deployment),
        }
    }

    /// Runs the command with trouble, and once more without when it may need that. Says what is wrong
    /// then, if anything is.
    pub(super) async fn disturb(&self, troubles: &[Trouble], again: Again) -> Result<(), String> {
        let world = self.before.copy();
        let first = world.run_with(self.command(), troubles.to_vec()).await;
        let last = match again {
            Again::Always => world.run(self.command()).await,
            Again::Elsewhere => {
                // The lease of the run that died has to be over.
                tokio::time::sleep(LONGEST_LEASE).await;
                let command = self.command();
                world.run_on(Machine::Other, command, Vec::new()).await
            }
            Again::Never => first,
        };
        let after = state(&world).await;
        let holder = lock_holder(&world).await;
        world.close().await;
        let mut wrong = String::new();
        // What a run that died has left is free for everybody; one that ends leaves nothing.
        if holder.as_ref() == Some(&last.id) {
            wrong += "  the lock is left\n";
        }
        if last.end.as_ref().map(kind) != Some(kind(&self.end)) {
            writeln!(wrong, "  ended as {:?}, not {:?}", last.end, self.end).unwrap();
        }
        wrong += &difference(&self.after, &after);
        if wrong.is_empty() {
            return Ok(());
        }
        let told: Vec<String> = last
            .events
            .iter()
            .map(|event| format!("{event:?}"))
            .collect();
        let calls = last.calls.join(" ");
        Err(format!(
            "{}, {troubles:?}:\n{wrong}  calls: {calls}\n  events: {}",
            self.name,
            told.join("\n    ")
        ))
    }

    /// The name of a call of the undisturbed command, from 1.
    pub(super) fn call(&self, number: usize) -> &str {
        &self.calls[number - 1]
    }
}

/// Whether a command is run a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// It is, at once and on the same machine, as its process died or it may have failed.
    Always,
    /// It is, on another machine, where nobody knows that the process died.
    Elsewhere,
    /// It has to cope by itself.
    Never,
}

/// A lease is never longer (`reconcile::lock`).
const LONGEST_LEASE: Duration = Duration::from_mins(10);

/// Words tell more than has to be the same.
fn kind(end: &End) -> std::mem::Discriminant<End> {
    std::mem::discriminant(end)
}

/// An account in which the environment is up.
pub(super) async fn up(desired: &Desired, script: &Script) -> World {
    let world = World::new(script);
    world.run(Command::Up(desired)).await.end.unwrap().done();
    world
}
