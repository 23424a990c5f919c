//! A graph in the language of Graphviz.

use std::fmt::Write as _;

use super::{Graph, Node};

/// Writes the graph as DOT, for `dot -Tsvg` and everything else that reads it.
pub fn dot(graph: &Graph) -> String {
    let mut out = format!(
        "digraph {{\n  label={}\n  labelloc=t\n  rankdir=LR\n  fontname=\"sans-serif\"\n  \
         node [shape=box style=\"rounded,filled\" fontname=\"sans-serif\"]\n",
        quoted(&graph.title)
    );
    for (index, group) in graph.groups.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{index} {{");
        let _ = writeln!(out, "    label={}", quoted(&group.name));
        for node in &group.nodes {
            let _ = writeln!(out, "    {}", line(node));
        }
        out.push_str("  }\n");
    }
    for edge in &graph.edges {
        let _ = writeln!(out, "  {} -> {}", edge.from, edge.to);
    }
    out.push_str("}\n");
    out
}

fn line(node: &Node) -> String {
    let (fill, stroke) = node.mark.colors();
    let text = format!("{}{}\n{}", node.mark.sign(), node.label, node.detail);
    let label = quoted(text.trim_end());
    format!(
        "{} [label={label} fillcolor=\"{fill}\" color=\"{stroke}\"]",
        node.id
    )
}

/// A text between quotes, as "The DOT Language" of Graphviz has it; `\n` is a new line there.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('\n', "\\n"))
}
