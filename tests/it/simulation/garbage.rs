//! What nothing refers to any more is removed, and nothing else.

use deploy::local::script::Script;

use super::command::Command;
use super::state::{difference, state};
use super::world::{Project, World};

fn of_model<'a>(lines: &'a [String], key: &str) -> Vec<&'a String> {
    lines
        .iter()
        .filter(|line| line.contains(&key[..16]))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn old_models_go_and_what_serves_goes_on_as_if_nothing_were() {
    let project = Project::new();
    let world = World::new(&Script::default());
    let rates = ["1e-3", "2e-3", "3e-3"];
    let models = rates.map(|rate| project.desired(rate));
    for model in &models {
        world.run(Command::Up(model)).await.end.unwrap().done();
    }
    let [first, second, third] = &models;
    let before = state(&world).await;
    assert!(of_model(&before, first.training_key.as_str()).len() >= 3);

    // All three are among the newest five.
    world.run(Command::Gc(third, 5)).await.end.unwrap().done();
    assert_eq!(difference(&before, &state(&world).await), "");

    // The working tree has gone back to the second model, and the third serves.
    world.run(Command::Gc(second, 0)).await.end.unwrap().done();
    let after = state(&world).await;
    assert_eq!(
        of_model(&after, first.training_key.as_str()),
        Vec::<&String>::new()
    );
    for model in [second, third] {
        let key = model.training_key.as_str();
        assert_eq!(of_model(&after, key), of_model(&before, key));
    }
    let run = world.run(Command::Up(third)).await;
    run.end.unwrap().done();
    let looks = run.calls.iter().filter(|call| !call.starts_with("http."));
    assert!(looks.count() <= 3, "{:?}", run.calls);

    // A model that is gone is trained anew, one that stayed is not.
    let run = world.run(Command::Up(second)).await;
    run.end.unwrap().done();
    let trains = |calls: &[String]| calls.iter().any(|call| call.contains("CreateTrainingJob"));
    assert!(!trains(&run.calls));
    let run = world.run(Command::Up(first)).await;
    run.end.unwrap().done();
    assert!(trains(&run.calls));
    world.close().await;
}
