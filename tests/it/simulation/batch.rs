//! Batches against the engine under paused time: begun once whatever happens, followed without the lock,
//! stopped by `down`.

use std::fs;
use std::time::Duration;

use deploy::batch::{InputFile, Options, Prepared, Shape, WrongLines, prepare};
use deploy::local::script::{Rule, Script, Transform};
use deploy::plan::Desired;
use deploy::plan::batch::Batch;
use deploy::reconcile::Results;
use tempfile::TempDir;

use super::command::{Command, End};
use super::fault::{Fault, Trouble};
use super::state::lock_holder;
use super::trial::up;
use super::world::{Project, Run, World};

/// Three texts, what they are classified by, and where the results go.
pub(super) struct Texts {
    folder: TempDir,
    pub(super) prepared: Prepared,
    pub(super) batch: Batch,
}

impl Texts {
    /// The texts, with what they are classified by in an environment of the project.
    pub(super) fn of(project: &Project) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("titles.txt");
        fs::write(&path, "Fed holds rates\n\nNew phone\nSinger cancels\n").unwrap();
        let file = InputFile {
            name: "titles.txt".into(),
            path,
        };
        let options = Options {
            column: None,
            wrong_lines: WrongLines::Refuse,
            instances: 1,
        };
        let prepared = prepare(&[file], &options, folder.path()).unwrap();
        Self {
            batch: project.batch(prepared.digest.clone()),
            prepared,
            folder,
        }
    }

    pub(super) fn results(&self) -> Results {
        let work = self.folder.path().join("work");
        fs::create_dir_all(&work).unwrap();
        Results {
            target: self.folder.path().join("results.csv"),
            shape: Shape::Csv,
            work,
        }
    }

    /// What was joined last, which is then forgotten.
    fn joined(&self) -> String {
        let path = self.results().target;
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(path).unwrap();
        text
    }
}

const JOINED: &str = "file,line,id,text,predicted_label,probability,error
titles.txt,1,,Fed holds rates,Business,0.7,
titles.txt,3,,New phone,Business,0.7,
titles.txt,4,,Singer cancels,Business,0.7,
";

fn slow(takes: Duration) -> Script {
    let transform = Transform { takes, fails: None };
    Script {
        transforms: vec![Rule::new(&[], transform)],
        ..Script::default()
    }
}

async fn deployed(script: &Script) -> (Project, Desired, World) {
    let project = Project::new();
    let desired = project.desired("1e-3");
    let world = up(&desired, script).await;
    (project, desired, world)
}

fn begun(run: &Run) -> usize {
    let begins = |call: &&String| call.ends_with("CreateTransformJob");
    run.calls.iter().filter(begins).count()
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_begun_once_and_joined_as_often_as_it_is_asked_for() {
    let (project, desired, world) = deployed(&slow(Duration::from_hours(2))).await;
    let texts = Texts::of(&project);
    let run = world.run(Command::Batch(&texts)).await;
    run.end.as_ref().unwrap().done();
    assert_eq!((begun(&run), texts.joined().as_str()), (1, JOINED));
    let again = world.run(Command::Batch(&texts)).await;
    again.end.as_ref().unwrap().done();
    assert_eq!((begun(&again), texts.joined().as_str()), (0, JOINED));
    let changes = |call: &&String| {
        ["Put", "Create", "Delete"]
            .iter()
            .any(|verb| call.contains(&format!(".{verb}")))
    };
    assert_eq!(again.calls.iter().find(changes), None);

    // Another model is another answer.
    let other = project.desired("2e-3");
    world.run(Command::Up(&other)).await.end.unwrap().done();
    let run = world.run(Command::Batch(&texts)).await;
    run.end.as_ref().unwrap().done();
    assert_eq!(begun(&run), 1);
    world
        .run(Command::Down(&desired.deployment))
        .await
        .end
        .unwrap()
        .done();
    let end = world.run(Command::Batch(&texts)).await.end.unwrap();
    assert!(
        matches!(&end, End::Failed(why) if why.contains("does not serve")),
        "{end:?}"
    );
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_broken_off_at_any_call_is_taken_up() {
    let (project, _, world) = deployed(&slow(Duration::from_secs(3))).await;
    let texts = Texts::of(&project);
    let calls = {
        let copy = world.copy();
        let run = copy.run(Command::Batch(&texts)).await;
        run.end.as_ref().unwrap().done();
        copy.close().await;
        run.calls.len()
    };
    for call in 1..=calls {
        for (fault, dies) in [
            (Fault::DiesAfter, false),
            (Fault::RequestLost, true),
            (Fault::ResponseLost, true),
        ] {
            let copy = world.copy();
            let mut troubles = vec![Trouble::at(call, fault)];
            if dies {
                troubles.push(Trouble::from(call + 1, Fault::DiesBefore));
            }
            copy.run_with(Command::Batch(&texts), troubles).await;
            let again = copy.run(Command::Batch(&texts)).await;
            assert_eq!(
                again.end,
                Some(End::Done),
                "call {call} {fault:?}: {:?}",
                again.calls
            );
            assert_eq!(texts.joined(), JOINED, "call {call} {fault:?}");
            assert_eq!(batch_jobs(&copy).len(), 1, "call {call} {fault:?}");
            // What the run that died has left of the lock is free for everybody.
            assert_ne!(
                lock_holder(&copy).await,
                Some(again.id),
                "call {call} {fault:?}"
            );
            copy.close().await;
        }
    }
}

/// Names and statuses of all batch jobs.
fn batch_jobs(world: &World) -> Vec<String> {
    world.save();
    let text = fs::read(world.path().join("state/sagemaker.json")).unwrap();
    let state: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let jobs = state["transforms"].as_object().unwrap().values();
    jobs.map(|job| format!("{} {}", job["record"]["name"], job["status"]))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn while_a_batch_runs_others_deploy_and_down_stops_it() {
    let (project, desired, world) = deployed(&slow(Duration::from_hours(48))).await;
    let texts = Texts::of(&project);
    let batch = world.run(Command::Batch(&texts));
    let others = async {
        tokio::time::sleep(Duration::from_hours(1)).await;
        // The lock is free.
        world
            .run(Command::Up(&project.desired("2e-3")))
            .await
            .end
            .unwrap()
            .done();
        let down = world.run(Command::Down(&desired.deployment)).await;
        down.end.as_ref().unwrap().done();
        down
    };
    let (batch, down) = tokio::join!(batch, others);
    assert!(
        matches!(&batch.end, Some(End::Failed(why)) if why.contains("was stopped")),
        "{:?}",
        batch.end
    );
    assert!(
        down.calls
            .iter()
            .any(|call| call.ends_with("StopTransformJob"))
    );
    assert!(batch_jobs(&world)[0].ends_with("\"Stopped\""));
    // The record stays, and is nothing to remove.
    let again = world.run(Command::Down(&desired.deployment)).await;
    again.end.as_ref().unwrap().done();
    assert!(
        !again
            .calls
            .iter()
            .any(|call| call.ends_with("StopTransformJob"))
    );
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_failed_is_made_again_under_another_name() {
    let fails = Transform {
        takes: Duration::from_mins(10),
        fails: Some("ClientError: See job logs for more information".into()),
    };
    let script = Script {
        transforms: vec![Rule::new(&[], fails).times(1)],
        ..Script::default()
    };
    let (project, _, world) = deployed(&script).await;
    let texts = Texts::of(&project);
    let end = world.run(Command::Batch(&texts)).await.end.unwrap();
    assert!(
        matches!(&end, End::Failed(why) if why.contains("ClientError")),
        "{end:?}"
    );
    world.run(Command::Batch(&texts)).await.end.unwrap().done();
    assert_eq!(texts.joined(), JOINED);
    let jobs = batch_jobs(&world);
    assert_eq!(jobs.len(), 2);
    assert!(jobs[1].contains("-r2\""), "{jobs:?}");
    world.close().await;
}
