//! Many environments at once, against a service that answers only so often.

use std::sync::Arc;
use std::time::Duration;

use deploy::local::script::{Deployment, Job, Rule, Script};
use deploy::plan::Desired;
use futures::future::join_all;

use super::command::Command;
use super::limit::Limit;
use super::world::{Machine, Project, World};

const ENVIRONMENTS: usize = 50;
/// Looks that CloudFormation answers in a second.
const PER_SECOND: u32 = 5;

#[tokio::test(start_paused = true)]
async fn fifty_environments_come_up_though_the_account_is_throttled() {
    let names: Vec<String> = (0..ENVIRONMENTS)
        .map(|number| format!("tiny{number}"))
        .collect();
    let projects: Vec<Project> = names.iter().map(|name| Project::named(name)).collect();
    let all: Vec<Desired> = projects
        .iter()
        .map(|project| project.desired("1e-3"))
        .collect();
    let job = Job {
        takes: Duration::from_mins(3),
        ..Job::default()
    };
    let deployment = Deployment {
        takes: Duration::from_mins(5),
        ..Deployment::default()
    };
    let world = World::new(&Script {
        jobs: vec![Rule::new(&[], job)],
        deployments: vec![Rule::new(&[], deployment)],
        ..Script::default()
    });
    let looks = &[
        "cloudformation.DescribeStacks",
        "cloudformation.DescribeStackEvents",
    ];
    let limit = Arc::new(Limit::new(looks, PER_SECOND));
    let runs = all.iter().map(|desired| {
        let wire = world.limited_wire(&limit);
        world.run_over(wire, Machine::Same, Command::Up(desired))
    });
    let ends: Vec<_> = join_all(runs)
        .await
        .into_iter()
        .map(|run| run.end.unwrap())
        .collect();
    world.close().await;

    let calls = limit.calls();
    let first = usize::try_from(limit.first_throttled().unwrap()).unwrap();
    let after = &calls[first + 1..];
    let minute = |calls: &[usize]| calls.iter().sum::<usize>();
    let minutes: Vec<usize> = after.chunks(60).map(minute).collect();
    println!(
        "{ENVIRONMENTS} environments: looks in each minute after the first throttle: {minutes:?}"
    );
    for end in &ends {
        end.done();
    }
    // Short of asking whether there is room, nobody can stay below a limit that is never told; but all
    // together have to stay near it, and below it on the whole.
    let limit = usize::try_from(PER_SECOND * 60).unwrap();
    let most = minutes.iter().max().unwrap();
    assert!(*most <= 2 * limit, "{minutes:?}");
    assert!(minute(&minutes) <= limit * minutes.len(), "{minutes:?}");
}
