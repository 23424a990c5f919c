//! Origins of the shipped stack's documents, exact to the line.

use std::path::{Path, PathBuf};

use super::*;
use crate::stack::StackFile;

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/news-classifier/stack.yaml")
}

struct Case {
    provenance: Provenance,
    stack_text: String,
    library: Library,
}

impl Case {
    fn new(environment: &str) -> Self {
        Self::with(environment, Library::builtin())
    }

    fn with(environment: &str, library: Library) -> Self {
        let file = StackFile::read(&shipped()).unwrap();
        let stack = file.environment(environment).unwrap();
        let tree = file.merged(environment).unwrap();
        Self {
            provenance: Provenance::new(&stack, &library, tree).unwrap(),
            stack_text: file.source().text.clone(),
            library,
        }
    }

    fn origin(&self, name: TemplateName, pointer: &str) -> Origin {
        self.provenance
            .of(name, pointer)
            .unwrap_or_else(|| panic!("{pointer} has no origin"))
    }

    /// The text of the template's line.
    fn template(&self, name: TemplateName, pointer: &str) -> String {
        let origin = self.origin(name, pointer);
        let name = TemplateName::of(&origin.template.file).unwrap();
        let text = self.library.text(name);
        let line = text.lines().nth(origin.template.line - 1).unwrap();
        line.trim().to_owned()
    }

    /// The text of the stack file's line.
    fn stack(&self, name: TemplateName, pointer: &str) -> Option<String> {
        let place = self.origin(name, pointer).stack?;
        let line = self.stack_text.lines().nth(place.line - 1).unwrap();
        Some(line.trim().to_owned())
    }
}

const SERVICE: TemplateName = TemplateName::Service;

#[test]
fn marks_change_nothing_and_reach_all_documents() {
    for environment in ["local", "staging", "prod"] {
        let case = Case::new(environment);
        for (name, traced) in &case.provenance.documents {
            assert!(traced.trace.is_whole(), "{environment} {}", name.file());
        }
    }
}

#[test]
fn every_part_of_every_document_has_the_line_that_wrote_it() {
    let case = Case::new("prod");
    for (name, traced) in &case.provenance.documents {
        let mut seen = 0;
        let value = super::super::body::tests_value(&traced.root);
        each(&value, "", &mut |pointer, key| {
            let origin = case.origin(*name, pointer);
            let rendered = traced.text.lines().nth(origin.rendered_line - 1).unwrap();
            let Some(key) = key.filter(|key| !key.starts_with("Fn::") && *key != "Ref") else {
                return;
            };
            assert!(rendered.contains(key), "{pointer}: {rendered}");
            let template = case.template(*name, pointer);
            let computed = template.contains("{{");
            assert!(computed || template.contains(key), "{pointer}: {template}");
            seen += 1;
        });
        assert!(seen > 20, "{}: {seen}", name.file());
    }
}

fn each(value: &Value, pointer: &str, visit: &mut impl FnMut(&str, Option<&str>)) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let step = key.replace('~', "~0").replace('/', "~1");
                let pointer = format!("{pointer}/{step}");
                visit(&pointer, Some(key));
                each(inner, &pointer, visit);
            }
        }
        Value::Array(list) => {
            for (index, inner) in list.iter().enumerate() {
                let pointer = format!("{pointer}/{index}");
                visit(&pointer, None);
                each(inner, &pointer, visit);
            }
        }
        _ => {}
    }
}

#[test]
fn a_value_is_traced_to_the_stack_file() {
    let case = Case::new("staging");
    let group = "/Resources/FunctionLogGroup/Properties/RetentionInDays";
    assert_eq!(
        case.stack(SERVICE, group).as_deref(),
        Some("retention: 30d")
    );
    let memory = "/Resources/Function/Properties/MemorySize";
    assert_eq!(
        case.stack(SERVICE, memory).as_deref(),
        Some("memory: 256 MiB")
    );
    let description = "/Parameters/Fingerprint/Type";
    assert_eq!(case.stack(SERVICE, description), None);
}

#[test]
fn an_override_is_traced_to_the_environment() {
    let count = "/Resources/EndpointConfig/Properties/ProductionVariants/0/InitialInstanceCount";
    let stack = |environment: &str| Case::new(environment).stack(SERVICE, count).unwrap();
    assert_eq!(stack("staging"), "count: 1");
    assert_eq!(
        stack("prod"),
        "endpoint: { instance: ml.m5.xlarge, count: 2 }"
    );
}

#[test]
fn values_are_traced_through_components_and_loops() {
    let case = Case::new("staging");
    let foundation = TemplateName::Foundation;
    let tags = &case.provenance.documents[0].1.root;
    let list = tags
        .at(["Resources", "Bucket", "Properties", "Tags"])
        .unwrap();
    let crate::stack::yaml::Content::List(list) = &list.content else {
        panic!("a list")
    };
    let index = list
        .iter()
        .position(|tag| tag.at(["Key"]).unwrap().to_json() == "project")
        .unwrap();
    let pointer = format!("/Resources/Bucket/Properties/Tags/{index}/Value");
    assert_eq!(
        case.origin(foundation, &pointer).template.file,
        "shared.yaml.tera"
    );
    assert!(case.template(foundation, &pointer).starts_with("Value:"));
    assert_eq!(
        case.stack(foundation, &pointer).as_deref(),
        Some("project: news-classifier")
    );
    let job = TemplateName::TrainingJob;
    assert_eq!(
        case.stack(job, "/HyperParameters/seed").as_deref(),
        Some("seed: 42")
    );
    assert_eq!(
        case.stack(job, "/StoppingCondition/MaxRuntimeInSeconds")
            .as_deref(),
        Some("max_run: 2h")
    );
    assert_eq!(
        case.stack(job, "/AlgorithmSpecification/TrainingImage")
            .as_deref(),
        Some("image: { pytorch: \"2.8.0\", transformers: \"4.56.2\" }")
    );
}

#[test]
fn a_resource_is_traced_to_its_first_setting() {
    let case = Case::new("staging");
    let pointer = "/Resources/EndpointConfig";
    assert_eq!(case.template(SERVICE, pointer), "EndpointConfig:");
    assert_eq!(case.stack(SERVICE, pointer).as_deref(), Some("count: 1"));
    assert_eq!(
        case.provenance.documents_with(pointer).collect::<Vec<_>>(),
        [SERVICE]
    );
}

#[test]
fn the_long_and_the_short_form_of_a_function_have_the_same_origin() {
    let case = Case::new("staging");
    let pointer = "/Resources/Integration/Properties/IntegrationUri";
    let line = case.origin(SERVICE, pointer).rendered_line;
    for inner in ["/Fn::GetAtt", "/Fn::GetAtt/0", "/Fn::GetAtt/1"] {
        let pointer = format!("{pointer}{inner}");
        assert_eq!(case.origin(SERVICE, &pointer).rendered_line, line);
    }
    assert_eq!(case.provenance.of(SERVICE, "/Resources/Nothing"), None);
    assert_eq!(
        case.provenance.of(SERVICE, &format!("{pointer}/Fn::Sub")),
        None
    );
}

#[test]
fn text_that_bears_no_marks_is_traced_by_line_or_not_at_all() {
    let mut library = Library::builtin();
    let text = "Resources:\n  A:\n    Type: X\n    B: {{ endpoint.instances[0] | tojson }}\n";
    library.set(SERVICE, text);
    let case = Case::with("staging", library.clone());
    assert!(case.stack(SERVICE, "/Resources/A/B").is_some());
    // The length of a marked text is another: the values' marks are given up, the lines' are not.
    let text =
        "Resources:\n  A:\n    Type: X\n    B: {% filter length %}{{ stack }}{% endfilter %}\n";
    library.set(SERVICE, text);
    let case = Case::with("staging", library);
    assert_eq!(case.stack(SERVICE, "/Resources/A/B"), None);
    assert_eq!(case.origin(SERVICE, "/Resources/A/B").template.line, 4);
}
