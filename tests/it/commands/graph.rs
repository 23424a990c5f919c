//! Graphs of what is deployed and planned, and the page of a release, with the shipped binary.

use std::fs;
use std::process::Command;

use crate::support::project::Project;
use crate::support::tools;

/// Reads SVG as any other program would, and prints how many nodes and arrows it has.
const COUNT: &str = "import sys, xml.etree.ElementTree as tree\n\
                     root = tree.parse(sys.argv[1]).getroot()\n\
                     name = '{http://www.w3.org/2000/svg}'\n\
                     assert root.tag == name + 'svg' and root.find(name + 'title').text\n\
                     nodes = [g for g in root.iter(name + 'g') if g.get('class')]\n\
                     print(len(nodes), len(root.findall('.//' + name + 'path')))\n";

/// Draws an environment that is up, in each language, and its plan.
pub(super) fn draws(project: &Project, python: &std::path::Path) {
    let graph = project.deploy(&["graph", "--output", "json"]).ok().json();
    let arrows = graph["graph"]["edges"].as_array().unwrap().len();
    let groups = graph["graph"]["groups"].as_array().unwrap();
    let nodes: usize = groups
        .iter()
        .map(|group| group["nodes"].as_array().unwrap().len())
        .sum();
    assert!(nodes > 15 && arrows > nodes, "{nodes} {arrows}");

    let mermaid = project.deploy(&["graph"]).ok().stdout;
    assert!(mermaid.contains("\nflowchart LR\n"), "{mermaid}");
    assert_eq!(mermaid.matches(" --> ").count(), arrows);
    let dot = project.deploy(&["graph", "--format", "dot"]).ok().stdout;
    assert_eq!(dot.matches(" -> ").count(), arrows);
    project
        .deploy(&["graph", "--format", "svg", "--out", "drawn/graph.svg"])
        .ok();
    let counted = tools::must_succeed(
        Command::new(python)
            .args(["-c", COUNT])
            .arg(project.path().join("drawn/graph.svg")),
    );
    let counted = String::from_utf8(counted.stdout).unwrap();
    assert_eq!(counted.trim(), format!("{nodes} {arrows}"));

    // Everything is as it should be: the plan only looks.
    let plan = project
        .deploy(&["graph", "--plan", "--output", "json"])
        .ok()
        .json();
    let steps = plan["graph"]["groups"][0]["nodes"].as_array().unwrap();
    assert!(!steps.is_empty());
    for step in steps {
        assert_eq!(step["mark"], "kept", "{step}");
    }
}

/// Saves the page of the release that serves.
pub(super) fn tells_infrastructure(project: &Project) {
    project
        .deploy(&["report", "--infrastructure", "--save", "release.html"])
        .ok();
    let page = fs::read_to_string(project.path().join("release.html")).unwrap();
    let history = project.deploy(&["history", "--output", "json"]).ok().json();
    let id = history["current"].as_str().unwrap();
    for text in [
        id,
        "<th scope=\"row\">EndpointConfig</th>",
        "<svg ",
        "AWS::S3::Bucket",
    ] {
        assert!(page.contains(text), "{text}");
    }
    // Nothing is fetched from anywhere: the only address is the name of SVG.
    let addresses = page.matches("http").count();
    assert_eq!(
        addresses,
        page.matches("http://www.w3.org/2000/svg").count() + page.matches("http-equiv").count()
    );
    project
        .deploy(&["report", "--infrastructure", "--release", "99"])
        .failed(64, &["99", "history"]);
    project
        .deploy(&["report", "--infrastructure", "--model", "abc"])
        .failed(64, &["cannot be used with"]);
}
