//! The rendered templates of every environment, as they are shipped and as they are rendered now.

use std::fs;
use std::process::Command;

use deploy::render::{Library, render};
use deploy::stack::{Stack, StackFile};

use crate::support::{shipped_stacks, tools};

/// Every environment of every stack that ships with the repository.
fn environments() -> Vec<Stack> {
    let files = shipped_stacks();
    let all = files
        .iter()
        .flat_map(|file| StackFile::read(file).unwrap().all().unwrap());
    all.collect()
}

#[test]
fn the_shipped_templates_are_rendered_from_the_shipped_stack() {
    for stack in environments() {
        let folder = stack.file.parent().unwrap();
        let rendered = render(&stack, &Library::builtin()).unwrap();
        for (name, text) in rendered.files() {
            let path = folder
                .join("rendered")
                .join(stack.environment.as_str())
                .join(name);
            let shipped = fs::read_to_string(&path).unwrap_or_default();
            assert!(
                shipped == text,
                "{} is out of date: run `deploy render`",
                path.display()
            );
        }
    }
}

#[test]
fn cfn_lint_finds_nothing_in_any_template() {
    let cfn_lint = tools::interpreter("check").with_file_name("cfn-lint");
    for stack in environments() {
        let folder = stack.file.parent().unwrap();
        for name in ["foundation.yaml", "service.yaml"] {
            let path = folder
                .join("rendered")
                .join(stack.environment.as_str())
                .join(name);
            let output = tools::must_succeed(
                Command::new(&cfn_lint)
                    .args(["--regions", stack.region.as_str(), "--template"])
                    .arg(&path),
            );
            let found = String::from_utf8_lossy(&output.stdout);
            assert!(found.trim().is_empty(), "{}: {found}", path.display());
        }
    }
}
