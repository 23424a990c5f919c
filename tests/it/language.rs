//! `deploy schema` and `deploy validate` as they are shipped.

use std::fs;

use crate::support::project::Project;
use crate::support::repository;

#[test]
fn schema_prints_the_shipped_schema() {
    let project = Project::new("stack: x\n");
    let run = project.deploy(&["schema"]).ok();
    let shipped = fs::read_to_string(repository().join("stacks/schema.json")).unwrap();
    assert_eq!(run.stdout, shipped);
}

#[test]
fn validate_lists_every_mistake_of_every_environment_as_data() {
    let project = Project::new(
        "stack: tiny\nlogs: { retention: 31d }\nenvironments:\n  a: { target: locl }\n  b: { targt: local }\n",
    );
    let run = project
        .deploy(&["validate", "--output", "json"])
        .failed(64, &["did you mean `target`?", "problems"]);
    // A program reads stderr line by line.
    run.events();
    let data = run.json();
    let problems = data["error"]["problems"].as_array().unwrap();
    let places: Vec<(u64, u64)> = problems
        .iter()
        .map(|problem| {
            (
                problem["line"].as_u64().unwrap(),
                problem["column"].as_u64().unwrap(),
            )
        })
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    for (line, column, message) in [
        (2, 20, "cannot be kept for `31d`"),
        (4, 16, "`target` must be `local`"),
        (5, 8, "unknown field `targt`"),
        (5, 3, "the stack lacks `target`"),
    ] {
        let found = problems.iter().any(|problem| {
            problem["line"] == line
                && problem["column"] == column
                && problem["message"].as_str().unwrap().contains(message)
                && problem["path"].as_str().unwrap().ends_with("stack.yaml")
        });
        assert!(found, "{line}:{column}: {message} is not in {data:#}");
    }
}
