//! Graphs of the shipped stack, and of texts that want to be taken for a language.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::diff::{Documents, document_name, read_document};
use crate::plan::{Action, Basis, Plan, Reason, Step, StepKind};

/// The documents of the shipped stack's prod, as they are reviewed.
fn prod() -> Documents {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/stacks/news-classifier/rendered/prod"
    );
    let mut documents = Documents::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        if let Some(document) = document_name(name) {
            documents.insert(document.to_owned(), read_document(name, &text).unwrap());
        }
    }
    documents
}

/// A graph of two nodes with everything in their texts that a language could take for its own.
fn hostile() -> Graph {
    let node = |id: &str, mark| Node {
        id: id.to_owned(),
        label: format!("{id} \"]; <b>&`#\\"),
        detail: "a\nb -->|x|".to_owned(),
        mark,
    };
    Graph {
        title: "t \"]: <&".to_owned(),
        groups: vec![Group {
            name: "g \"]".to_owned(),
            nodes: vec![node("a", Mark::Created), node("b", Mark::Deleted)],
        }],
        edges: vec![Edge {
            from: "a".into(),
            to: "b".into(),
        }],
    }
}

fn has(graph: &Graph, from: &str, to: &str) -> bool {
    let edge = |edge: &Edge| edge.from == from && edge.to == to;
    graph.edges.iter().any(edge)
}

#[test]
fn every_resource_is_a_node_and_no_arrow_hangs_in_the_air() {
    let documents = prod();
    let graph = resources("prod", &documents);
    let nodes: BTreeSet<&str> = graph.nodes().map(|node| node.id.as_str()).collect();
    let declared: usize = documents
        .values()
        .map(|body| {
            body["Resources"]
                .as_object()
                .map_or(1, serde_json::Map::len)
        })
        .sum();
    assert_eq!(nodes.len(), declared);
    for edge in &graph.edges {
        assert!(nodes.contains(edge.from.as_str()), "{edge:?}");
        assert!(nodes.contains(edge.to.as_str()), "{edge:?}");
    }
}

#[test]
fn parameters_and_placeholders_are_followed_to_what_makes_them() {
    let graph = resources("prod", &prod());
    assert!(has(&graph, "foundation_Bucket", "foundation_BucketPolicy"));
    // A placeholder of a request, and a parameter of the service, from the foundation's outputs.
    assert!(has(&graph, "foundation_TrainingRole", "training_job_"));
    assert!(has(&graph, "foundation_HostingRole", "service_Model"));
    // What training makes is served, and what serves classifies in bulk.
    assert!(has(&graph, "training_job_", "service_Model"));
    assert!(has(&graph, "service_Model", "transform_job_"));
    // In a template, by reference and by `DependsOn`.
    assert!(has(&graph, "service_Model", "service_EndpointConfig"));
    assert!(!has(&graph, "service_EndpointConfig", "service_Model"));
}

#[test]
fn a_plan_has_an_arrow_where_a_step_uses_what_another_makes() {
    let step = |kind, action| Step {
        kind,
        action,
        reason: Reason::NotThere,
    };
    let plan = Plan {
        steps: vec![
            step(StepKind::Foundation, Action::Create),
            step(StepKind::Data, Action::Reuse),
            step(StepKind::Code, Action::Create),
            step(StepKind::Training, Action::Create),
            step(StepKind::Service, Action::Replace),
            step(StepKind::Verification, Action::Check),
        ],
        held: Vec::new(),
        removes: Vec::new(),
        keeps: Vec::new(),
        based_on: Basis::default(),
    };
    let graph = steps("plan", &plan);
    let arrows: Vec<String> = graph
        .edges
        .iter()
        .map(|edge| format!("{} {}", edge.from, edge.to).replace("steps_", ""))
        .collect();
    assert_eq!(
        arrows,
        [
            "Code Training",
            "Data Training",
            "Foundation Code",
            "Foundation Data",
            "Service Verification",
            "Training Service",
        ]
    );
    let marks: Vec<Mark> = graph.nodes().map(|node| node.mark).collect();
    assert_eq!(marks[..2], [Mark::Created, Mark::Kept]);
    assert_eq!(marks[4], Mark::Replaced);
}

#[test]
fn a_reader_of_dot_finds_the_same_nodes_and_texts() {
    let text = dot(&hostile());
    let read = layout::gv::DotParser::new(&text).process();
    assert!(read.is_ok(), "{text}");
    assert!(text.contains(r#"a [label="+ a \"]; <b>&`#\\\na\nb -->|x|" "#));
    let whole = dot(&resources("prod", &prod()));
    assert!(layout::gv::DotParser::new(&whole).process().is_ok());
}

#[test]
fn mermaid_sees_no_text_as_its_own() {
    let text = mermaid(&hostile());
    assert!(text.starts_with("---\ntitle: \"t \\\"]: <&\"\n---\nflowchart LR\n"));
    assert!(text.contains("subgraph group_0[\"g #34;]\"]"), "{text}");
    assert!(text.contains("a[\"+ a #34;]; #60;b#62;#38;#96;#35;\\<br>a<br>b --#62;|x|\"]"));
    assert!(text.contains("\n  a --> b\n"));
    assert!(text.contains("class a created\n") && text.contains("class b deleted\n"));
}

#[test]
fn a_picture_shows_every_node_once_and_escapes_texts() {
    let text = svg(&hostile());
    assert!(text.contains("<title>a &quot;]; &lt;b&gt;&amp;`#\\: a b --&gt;|x|</title>"));
    let whole = resources("prod", &prod());
    let picture = svg(&whole);
    for node in whole.nodes() {
        assert_eq!(
            picture.matches(&format!(">{}</text>", node.label)).count(),
            1,
            "{}",
            node.label
        );
    }
    assert_eq!(picture.matches("<path ").count(), whole.edges.len());
    assert_eq!(picture, svg(&whole), "the same graph gives the same bytes");
}

#[test]
fn programs_get_nodes_and_arrows() {
    let value = json!(hostile());
    assert_eq!(value["groups"][0]["nodes"][0]["mark"], "created");
    assert_eq!(value["edges"], json!([{"from": "a", "to": "b"}]));
}
