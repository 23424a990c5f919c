//! An environment, or a plan, as nodes and arrows.
//!
//! Purpose: pictures for reviews, documents and pull requests. Input: rendered documents
//! ([`resources`]) or a plan ([`steps`]). Output: a [`Graph`], and the same as Mermaid, DOT or SVG.
//! Must not know: the network, the terminal. The same input always gives the same bytes.

mod dot;
mod mermaid;
mod page;
mod resources;
mod steps;
mod svg;

pub use dot::dot;
pub use mermaid::mermaid;
pub use page::page;
pub use resources::resources;
pub use steps::steps;
pub use svg::svg;

use serde::Serialize;

/// Nodes, in groups, and the arrows between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// What is drawn, for the reader.
    pub title: String,
    /// The groups, in the order in which they are made.
    pub groups: Vec<Group>,
    /// The arrows, from what is needed to what needs it; sorted, each once.
    pub edges: Vec<Edge>,
}

/// Nodes that belong together, such as those of one CloudFormation stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its nodes, in the order of their documents.
    pub nodes: Vec<Node>,
}

/// One resource, or one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its name in the graph: letters, digits and `_` only, so that no format has to quote it.
    pub id: String,
    /// What it is called.
    pub label: String,
    /// What kind of thing it is, e.g. `AWS::S3::Bucket`, or why the step is done.
    pub detail: String,
    /// What a plan does to it.
    pub mark: Mark,
}

/// What a plan does to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Nothing.
    Kept,
    /// It is made.
    Created,
    /// It is changed in place, or waited for.
    Changed,
    /// It is removed and made again.
    Replaced,
    /// It is removed.
    Deleted,
}

/// An arrow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Edge {
    /// The node that is needed.
    pub from: String,
    /// The node that needs it.
    pub to: String,
}

impl Mark {
    /// The fill of nodes with this mark, and the line around them: legible beside black text, and told
    /// apart by people who see red and green alike.
    const fn colors(self) -> (&'static str, &'static str) {
        match self {
            Self::Kept => ("#f6f8fa", "#57606a"),
            Self::Created => ("#dafbe1", "#116329"),
            Self::Changed => ("#fff8c5", "#7d4e00"),
            Self::Replaced => ("#ffe2cc", "#953800"),
            Self::Deleted => ("#ffd8d3", "#a40e26"),
        }
    }

    /// The sign before the label, so that nothing is told by colour alone.
    const fn sign(self) -> &'static str {
        match self {
            Self::Kept => "",
            Self::Created => "+ ",
            Self::Changed => "~ ",
            Self::Replaced => "± ",
            Self::Deleted => "- ",
        }
    }
}

impl Graph {
    /// All nodes, group by group.
    fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.groups.iter().flat_map(|group| &group.nodes)
    }
}

/// A name that no format has to quote: `training-job` and `RoleArn` give `training_job_RoleArn`.
fn id(group: &str, name: &str) -> String {
    let text = format!("{group}_{name}");
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    text.chars().map(safe).collect()
}

#[cfg(test)]
mod tests;
