//! The rendered templates of every environment, as they are shipped and as they are rendered now.

use std::fs;
use std::process::Command;

use deploy::render::{Library, render};
use deploy::stack::StackFile;

use crate::support::{repository, tools};

#[test]
fn the_shipped_templates_are_rendered_from_the_shipped_stack() {
    let folder = repository().join("stacks/news-classifier");
    let file = StackFile::read(&folder.join("stack.yaml")).unwrap();
    for stack in file.all().unwrap() {
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
    let folder = repository().join("stacks/news-classifier");
    let file = StackFile::read(&folder.join("stack.yaml")).unwrap();
    let cfn_lint = tools::interpreter("check").with_file_name("cfn-lint");
    for stack in file.all().unwrap() {
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
