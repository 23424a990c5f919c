//! A graph in the language of Mermaid, which GitHub and GitLab draw in Markdown.

use std::fmt::Write as _;

use super::{Graph, Mark, Node};

/// The marks that can occur, with the names of their classes.
const CLASSES: [(Mark, &str); 5] = [
    (Mark::Kept, "kept"),
    (Mark::Created, "created"),
    (Mark::Changed, "changed"),
    (Mark::Replaced, "replaced"),
    (Mark::Deleted, "deleted"),
];

/// Writes the graph as a Mermaid flow chart.
pub fn mermaid(graph: &Graph) -> String {
    let mut out = format!("---\ntitle: {}\n---\nflowchart LR\n", title(&graph.title));
    for (index, group) in graph.groups.iter().enumerate() {
        let _ = writeln!(out, "  subgraph group_{index}[{}]", quoted(&group.name));
        for node in &group.nodes {
            let _ = writeln!(out, "    {}[{}]", node.id, quoted(&text(node)));
        }
        out.push_str("  end\n");
    }
    for edge in &graph.edges {
        let _ = writeln!(out, "  {} --> {}", edge.from, edge.to);
    }
    for (mark, class) in CLASSES {
        let these: Vec<&str> = graph
            .nodes()
            .filter(|node| node.mark == mark)
            .map(|node| node.id.as_str())
            .collect();
        if !these.is_empty() {
            let (fill, stroke) = mark.colors();
            let _ = writeln!(
                out,
                "  classDef {class} fill:{fill},stroke:{stroke},color:#1f2328"
            );
            let _ = writeln!(out, "  class {} {class}", these.join(","));
        }
    }
    out
}

fn text(node: &Node) -> String {
    let label = format!("{}{}", node.mark.sign(), node.label);
    if node.detail.is_empty() {
        label
    } else {
        format!("{label}\n{}", node.detail)
    }
}

/// A text between quotes. Mermaid has no escapes but entities, written with `#`, and its labels are
/// HTML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '<' | '>' | '&' | '#' | '`' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            '\n' => out.push_str("<br>"),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// The title is YAML; a JSON text is one, too.
fn title(text: &str) -> serde_json::Value {
    serde_json::Value::from(text)
}
