//! A new project is complete, and has its own name.

use std::path::Path;

use super::*;

fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // What tools leave behind, as .gitignore has it.
        if name.starts_with('.') || name == "__pycache__" {
            continue;
        }
        if path.is_dir() {
            walk(&path, root, found);
        } else {
            found.push(
                path.strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned(),
            );
        }
    }
}

#[test]
fn no_file_of_the_training_code_is_forgotten() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("training-code");
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    found.sort();
    let mut listed: Vec<&str> = code::FILES.iter().map(|(path, _)| *path).collect();
    listed.sort_unstable();
    assert_eq!(listed, found);
}

#[test]
fn a_project_has_its_own_name_and_no_other() {
    let files = project(&"spam-filter".parse().unwrap());
    let stack = files
        .iter()
        .find(|file| file.path == "stacks/spam-filter/stack.yaml")
        .unwrap();
    let text = std::str::from_utf8(&stack.content).unwrap();
    assert!(text.contains("stack: spam-filter"));
    assert!(!text.contains(EXAMPLE));
    // The schema that it names for editors is there.
    let schema = "stacks/schema.json";
    assert!(text.starts_with("# yaml-language-server: $schema=../schema.json\n"));
    assert!(files.iter().any(|file| file.path == schema));
    for file in &files {
        let content = String::from_utf8_lossy(&file.content);
        assert!(!file.path.contains(EXAMPLE), "{}", file.path);
        assert!(!content.contains(EXAMPLE), "{}", file.path);
    }
}

#[test]
fn the_workflows_grant_little_and_pin_their_actions() {
    for text in [WORKFLOW, RELEASE_WORKFLOW] {
        grants_little(text);
    }
}

fn grants_little(text: &str) {
    assert!(text.contains("\npermissions: {}\n"));
    // A tag can be moved to other code, a commit cannot.
    let pinned = regex::Regex::new(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$").unwrap();
    let uses: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("uses: "))
        .collect();
    assert!(uses.len() >= 4, "{uses:?}");
    for line in uses {
        assert!(pinned.is_match(line), "{line}");
    }
    // No long-lived keys.
    assert!(!text.contains("secrets."), "{text}");
    // An expression within a script would run what a pull request's author writes.
    for script in text.split("run: ").skip(1) {
        let script = script.lines().next().unwrap();
        assert!(!script.contains("${{"), "{script}");
    }
}
