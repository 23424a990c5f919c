//! The OpenAPI document against the API that it describes, with the shipped binary and a real model: schemathesis
//! calls it in every way that the document allows and in many that it does not, and compares the answers with it.

use std::fs;
use std::process::Command;

use deploy::local::PythonSpec;

use crate::support::project::{Project, some_headlines, tiny_stack};
use crate::support::{repository, tools};

/// What is compared. That unknown fields are refused is not: the function leaves them alone on purpose.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,response_headers_conformance,positive_data_acceptance";

#[test]
fn the_running_api_keeps_to_its_document() {
    let tester = tools::environment(PythonSpec::Project {
        folder: repository().join("tests/it/openapi"),
        group: "tester".to_owned(),
    })
    .unwrap_or_else(|error| panic!("cannot prepare Python: {error}"));
    let python = tools::interpreter("test");
    let stack = tiny_stack(&format!("{{ interpreter: {} }}", python.display()));
    let routes = "api: { throttle: { rate: 10000, burst: 5000 } }";
    let project = Project::new(&stack.replacen("api: { routes: [POST /classify] }", routes, 1));
    project.write("stacks/tiny/headlines.csv", &some_headlines(1500));

    // Before it is deployed the address is open, and so it is where nobody is to look.
    let open = project.deploy(&["openapi"]).ok();
    assert!(open.stdout.contains("execute-api/{api}"), "{open}");
    project.deploy(&["up"]).ok();
    let offline = project.deploy(&["openapi", "--offline"]).ok();
    assert_eq!(offline.stdout, open.stdout);

    let document = project.deploy(&["openapi", "--output", "json"]).ok();
    let url = document.json()["servers"][0]["url"].clone();
    let url = url.as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let file = project.path().join("openapi.json");
    fs::write(&file, &document.stdout).unwrap();
    tools::must_succeed(
        Command::new(&tester)
            .args(["-m", "schemathesis.cli", "run"])
            .arg(&file)
            .args(["--url", url, "--checks", CHECKS])
            .args(["--mode", "all", "--max-examples", "40"])
            .args(["--seed", "1", "--generation-deterministic", "--no-color"])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("NO_PROXY", "127.0.0.1")
            .current_dir(project.path()),
    );
    project.deploy(&["down"]).ok();
}
