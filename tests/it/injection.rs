//! Rendered templates read by another reader, of YAML 1.1: `PyYAML`, in the environment of cfn-lint.

use std::fs;
use std::path::Path;
use std::process::Command;

use deploy::render::{Library, render_values, template_values};
use deploy::stack::StackFile;
use serde_json::Value;

use crate::support::{repository, tools};

/// Reads every file of a folder as CloudFormation's tools do, and prints the values as JSON.
const READER: &str = r#"
import json, pathlib, sys, yaml

Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

class Loader(Base):
    pass

def tagged(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else "Fn::" + suffix: value}

Loader.add_multi_constructor("!", tagged)
read = {
    path.name: yaml.load(path.read_text(encoding="utf-8"), Loader=Loader)
    for path in pathlib.Path(sys.argv[1]).iterdir()
}
json.dump(read, sys.stdout, default=lambda value: {"not JSON": repr(value)})
"#;

/// What some reader of YAML takes for something else than a text.
const HOSTILE: [&str; 10] = [
    "\"q\" 'q' \\ {{ 1 }} {% if %} {# #} ${AWS::Region} !Ref X # c",
    "line\nbreak\r\nand\ttab\u{85}\u{2028}\u{2029}\u{feff}\u{7f}\u{7}\u{1b}",
    "no",
    "1.10",
    "2012-10-17",
    "12:30:45",
    "=",
    "---\n- a: b\n...\n",
    "\u{202e}\u{2066}bidi\u{2069} \u{1f600} é \u{10fffd}",
    "0o17",
];

/// Puts a text in the place of every text, each made different by a number.
fn with_hostile(value: &mut Value, text: &str, count: &mut usize) {
    match value {
        Value::String(own) => {
            *own = format!("{text}{}", "~".repeat(*count));
            *count += 1;
        }
        Value::Array(list) => list
            .iter_mut()
            .for_each(|inner| with_hostile(inner, text, count)),
        Value::Object(map) => map
            .values_mut()
            .for_each(|inner| with_hostile(inner, text, count)),
        _ => {}
    }
}

#[test]
fn another_reader_of_yaml_reads_the_same() {
    let file = StackFile::read(&repository().join("stacks/news-classifier/stack.yaml")).unwrap();
    let library = Library::builtin();
    let folder = tempfile::tempdir().unwrap();
    let mut expected = serde_json::Map::new();
    for stack in file.all().unwrap() {
        let values = template_values(&stack);
        for (index, hostile) in [None].into_iter().chain(HOSTILE.map(Some)).enumerate() {
            let mut values = values.clone();
            if let Some(text) = hostile {
                with_hostile(&mut values, text, &mut 0);
            }
            let rendered = render_values(&stack, &library, &values).unwrap();
            let read = [
                rendered.foundation.body(),
                rendered.service.body(),
                rendered.training_job.as_ref().unwrap().value(),
            ];
            for ((name, text), value) in rendered.files().into_iter().zip(read) {
                let name = format!("{}-{index}-{name}", stack.environment);
                fs::write(folder.path().join(&name), text).unwrap();
                expected.insert(name, value.clone());
            }
        }
    }
    let found = read_by_python(folder.path());
    for (name, value) in &expected {
        assert_eq!(found[name], *value, "{name}");
    }
    assert_eq!(found.as_object().unwrap().len(), expected.len());
}

fn read_by_python(folder: &Path) -> Value {
    let output = tools::must_succeed(
        Command::new(tools::interpreter("check"))
            .args(["-c", READER])
            .arg(folder),
    );
    serde_json::from_slice(&output.stdout).unwrap()
}
