//! The structure that the map in `src/lib.rs` promises, held against the sources.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::repository;

/// Modules, and the modules of this crate that each may name.
const ARROWS: &[(&str, &[&str])] = &[
    ("code", &[]),
    ("markup", &[]),
    ("stack", &["code"]),
    ("render", &["code", "stack"]),
    ("init", &["stack"]),
    ("openapi", &["stack"]),
    ("policy", &["code", "stack", "render"]),
    ("bundle", &["code", "stack"]),
    ("batch", &["code", "bundle"]),
    ("cloud", &["code", "stack"]),
    ("permissions", &["stack", "render", "policy"]),
    ("cost", &["stack"]),
    ("doctor", &["code", "stack", "cloud", "cost"]),
    ("diff", &["stack", "render", "bundle", "release"]),
    ("release", &["bundle"]),
    ("graph", &["diff", "plan", "markup"]),
    (
        "plan",
        &["code", "stack", "render", "bundle", "cloud", "release"],
    ),
    (
        "reconcile",
        &[
            "code", "stack", "render", "bundle", "batch", "plan", "cloud", "release",
        ],
    ),
    ("aws", &["cloud", "stack"]),
    ("local", &[]),
    ("load", &["markup"]),
];
/// Modules that only some files of `cli` may name.
const CLI_ONLY: &[(&str, &str)] = &[("crate::aws", "context.rs"), ("crate::local::", "local/")];
/// Lines that a file may have without its tests.
const LONGEST: usize = 600;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The code of a file: without its tests and comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let before_tests = text.split("#[cfg(test)]").next().unwrap_or_default();
    before_tests
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .fold(String::new(), |all, line| all + line + "\n")
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| {
        matches!(
            part.as_os_str().to_str(),
            Some("tests.rs" | "tests" | "testing.rs" | "testing")
        )
    })
}

#[test]
fn imports_follow_the_arrows() {
    let root = repository().join("src");
    let mut wrong = Vec::new();
    for (module, allowed) in ARROWS {
        let folder = root.join(module);
        let files = if folder.is_dir() {
            sources(&folder)
        } else {
            vec![root.join(format!("{module}.rs"))]
        };
        for path in files {
            for line in code(&path).lines() {
                for used in line.split("crate::").skip(1) {
                    let used: String = used
                        .chars()
                        .take_while(|c| c.is_alphanumeric() || *c == '_')
                        .collect();
                    if used != *module && !used.is_empty() && !allowed.contains(&used.as_str()) {
                        wrong.push(format!("{}: {}", path.display(), line.trim()));
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports against the arrows:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_sdk_is_named_by_its_adapters_only() {
    let root = repository().join("src");
    for path in sources(&root) {
        let in_adapters = path.starts_with(root.join("aws"));
        let text = code(&path);
        assert!(
            in_adapters || !text.contains("aws_sdk_"),
            "{} names the SDK",
            path.display()
        );
    }
}

#[test]
fn cli_names_the_adapters_and_the_engine_in_one_place_each() {
    let root = repository().join("src/cli");
    for path in sources(&root) {
        let relative = path
            .strip_prefix(&root)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        for (module, place) in CLI_ONLY {
            let allowed = relative.starts_with(place) || relative.starts_with("local/");
            assert!(
                allowed || !code(&path).contains(module),
                "{relative} names {module}"
            );
        }
    }
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    for path in sources(&repository().join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("//!"),
            "{} does not say what it is for",
            path.display()
        );
        if !is_test(&path) {
            let lines = text
                .split("#[cfg(test)]")
                .next()
                .unwrap_or_default()
                .lines()
                .count();
            assert!(lines <= LONGEST, "{} has {lines} lines", path.display());
        }
    }
}

#[test]
fn every_test_file_is_compiled() {
    let folder = repository().join("tests/it");
    let main = fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(
            name == "main" || main.contains(&format!("mod {name};")),
            "{name} is not compiled"
        );
    }
}

#[test]
fn the_root_shows_what_it_should_and_nothing_else() {
    let expected = [
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "src",
        "stacks",
        "templates",
        "tests",
        "training-code",
    ];
    let mut shown: Vec<String> = fs::read_dir(repository())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.') && name != "target")
        .collect();
    shown.sort();
    assert_eq!(shown, expected);
}
