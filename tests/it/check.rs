//! `deploy check` as people and code scanning meet it: output, places, exit codes.

use serde_json::Value;

use crate::support::project::{Project, Run, tiny_stack};
use crate::support::repository;

/// A project with one unprotected environment, whose python is never started.
fn project() -> Project {
    let project = Project::new(&tiny_stack("{ interpreter: /bin/true }"));
    project.write("stacks/tiny/headlines.csv", "x\n");
    project
}

/// A project with waivers.
fn with_waivers(waivers: &str) -> Project {
    let stack = tiny_stack("{ interpreter: /bin/true }");
    let project = Project::new(&format!("{stack}checks: {{ waive: {waivers} }}\n"));
    project.write("stacks/tiny/headlines.csv", "x\n");
    project
}

/// Replaces a text of the built-in foundation by another, as a project's own template.
fn change_foundation(project: &Project, old: &str, new: &str) {
    let path = repository().join("templates/foundation.yaml.tera");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(old), "{old}");
    project.write(
        "templates/foundation.yaml.tera",
        &text.replacen(old, new, 1),
    );
}

fn findings<'a>(report: &'a Value, id: &str) -> Vec<&'a Value> {
    let all = report["findings"].as_array().unwrap();
    all.iter().filter(|finding| finding["id"] == id).collect()
}

fn check(project: &Project, arguments: &[&str]) -> Run {
    project.deploy(&[&["check"], arguments].concat())
}

#[test]
fn the_shipped_stack_passes_and_every_place_is_in_the_shipped_files() {
    let project = project();
    let root = repository();
    let root = root.to_str().unwrap();
    let report = check(&project, &["-C", root, "--format", "json"])
        .ok()
        .json();
    assert_eq!(
        (&report["version"], &report["failing"]),
        (&1.into(), &0.into())
    );
    for finding in report["findings"].as_array().unwrap() {
        let file = repository().join(finding["file"].as_str().unwrap());
        let text = std::fs::read_to_string(&file).unwrap();
        let line = usize::try_from(finding["line"].as_u64().unwrap()).unwrap();
        let shown = text.lines().nth(line - 1).unwrap();
        // The pointer's last step that is no index stands in that line, or around it.
        let pointer = finding["pointer"].as_str().unwrap();
        let step = pointer
            .rsplit('/')
            .find(|step| step.parse::<u32>().is_err())
            .unwrap();
        let is_item = shown.trim_start().starts_with('-');
        assert!(shown.contains(step) || is_item, "{pointer}: {shown}");
    }
    let strict = check(&project, &["-C", root, "--fail-on", "note"]);
    strict.failed(1, &["of severity note or worse"]);
}

#[test]
fn an_error_is_shown_like_a_compilers_and_fails_the_check() {
    let project = project();
    change_foundation(&project, "BlockPublicAcls: true", "BlockPublicAcls: false");
    let run = check(&project, &[]).failed(1, &["1 finding must be mended", "hint:", "0 waived"]);
    for part in [
        "error[S3-PUBLIC-BLOCK]: the bucket does not set BlockPublicAcls",
        "--> stacks/tiny/rendered/local/foundation.yaml:",
        "= resource: Bucket, property PublicAccessBlockConfiguration",
        "= why: ",
        "= help: ",
    ] {
        assert!(run.stdout.contains(part), "{part}:\n{run}");
    }
    let run = check(&project, &["--output", "json"]);
    assert_eq!(run.code, 1);
    let report = run.json();
    assert_eq!(findings(&report, "S3-PUBLIC-BLOCK").len(), 1);
    assert_eq!(report["summary"]["error"], 1);
}

#[test]
fn sarif_names_rules_lines_and_relative_files() {
    let project = project();
    change_foundation(
        &project,
        "Status: Enabled\n      LifecycleConfiguration",
        "Status: Suspended\n      LifecycleConfiguration",
    );
    project.deploy(&["render"]).ok();
    let log = check(&project, &["--format", "sarif"]).ok().json();
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let result = results
        .iter()
        .find(|result| result["ruleId"] == "S3-VERSIONING")
        .unwrap();
    assert_eq!(result["level"], "warning");
    let place = &result["locations"][0]["physicalLocation"];
    let file = place["artifactLocation"]["uri"].as_str().unwrap();
    assert_eq!(file, "stacks/tiny/rendered/local/foundation.yaml");
    let text = std::fs::read_to_string(project.path().join(file)).unwrap();
    let line = usize::try_from(place["region"]["startLine"].as_u64().unwrap()).unwrap();
    assert!(
        text.lines()
            .nth(line - 1)
            .unwrap()
            .contains("VersioningConfiguration")
    );
    let again = check(&project, &["--format", "sarif"]).ok().json();
    assert_eq!(log, again);
}

#[test]
fn a_secret_in_the_stack_file_is_found_and_not_repeated() {
    let token = format!("hf_{}", "aB3".repeat(12));
    let stack = tiny_stack("{ interpreter: /bin/true }").replace(
        "hyperparameters: { base_model",
        &format!("hyperparameters: {{ hub: {token}, base_model"),
    );
    let project = Project::new(&stack);
    project.write("stacks/tiny/headlines.csv", "x\n");
    for format in ["human", "json", "sarif"] {
        let run = check(&project, &["--format", format]).failed(1, &[]);
        assert!(run.stdout.contains("SECRET-FORMAT"), "{run}");
        assert!(
            !run.stdout.contains(&token) && !run.stderr.contains(&token),
            "{format}"
        );
    }
}

#[test]
fn the_policies_are_listed_and_a_wrong_environment_is_refused() {
    let project = project();
    let list = check(&project, &["--list"]).ok();
    assert!(list.stdout.contains("S3-PUBLIC-BLOCK"), "{list}");
    let policies = check(&project, &["--list", "--format", "json"]).ok().json();
    assert!(policies["policies"].as_array().unwrap().len() > 30);
    check(&project, &["--env", "locl"]).failed(64, &["did you mean `local`?"]);
}

#[test]
fn a_waiver_accepts_a_finding_and_says_why() {
    let project = with_waivers("{ S3-PUBLIC-BLOCK: an open data set }");
    change_foundation(&project, "BlockPublicAcls: true", "BlockPublicAcls: false");
    let run = check(&project, &[]).ok();
    for part in ["waived[S3-PUBLIC-BLOCK]", "= waived: an open data set"] {
        assert!(run.stdout.contains(part), "{part}:\n{run}");
    }
    let log = check(&project, &["--format", "sarif"]).ok().json();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let waived = results
        .iter()
        .find(|result| result["ruleId"] == "S3-PUBLIC-BLOCK")
        .unwrap();
    assert_eq!(
        waived["suppressions"][0]["justification"],
        "an open data set"
    );
}

#[test]
fn a_waiver_that_waives_nothing_is_found_where_it_is_written() {
    let project = with_waivers("{ S3-PUBLIC-BLOCK: not needed }");
    let report = check(&project, &["--format", "json"]).ok().json();
    let unused = findings(&report, "WAIVER-UNUSED");
    assert_eq!(unused.len(), 1);
    assert_eq!(unused[0]["file"], "stacks/tiny/stack.yaml");
    let text = std::fs::read_to_string(project.path().join("stacks/tiny/stack.yaml")).unwrap();
    let line = usize::try_from(unused[0]["line"].as_u64().unwrap()).unwrap();
    assert!(
        text.lines()
            .nth(line - 1)
            .unwrap()
            .contains("S3-PUBLIC-BLOCK")
    );
}

#[test]
fn a_waiver_of_no_policy_is_a_mistake_in_the_stack_file() {
    let project = with_waivers("{ S3-PUBLIC-BLOK: typo }");
    let texts = [
        "there is no policy `S3-PUBLIC-BLOK`",
        "did you mean `S3-PUBLIC-BLOCK`?",
    ];
    check(&project, &[]).failed(64, &texts);
}
