//! What a new project is made of: the shipped example under a name of its own.
//!
//! Input: a name. Output: files with their content, the rendered templates not among them. Must not
//! know: where they are written. The example is the repository's own stack, so a new project begins
//! with what is tested here.

mod code;

use std::borrow::Cow;

use crate::stack::StackName;

/// A file of a new project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its path in the project, with `/` between the parts.
    pub path: String,
    /// Its content.
    pub content: Cow<'static, [u8]>,
}

/// The name of the shipped example, which a new project's name takes the place of.
const EXAMPLE: &str = "news-classifier";
const STACK: &str = include_str!("../../stacks/news-classifier/stack.yaml");
/// What the first line of the stack file names, for editors.
const SCHEMA: &[u8] = include_bytes!("../../stacks/schema.json");
const DATA: &[u8] = include_bytes!("../../stacks/news-classifier/data/headlines.csv");
const DATA_README: &[u8] = include_bytes!("../../stacks/news-classifier/data/README.md");
const WORKFLOW: &str = include_str!("workflow.yml");
const RELEASE_WORKFLOW: &str = include_str!("release.yml");
const EDITORCONFIG: &str = include_str!("editorconfig");
const GITIGNORE: &str = include_str!("gitignore");

/// The files of a new project, in the order of their paths.
pub fn project(name: &StackName) -> Vec<NewFile> {
    let stack = format!("stacks/{name}");
    let mut files = vec![
        text(".editorconfig", EDITORCONFIG.to_owned()),
        text(".github/workflows/deploy.yml", WORKFLOW.to_owned()),
        text(".github/workflows/release.yml", RELEASE_WORKFLOW.to_owned()),
        text(".gitignore", GITIGNORE.to_owned()),
        text(
            &format!("{stack}/stack.yaml"),
            STACK.replace(EXAMPLE, name.as_str()),
        ),
        bytes("stacks/schema.json".to_owned(), SCHEMA),
        bytes(format!("{stack}/data/headlines.csv"), DATA),
        bytes(format!("{stack}/data/README.md"), DATA_README),
    ];
    files.extend(code::FILES.iter().map(|(path, content)| {
        let path = format!("training-code/{path}");
        match std::str::from_utf8(content) {
            // A test of the code looks at the example's data.
            Ok(content) if content.contains(EXAMPLE) => {
                text(&path, content.replace(EXAMPLE, name.as_str()))
            }
            _ => bytes(path, content),
        }
    }));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn text(path: &str, content: String) -> NewFile {
    NewFile {
        path: path.to_owned(),
        content: Cow::Owned(content.into_bytes()),
    }
}

fn bytes(path: String, content: &'static [u8]) -> NewFile {
    NewFile {
        path,
        content: Cow::Borrowed(content),
    }
}

#[cfg(test)]
mod tests;
