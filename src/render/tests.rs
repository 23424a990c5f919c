//! Rendering of the shipped stack, and of values that try to break out of their place.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;
use crate::stack::StackFile;

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks/news-classifier/stack.yaml")
}

fn stack(environment: &str) -> Stack {
    let file = StackFile::read(&shipped()).unwrap();
    file.environment(environment)
        .unwrap_or_else(|problems| panic!("{problems}"))
}

fn rendered(stack: &Stack) -> Rendered {
    render(stack, &Library::builtin()).unwrap_or_else(|error| panic!("{error}"))
}

/// Renders with one template replaced by a text.
fn render_service(text: &str) -> Result<Rendered, RenderError> {
    let mut library = Library::builtin();
    library.set(TemplateName::Service, text);
    render(&stack("staging"), &library)
}

/// The rendered files that are shipped for reviewers must be what rendering gives today; with
/// `DEPLOY_UPDATE_RENDERED` set at compile time of the test they are written instead.
#[test]
fn the_shipped_rendered_files_are_up_to_date() {
    for stack in StackFile::read(&shipped()).unwrap().all().unwrap() {
        let folder = shipped()
            .with_file_name("rendered")
            .join(stack.environment.as_str());
        for (name, text) in rendered(&stack).files() {
            let path = folder.join(name);
            if option_env!("DEPLOY_UPDATE_RENDERED").is_some() {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&path, text).unwrap();
            }
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(found == text, "{} is out of date", path.display());
        }
    }
}

#[test]
fn the_same_stack_gives_the_same_bytes() {
    let (first, second) = (rendered(&stack("prod")), rendered(&stack("prod")));
    assert_eq!(first.files(), second.files());
    assert_eq!(first.service.digest(), second.service.digest());
}

#[test]
fn digests_ignore_the_header_and_see_the_content() {
    let original = stack("staging");
    let mut commented = original.clone();
    commented.content_digest = "other".into();
    let mut changed = original.clone();
    changed.endpoint.startup_timeout = crate::stack::Timespan::from_seconds(61);
    let digest = |stack: &Stack| rendered(stack).service.digest().to_owned();
    assert_eq!(digest(&original), digest(&commented));
    assert_ne!(digest(&original), digest(&changed));
    let foundation = |stack: &Stack| rendered(stack).foundation.digest().to_owned();
    assert_eq!(foundation(&original), foundation(&changed));
}

#[test]
fn nothing_of_this_machine_gets_into_the_text() {
    let here = env!("CARGO_MANIFEST_DIR");
    for environment in ["local", "staging", "prod"] {
        for (name, text) in rendered(&stack(environment)).files() {
            assert!(!text.contains(here), "{environment}/{name}");
        }
    }
}

#[test]
fn model_and_config_are_nameless_and_a_new_model_moves_the_endpoint() {
    let service = rendered(&stack("staging")).service;
    let resources = &service.body()["Resources"];
    assert!(resources["Model"]["Properties"].get("ModelName").is_none());
    assert!(
        resources["EndpointConfig"]["Properties"]
            .get("EndpointConfigName")
            .is_none()
    );
    let variant = &resources["EndpointConfig"]["Properties"]["ProductionVariants"][0];
    assert_eq!(
        variant["ModelName"],
        json!({"Fn::GetAtt": ["Model", "ModelName"]})
    );
    let endpoint = &resources["Endpoint"]["Properties"];
    assert_eq!(endpoint["EndpointName"], "news-classifier-staging");
    assert_eq!(
        endpoint["EndpointConfigName"],
        json!({"Fn::GetAtt": ["EndpointConfig", "EndpointConfigName"]})
    );
    let data = &resources["Model"]["Properties"]["PrimaryContainer"]["ModelDataUrl"];
    assert_eq!(
        data,
        &json!({"Fn::Sub": "s3://${BucketName}/${ModelDataKey}"})
    );
}

#[test]
fn every_output_of_the_foundation_is_what_the_service_takes() {
    let rendered = rendered(&stack("staging"));
    let outputs: Vec<&str> = rendered.foundation.outputs().collect();
    for parameter in ["BucketName", "HostingRoleArn", "FunctionRoleArn"] {
        assert!(outputs.contains(&parameter), "{parameter}");
        assert!(
            rendered.service.parameters().any(|name| name == parameter),
            "{parameter}"
        );
    }
    assert!(rendered.foundation.logical_ids().eq([
        "Bucket",
        "BucketPolicy",
        "TrainingRole",
        "HostingRole",
        "FunctionRole"
    ]));
}

#[test]
fn all_that_can_be_tagged_carries_the_tools_tags() {
    let rendered = rendered(&stack("prod"));
    let untaggable = ["BucketPolicy", "Integration", "Route", "ApiPermission"];
    for template in [&rendered.foundation, &rendered.service] {
        for id in template.logical_ids().filter(|id| !untaggable.contains(id)) {
            let tags = &template.body()["Resources"][id]["Properties"]["Tags"];
            let environment = match tags {
                Value::Array(list) => {
                    let tag = list.iter().find(|tag| tag["Key"] == "deploy:environment");
                    tag.map_or(Value::Null, |tag| tag["Value"].clone())
                }
                map => map["deploy:environment"].clone(),
            };
            assert_eq!(environment, "prod", "{id}");
        }
    }
}

#[test]
fn the_training_request_fits_the_api_and_can_be_filled_in() {
    let job = rendered(&stack("staging")).training_job;
    let algorithm = &job.value()["AlgorithmSpecification"];
    let entry = algorithm["ContainerEntrypoint"].as_array().unwrap();
    assert!(
        entry
            .iter()
            .all(|part| part.as_str().is_some_and(|text| text.len() <= 256))
    );
    assert_eq!(entry.last().unwrap(), "train.py");
    let parameters = job.value()["HyperParameters"].as_object().unwrap();
    assert!(!parameters.is_empty() && parameters.values().all(Value::is_string));
    let names = [
        "TrainingJobName",
        "TrainingRoleArn",
        "BucketName",
        "DataPrefix",
        "CodePrefix",
        "TrainingKey",
    ];
    let values = names
        .iter()
        .map(|name| (*name, format!("<{name}>")))
        .collect();
    let filled = substitute(job.value(), &values).unwrap();
    assert!(!filled.to_string().contains("${deploy:"));
    let source = &filled["InputDataConfig"][0]["DataSource"]["S3DataSource"];
    assert_eq!(source["S3Uri"], "s3://<BucketName>/<DataPrefix>");
}

#[test]
fn a_local_environment_needs_no_registry() {
    let rendered = rendered(&stack("local"));
    assert!(!rendered.foundation.text().contains("ecr:"));
    let image = &rendered.training_job.value()["AlgorithmSpecification"]["TrainingImage"];
    assert_eq!(
        image,
        "local/huggingface-pytorch-training:2.8.0-transformers4.56.2"
    );
}

#[test]
fn hostile_values_come_back_as_the_plain_strings_they_are() {
    let nasty = [
        "\"quoted\" 'single' \\ back",
        "line\nbreak\r\nand\ttab",
        "{{ 1 + 1 }} {% if x %} {# c #}",
        "${AWS::AccountId} ${Bucket}",
        "!Ref Bucket",
        "- a: b # c",
        "no",
        "1.10",
        "2012-10-17",
        "\u{85}\u{2028}\u{feff}\u{1f600} é \u{7}",
        "",
    ];
    for text in nasty {
        let mut stack = stack("staging");
        stack.tags.insert("note".into(), text.into());
        stack
            .training
            .hyperparameters
            .insert("note".into(), text.into());
        stack.training.metrics.insert("note".into(), text.into());
        let rendered = rendered(&stack);
        let tags = &rendered.foundation.body()["Resources"]["Bucket"]["Properties"]["Tags"];
        let tag = tags
            .as_array()
            .unwrap()
            .iter()
            .find(|tag| tag["Key"] == "note")
            .unwrap();
        assert_eq!(tag["Value"], text);
        let api = &rendered.service.body()["Resources"]["HttpApi"]["Properties"];
        assert_eq!(api["Tags"]["note"], text);
        let job = rendered.training_job.value();
        assert_eq!(job["HyperParameters"]["note"], text);
        let metrics = job["AlgorithmSpecification"]["MetricDefinitions"]
            .as_array()
            .unwrap();
        assert_eq!(metrics.last().unwrap()["Regex"], text);
    }
}

#[test]
fn an_undefined_name_is_an_error_with_its_place() {
    let error = render_service("Resources:\n  A: {{ endpont.count | tojson }}\n").unwrap_err();
    let RenderError::Template {
        template,
        line,
        column,
        message,
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!((template.as_str(), line), ("service.yaml.tera", 2));
    assert_eq!(column, 9, "{message}");
    assert!(message.contains("endpont"), "{message}");
}

#[test]
fn a_syntax_error_is_an_error_with_its_place() {
    let error = render_service("Resources:\n  {% if %}\n").unwrap_err();
    assert!(
        matches!(error, RenderError::Template { line: 2, .. }),
        "{error:?}"
    );
}

#[test]
fn a_runaway_template_is_stopped() {
    let text = "{% for a in range(end=3000) %}{% for b in range(end=3000) %}xxxxxxxxxx\
                {% endfor %}{% endfor %}";
    assert!(matches!(
        render_service(text),
        Err(RenderError::TooLong { .. })
    ));
}

#[test]
fn output_that_is_no_template_is_an_error() {
    let error = |text| render_service(text).unwrap_err();
    assert!(matches!(error("a: [1\n"), RenderError::NotYaml { .. }));
    assert!(matches!(error("just text"), RenderError::Content { .. }));
    assert!(matches!(
        error("Description: x\n"),
        RenderError::Content { .. }
    ));
    let unknown = error("Resources:\n  A: !Reff B\n");
    assert!(unknown.to_string().contains("!Reff"), "{unknown}");
}
