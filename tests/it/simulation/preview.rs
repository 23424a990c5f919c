//! To look is not to touch: plans leave no trace, whatever there is.

use deploy::local::script::Script;

use super::command::Command;
use super::state::{difference, state};
use super::world::{Project, World};

/// The calls that look.
const LOOKS: [&str; 4] = ["Get", "Describe", "List", "Head"];

#[tokio::test(start_paused = true)]
async fn a_plan_of_what_is_not_there_of_what_is_and_of_what_changes_touches_nothing() {
    let project = Project::new();
    let (old, new) = (project.desired("1e-3"), project.desired("2e-3"));
    let world = World::new(&Script::default());
    for (up, plan) in [(None, &old), (Some(&old), &old), (None, &new)] {
        if let Some(up) = up {
            world.run(Command::Up(up)).await.end.unwrap().done();
        }
        let before = state(&world).await;
        let run = world.run(Command::Plan(plan)).await;
        run.end.unwrap().done();
        for call in &run.calls {
            let operation = call.split('.').nth(1).unwrap();
            assert!(
                LOOKS.iter().any(|look| operation.starts_with(look)),
                "{call}"
            );
        }
        assert_eq!(difference(&before, &state(&world).await), "");
    }
    world.close().await;
}
