//! Rendering of the shipped stack, and of values that try to break out of their place.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;
use crate::stack::{DataSource, Launch, S3Location, StackFile};

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
    let untaggable = [
        "AWS::S3::BucketPolicy",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::Lambda::Permission",
    ];
    for template in [&rendered.foundation, &rendered.service] {
        for id in template.logical_ids() {
            let resource = &template.body()["Resources"][id];
            if untaggable.iter().any(|kind| resource["Type"] == *kind) {
                continue;
            }
            let tags = &resource["Properties"]["Tags"];
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
    let job = rendered(&stack("staging")).training_job.unwrap();
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
fn the_toolkit_gets_an_archive_and_no_channel() {
    let mut stack = stack("staging");
    stack.recipe().training.launch = Launch::Toolkit;
    let job = rendered(&stack).training_job.unwrap();
    let value = job.value();
    let specification = &value["AlgorithmSpecification"];
    assert_eq!(specification.get("ContainerEntrypoint"), None);
    let parameters = &value["HyperParameters"];
    assert_eq!(parameters["sagemaker_program"], "train.py");
    let archive = "s3://${deploy:BucketName}/${deploy:CodePrefix}sourcedir.tar.gz";
    assert_eq!(parameters["sagemaker_submit_directory"], archive);
    assert_eq!(value["InputDataConfig"].as_array().unwrap().len(), 1);
}

#[test]
fn data_in_s3_is_read_where_it_is_and_nothing_beside_it() {
    let mut stack = stack("staging");
    stack.recipe().data.source = DataSource::S3(S3Location {
        bucket: "news-archive".into(),
        prefix: "2014/".into(),
    });
    let rendered = rendered(&stack);
    let channel = &rendered.training_job.as_ref().unwrap().value()["InputDataConfig"][0];
    let place = &channel["DataSource"]["S3DataSource"]["S3Uri"];
    assert_eq!(place, "s3://news-archive/2014/");
    let role = &rendered.foundation.body()["Resources"]["TrainingRole"];
    let statements = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].as_array();
    let of = |sid: &str| {
        let mut statements = statements.unwrap().iter();
        statements
            .find(|statement| statement["Sid"] == sid)
            .unwrap()
    };
    let arn = |below: &str| json!({ "Fn::Sub": format!("arn:${{AWS::Partition}}:s3:::news-archive{below}") });
    assert_eq!(of("ReadDataInS3")["Resource"], arn("/2014/*"));
    assert_eq!(of("ListDataInS3")["Resource"], arn(""));
    let prefix = &of("ListDataInS3")["Condition"]["StringLike"]["s3:prefix"];
    assert_eq!(prefix, "2014/*");
}

#[test]
fn a_local_environment_needs_no_registry() {
    let rendered = rendered(&stack("local"));
    assert!(!rendered.foundation.text().contains("ecr:"));
    let image =
        &rendered.training_job.as_ref().unwrap().value()["AlgorithmSpecification"]["TrainingImage"];
    assert_eq!(
        image,
        "local/huggingface-pytorch-training:2.8.0-transformers4.56.2"
    );
}

fn mistake(text: &str) -> Mistake {
    let error = render_service(text).unwrap_err();
    error
        .mistake()
        .unwrap_or_else(|| panic!("{error:?}"))
        .clone()
}

#[test]
fn an_undefined_name_is_an_error_with_its_place() {
    let mistake = mistake("Resources:\n  A: {{ endpont.count | tojson }}\n");
    assert_eq!(mistake.template, "service.yaml.tera");
    assert_eq!((mistake.line, mistake.column), (2, 9), "{mistake}");
    assert_eq!(&mistake.text[mistake.bytes.clone()], "endpont");
    assert!(mistake.message.contains("`endpont`"), "{mistake}");
    let help = mistake.help.unwrap();
    assert!(help.starts_with("did you mean `endpoint`?"), "{help}");
}

#[test]
fn an_undefined_value_is_an_error_wherever_it_stands() {
    for code in [
        "{{ endpoint.cuont | tojson }}",
        "{{ (\"x\" ~ endpoint.cuont) | tojson }}",
        "{% if endpoint.cuont %}1{% endif %}",
        "{% if endpoint.count == endpoint.cuont %}1{% endif %}",
        "{% set x = endpoint.cuont %}1",
        "{% for x in endpoint.cuont %}1{% endfor %}",
        "{{ <tag_list tags={endpoint.cuont} /> }}",
    ] {
        let mistake = mistake(&format!("Resources:\n  # é\n  A: {code}\n"));
        assert_eq!(mistake.line, 3, "{code}: {mistake}");
        let underlined = &mistake.text[mistake.bytes.clone()];
        assert_eq!(underlined, "endpoint.cuont", "{code}");
        assert!(
            mistake.message.contains("`cuont` in `endpoint`"),
            "{mistake}"
        );
        assert!(mistake.help.unwrap().contains("`count`"), "{code}");
    }
    let null = render_values(
        &stack("staging"),
        &{
            let mut library = Library::builtin();
            let text = "Resources:\n  A: {% if alarms and alarms.x %}1{% else %}2{% endif %}\n";
            library.set(TemplateName::Service, text);
            library
        },
        &{
            let mut values = template_values(&stack("staging"));
            values["alarms"] = Value::Null;
            values
        },
    );
    assert_eq!(null.unwrap().service.body()["Resources"]["A"], 2);
    let guarded = "Resources:\n  A: {{ endpoint.cuont | default(value=1) }}\n  \
                   B: {% if endpoint.cuont is defined %}1{% else %}2{% endif %}\n";
    assert!(render_service(guarded).is_ok());
}

#[test]
fn a_syntax_error_is_an_error_with_its_place() {
    let mistake = mistake("Resources:\n  {% if %}\n");
    assert_eq!(mistake.line, 2, "{mistake}");
}

#[test]
fn an_unknown_filter_is_an_error_with_its_place() {
    let mistake = mistake("Resources:\n  {% for a in tags %}A: {{ a.key | tojsn }}{% endfor %}\n");
    assert_eq!(mistake.line, 2, "{mistake}");
    assert_eq!(&mistake.text[mistake.bytes.clone()], "tojsn", "{mistake}");
}

/// Nothing outside of the templates and the stack's values can be reached.
#[test]
fn a_template_cannot_read_files_or_the_environment() {
    for code in [
        "{% include \"/etc/passwd\" %}",
        "{% include \"../stack.yaml\" %}",
        "{% extends \"/etc/passwd\" %}",
        "{{ get_env(name=\"PATH\") }}",
        "{{ load_data(path=\"/etc/passwd\") }}",
        "{{ now() }}",
        "{{ get_random(end=5) }}",
        "{{ env.PATH }}",
    ] {
        let error = render_service(&format!("{code}\nResources:\n  A: 1\n")).unwrap_err();
        let text = format!("{error} {:?}", std::error::Error::source(&error));
        assert!(!text.contains("root:"), "{text}");
    }
}

#[test]
fn loops_without_an_end_are_stopped_soon() {
    let nested = "{% set r = range(end=99999) %}{% for a in r %}{% for b in r %}{% for c in r %}\
                  {% endfor %}{% endfor %}{% endfor %}";
    let fork = "{% component f() %}{{ <f /> }}{{ <f /> }}{% endcomponent f %}{{ <f /> }}";
    let huge = "{% for a in range(end=99999999999) %}{% endfor %}";
    for text in [nested, fork, huge, "{{ [a for a in range(end=9)] }}"] {
        let started = std::time::Instant::now();
        let error = render_service(text).unwrap_err();
        assert!(started.elapsed().as_secs() < 10, "{error}");
    }
    assert!(matches!(
        render_service(nested),
        Err(RenderError::TooMany { .. })
    ));
}

#[test]
fn a_runaway_template_is_stopped() {
    let text = "{% for a in range(end=3000) %}{% for b in range(end=10) %}\
                xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}{% endfor %}";
    assert!(matches!(
        render_service(text),
        Err(RenderError::TooLong { .. })
    ));
}

#[test]
fn output_that_is_no_template_is_an_error() {
    let error = |text| render_service(text).unwrap_err();
    assert!(matches!(error("a: [1\n"), RenderError::NotYaml(_)));
    assert!(matches!(error("just text"), RenderError::Content(_)));
    assert!(matches!(error("Description: x\n"), RenderError::Content(_)));
}

#[test]
fn bad_output_names_the_line_of_the_template() {
    let text = "Resources:\n  {% for tag in tags %}\n  {% endfor %}\n  A: 1\n  B: !Reff C\n";
    let mistake1 = mistake(text);
    assert_eq!(mistake1.line, 5, "{mistake1}");
    assert!(mistake1.message.contains("`!Reff`"), "{mistake1}");
    let text = "{# a comment\n over lines #}\nResources:\n  A: 1\n  A: {{ stack }}\n";
    let mistake2 = mistake(text);
    assert_eq!(mistake2.line, 5, "{mistake2}");
    assert!(
        mistake2.notes[0].contains("A: news-classifier"),
        "{mistake2}"
    );
}

#[test]
fn every_example_of_a_code_raises_it_and_the_mended_one_renders() {
    for code in super::codes::CODES {
        let Some(example) = code.example else {
            continue; // of files and of the engine itself: a case of `deploy explain`
        };
        let raised = render_service(example.before).map_or_else(|error| error.code().name, |_| "");
        assert_eq!(raised, code.name);
        let mended = render_service(example.after);
        assert!(mended.is_ok(), "{}: {mended:?}", code.name);
    }
}
