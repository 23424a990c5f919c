//! The infrastructure of a release as a page: one file that needs nothing else.

use std::fmt::Write as _;

use super::Graph;
use super::svg::svg;
use crate::markup::escaped;

const STYLE: &str = include_str!("page.css");

/// Writes a page with facts, a name and a value each; the picture; and a table of the resources with what
/// each needs.
pub fn page(title: &str, facts: &[(&str, String)], graph: &Graph) -> String {
    let title = escaped(title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>\n<dl>"
    );
    for (name, value) in facts {
        let (name, value) = (escaped(name), escaped(value));
        let _ = writeln!(page, "<dt>{name}</dt><dd>{value}</dd>");
    }
    let _ = write!(
        page,
        "</dl>\n<h2>Resources</h2>\n<div class=\"wide\" tabindex=\"0\">{}</div>\n",
        svg(graph)
    );
    page.push_str(&table(graph));
    page.push_str("</main></body></html>\n");
    page
}

/// The same as the picture, for whoever reads it aloud or searches it.
fn table(graph: &Graph) -> String {
    let mut rows = String::new();
    for group in &graph.groups {
        for node in &group.nodes {
            let needs: Vec<&str> = graph
                .nodes()
                .filter(|other| {
                    let arrow = |edge: &super::Edge| edge.from == other.id && edge.to == node.id;
                    graph.edges.iter().any(arrow)
                })
                .map(|other| other.label.as_str())
                .collect();
            let _ = writeln!(
                rows,
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
                escaped(&node.label),
                escaped(&node.detail),
                escaped(&group.name),
                escaped(&needs.join(", "))
            );
        }
    }
    format!(
        "<div class=\"wide\" tabindex=\"0\"><table><caption>What each resource needs</caption><thead><tr>\
         <th scope=\"col\">resource</th><th scope=\"col\">type</th><th scope=\"col\">stack</th>\
         <th scope=\"col\">needs</th></tr></thead><tbody>\n{rows}</tbody></table></div>\n"
    )
}
