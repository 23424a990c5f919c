//! Stacks of every option and pair of options, rendered and examined by cfn-lint, checkov and the
//! service model of SageMaker.

mod examine;
mod options;
mod pairwise;
mod stacks;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::support::{repository, tools};

/// How many stacks there are at least.
const LEAST: usize = 200;

#[test]
fn the_matrix_has_every_option_and_every_pair_that_the_language_allows() {
    let options = options::all();
    let space = options::space(&options);
    let rows = space.rows(LEAST);
    let held: BTreeSet<_> = rows.iter().flat_map(|row| pairwise::pairs(row)).collect();
    let feasible = space.feasible_pairs();
    assert_eq!(held, feasible);
    for (dimension, option) in options.iter().enumerate() {
        for (value, (name, _)) in option.values.iter().enumerate() {
            let count = rows.iter().filter(|row| row[dimension] == value).count();
            assert!(count > 0, "{}: {name} is in no stack", option.name);
            println!("{:28} {:24} {count:4} stacks", option.name, name);
        }
    }
    println!("{} stacks, {} pairs", rows.len(), feasible.len());
}

#[test]
fn cfn_lint_finds_nothing_in_any_stack() {
    let begin = Instant::now();
    let stacks = stacks::rendered();
    let folder = tempfile::tempdir().unwrap();
    let templates = examine::write_templates(stacks, folder.path());
    let program = tools::interpreter("check").with_file_name("cfn-lint");
    let found = examine::cfn_lint(&program, &templates);
    println!(
        "{} stacks, {} different templates, {:.1} s",
        stacks.len(),
        templates.len(),
        begin.elapsed().as_secs_f64()
    );
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn checkov_finds_nothing_that_is_not_listed_with_a_reason() {
    let begin = Instant::now();
    let stacks = stacks::rendered();
    let folder = tempfile::tempdir().unwrap();
    let templates = examine::write_templates(stacks, folder.path());
    let program = tools::interpreter("policy").with_file_name("checkov");
    let found = examine::checkov(&program, folder.path(), templates.len());
    let accepted = examine::accepted(&repository().join("tests/policy/checkov.json"));
    let mut counts: BTreeMap<&examine::Finding, usize> = BTreeMap::new();
    for (finding, _) in &found {
        *counts.entry(finding).or_default() += 1;
    }
    for (finding, count) in &counts {
        println!("{finding}: {count} times");
    }
    println!(
        "{} templates, {:.1} s",
        templates.len(),
        begin.elapsed().as_secs_f64()
    );
    let unlisted: Vec<String> = found
        .iter()
        .filter(|(finding, _)| !accepted.contains_key(finding))
        .map(|(finding, place)| format!("{finding} at {place}"))
        .collect();
    assert!(unlisted.is_empty(), "{}", unlisted.join("\n"));
    let stale: Vec<_> = accepted
        .keys()
        .filter(|finding| !counts.contains_key(finding))
        .collect();
    assert!(stale.is_empty(), "listed, but nowhere found: {stale:?}");
}

#[test]
fn requests_are_what_the_api_takes() {
    let stacks = stacks::rendered();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("requests.json");
    let count = examine::write_requests(stacks, &file);
    let output = tools::must_succeed(
        std::process::Command::new(tools::interpreter("local"))
            .arg(repository().join("tests/policy/check_requests.py"))
            .arg(&file)
            .env("PYTHONDONTWRITEBYTECODE", "1"),
    );
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert_eq!(said, format!("{count} requests are valid"));
}
