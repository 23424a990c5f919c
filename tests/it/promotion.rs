//! What is asked before a release is taken over, and what is said of its cost, by the shipped binary before an engine
//! that stands for AWS: nothing is really trained or served.

use std::fs;
use std::process::Command;

use crate::support::engine::StandIn;
use crate::support::project::{Project, Run, some_headlines, tiny_stack};

const ACCOUNT: &str = "111122223333";
/// Two environments in one account; a CI system may say who approved.
const ENVIRONMENTS: &str = "  staging:
    target: { account: \"111122223333\", region: eu-west-1 }
  prod:
    target: { account: \"111122223333\", region: eu-west-1 }
    promotes_from: staging
    promotion: { approvals: { ci: true } }
";
/// What GitHub sets in each run ("Default environment variables" of GitHub Actions).
const GITHUB: [(&str, &str); 5] = [
    ("CI", "true"),
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_SERVER_URL", "https://github.com"),
    ("GITHUB_REPOSITORY", "news/classifier"),
    ("GITHUB_RUN_ID", "42"),
];
const STACK: &str = "stacks/tiny/stack.yaml";

struct Scene {
    project: Project,
    aws: StandIn,
}

impl Scene {
    fn new() -> Self {
        let stack = tiny_stack("{ interpreter: /usr/bin/python3 }");
        let project = Project::new(&format!("{stack}{ENVIRONMENTS}"));
        project.write("stacks/tiny/headlines.csv", &some_headlines(20));
        let prices = "currency: USD\nregion: eu-west-1\nhosting: { ml.m5.large: 0.23 }\n";
        project.write("prices.yaml", prices);
        let aws = StandIn::start(&[]);
        Self { project, aws }
    }

    /// Runs a command outside of any CI system, or in one.
    fn deploy(&self, arguments: &[&str], ci: &[(&str, &str)]) -> Run {
        let change = |command: &mut Command| {
            for (name, _) in GITHUB {
                command.env_remove(name);
            }
            command.env_remove("CI_JOB_URL").envs(ci.iter().copied());
        };
        self.aws.deploy(&self.project, ACCOUNT, arguments, change)
    }

    fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.project.path().join(STACK)).unwrap();
        assert!(text.contains(from), "{from:?} is not in\n{text}");
        self.project.write(STACK, &text.replacen(from, to, 1));
    }
}

#[test]
fn a_release_is_approved_in_ci_pinned_carried_out_and_gone_back_from() {
    let scene = Scene::new();
    scene.deploy(&["up", "--env", "staging", "--yes"], &[]).ok();
    only_a_ci_system_says_who_approved(&scene);
    what_is_pinned_may_grow_too_old(&scene);
    carried_out(&scene);
    the_plans_tell_what_they_cost(&scene);
    scene.aws.end();
}

fn only_a_ci_system_says_who_approved(scene: &Scene) {
    let promote = ["promote", "staging", "prod", "--yes"];
    let approved = [&promote[..], &["--approved-by", "alice"]].concat();
    scene.deploy(&promote, &GITHUB).failed(
        5,
        &[
            "error[promotion-refused]",
            "one person must approve it, nobody has approved it",
            "`--approved-by NAME` says who gave it",
        ],
    );
    scene
        .deploy(&approved, &[])
        .failed(64, &["counts only in a CI system"]);
    let pin = [
        "promote",
        "staging",
        "prod",
        "--pin",
        "--approved-by",
        "alice",
    ];
    scene.deploy(&pin, &GITHUB).ok();
}

/// What is pinned is looked at again when it is carried out: by then it may be too old.
fn what_is_pinned_may_grow_too_old(scene: &Scene) {
    let young = "{ max_age: 0s, approvals: { ci: true } }";
    scene.edit("{ approvals: { ci: true } }", young);
    scene.deploy(&["up", "--env", "prod", "--yes"], &[]).failed(
        5,
        &[
            "error[promotion-refused]",
            "may not be taken over: age: at most 0s is asked",
            "nothing was changed",
        ],
    );
    scene.edit(young, "{ max_age: 14d, approvals: { ci: true } }");
}

/// The approval is in the file that was reviewed; the release keeps where it was given.
fn carried_out(scene: &Scene) {
    let up = ["up", "--env", "prod", "--yes", "--prices", "prices.yaml"];
    let run = scene.deploy(&up, &[]).ok();
    assert!(run.stderr.contains("for 1 more ml.m5.large"), "{run}");
    let shown = scene.deploy(&["show", "1", "--env", "prod"], &[]).ok();
    let by = "alice, by the word of https://github.com/news/classifier/actions/runs/42";
    assert!(shown.stdout.contains(by), "{shown}");
    fs::remove_file(scene.project.path().join("stacks/tiny/prod.lock.yaml")).unwrap();
}

/// A second instance costs more when it is promoted, and less when it is gone back.
fn the_plans_tell_what_they_cost(scene: &Scene) {
    scene.edit("  count: 1\n", "  count: 2\n");
    scene.deploy(&["up", "--env", "staging", "--yes"], &[]).ok();
    let prices = ["--yes", "--prices", "prices.yaml"];
    let promote = ["promote", "staging", "prod", "--approved-by", "alice"];
    let run = scene.deploy(&[&promote[..], &prices].concat(), &GITHUB);
    let run = run.ok();
    let more = "+$0.23/h (+$168/month) for 1 more ml.m5.large";
    assert!(run.stderr.contains(more), "{run}");
    let run = scene.deploy(&[&["rollback", "prod"][..], &prices].concat(), &[]);
    let run = run.ok();
    let fewer = "-$0.23/h (-$168/month) for 1 fewer ml.m5.large";
    assert!(run.stderr.contains(fewer), "{run}");
}
