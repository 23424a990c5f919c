//! Requests that are wrong, and a service that fails: for each the status and the body that callers get, with
//! the shipped binary, the real function and a model that does what the headline says.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;

use crate::faults::{training_of, with_script};
use crate::support::project::{Project, eventually, process_ids_of};
use crate::support::tools;

/// A model that fails on demand, each time with a secret that no caller may see.
const FRAGILE: &str = r#"
import json, os, time
def model_fn(model_dir): return None
def input_fn(body, content_type): return json.loads(body)
def predict_fn(data, model):
    do = data["inputs"]
    if do == "raise": raise RuntimeError("secret-detail")
    if do == "die": os._exit(9)
    if do == "sleep":
        open("MARK", "w").close()
        time.sleep(4)
    if do == "nonsense": return "secret-detail"
    return {"predicted_label": "Business", "probabilities": [[1, 0, 0, 0]]}
def output_fn(answer, accept): return json.dumps(answer)
"#;

/// The file that the model makes when it falls asleep.
const ASLEEP: &str = "asleep";

/// An answer: status and body.
type Answer = (u16, String);

/// A service whose model can be made to fail.
struct Service {
    project: Project,
    host: String,
    /// The path of the API, without a slash at its end.
    root: String,
}

impl Service {
    /// Brings up a service with the given section `api`.
    fn up(api: &str) -> Self {
        // What many systems begin with: the engine has to ask for more itself.
        open_files(1024);
        let project = with_script("");
        let mark = project.path().join(ASLEEP);
        let model = FRAGILE.replace("MARK", &mark.display().to_string());
        project.write("stacks/tiny/code/train.py", &training_of(&model));
        let stack = project.path().join("stacks/tiny/stack.yaml");
        let text = std::fs::read_to_string(&stack).unwrap();
        let text = text
            .replacen("api: { routes: [POST /classify] }", api, 1)
            // Of these the function keeps four for itself, and the model is waited for the rest.
            .replacen("timeout: 25s", "timeout: 7s", 1);
        std::fs::write(&stack, text).unwrap();
        let up = project.deploy(&["up", "--output", "json"]).ok().json();
        let url = up["outputs"]["ApiUrl"].as_str().unwrap();
        let (host, path) = url
            .strip_prefix("http://")
            .unwrap()
            .split_once('/')
            .unwrap();
        Self {
            host: host.to_owned(),
            root: format!("/{path}"),
            project,
        }
    }

    fn open(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.host).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_mins(1)))
            .unwrap();
        stream
    }

    /// Sends a request; `headers` end with a line end each.
    fn send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let mut stream = self.open();
        let head = format!(
            "{method} {}{path} HTTP/1.1\r\nhost: {}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n",
            self.root,
            self.host,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        // An answer may come before all was sent.
        let _ = stream.write_all(body);
        answer(stream)
    }

    fn post(&self, body: &[u8]) -> Answer {
        self.send(
            "POST",
            "/classify",
            "content-type: application/json\r\n",
            body,
        )
    }

    fn headline(&self, headline: &str) -> Answer {
        self.post(format!(r#"{{"headline": "{headline}"}}"#).as_bytes())
    }
}

fn answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // What follows the answer is a reset where the request was not read to its end.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("{text:?}"));
    assert!(head.contains("apigw-requestid: "), "{head}");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

/// Requires a status and the code of the function's problem, with a request id and no secret.
#[track_caller]
fn problem((status, body): Answer, expected: u16, code: &str) {
    let problem: Value = serde_json::from_str(&body).unwrap_or_default();
    assert_eq!(
        (status, problem["error"]["code"].as_str()),
        (expected, Some(code)),
        "{body}"
    );
    assert!(!problem["error"]["message"].as_str().unwrap().is_empty());
    assert_eq!(problem["error"]["request_id"].as_str().unwrap().len(), 36);
    assert!(!body.contains("secret"), "{body}");
}

/// Requires an answer of the API itself.
#[track_caller]
fn message((status, body): Answer, expected: u16, text: &str) {
    let message = format!(r#"{{"message":"{text}"}}"#);
    assert_eq!((status, body), (expected, message));
}

#[test]
fn whatever_goes_wrong_has_an_honest_status_and_a_body() {
    let service = Service::up("api: { throttle: { rate: 10000, burst: 5000 } }");
    bad_requests(&service);
    thousand_connections(&service);
    failing_model(&service);
    killed_function(&service);
    endpoint_gone(&service);
    service.project.deploy(&["down"]).ok();
}

fn bad_requests(service: &Service) {
    assert_eq!(service.headline("x").0, 200);
    problem(service.post(b"{"), 400, "bad_request");
    problem(service.post(b""), 400, "bad_request");
    problem(service.post(b"\xff\xfe\x00"), 400, "bad_request");
    problem(service.post(&vec![b'['; 100_000]), 400, "bad_request");
    problem(service.post(&vec![b' '; 300_000]), 413, "too_large");
    let large = "Request Entity Too Large";
    message(service.post(&vec![b' '; 7 << 20]), 413, large);
    message(service.post(&vec![b' '; 11 << 20]), 413, large);

    // The content type is no matter, as it is none to whoever types a request; the content is.
    let of = |kind: &str, body: &[u8]| {
        let header = format!("content-type: {kind}\r\n");
        service.send("POST", "/classify", &header, body)
    };
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
    ] {
        assert_eq!(of(kind, br#"{"headline": "x"}"#).0, 200, "{kind}");
        problem(of(kind, b"headline=x"), 400, "bad_request");
    }

    message(
        service.send("PUT", "/classify", "", b"{}"),
        404,
        "Not Found",
    );
    message(service.send("GET", "/nothing", "", b""), 404, "Not Found");
    let long = format!("x-long: {}\r\n", "y".repeat(11_000));
    message(
        service.send("GET", "/health", &long, b""),
        431,
        "Request Header Fields Too Large",
    );
    let health = service.send("GET", "/health", "", b"");
    assert_eq!(health, (200, r#"{"status": "ok"}"#.to_owned()));
}

/// Sets how many files this process, and what it starts, may have open.
fn open_files(most: u64) {
    let limit = getrlimit(Resource::Nofile);
    let current = Some(limit.maximum.map_or(most, |maximum| maximum.min(most)));
    setrlimit(Resource::Nofile, Rlimit { current, ..limit }).unwrap();
}

/// A thousand callers at the same moment all get an answer, and so does a slow one between them.
fn thousand_connections(service: &Service) {
    open_files(4096);
    let request = format!(
        "GET {}/health HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        service.root, service.host
    );
    let (first, rest) = request.split_at(20);
    let mut slow = service.open();
    slow.write_all(first.as_bytes()).unwrap();
    let mut callers: Vec<TcpStream> = (0..1000).map(|_| service.open()).collect();
    for caller in &mut callers {
        caller.write_all(request.as_bytes()).unwrap();
    }
    slow.write_all(rest.as_bytes()).unwrap();
    callers.push(slow);
    for caller in callers {
        assert_eq!(answer(caller), (200, r#"{"status": "ok"}"#.to_owned()));
    }
}

fn failing_model(service: &Service) {
    problem(service.headline("raise"), 502, "bad_model_answer");
    problem(service.headline("nonsense"), 502, "bad_model_answer");
    problem(service.headline("sleep"), 504, "timeout");
    // The worker answers one after the other, and what it sleeps over still has to end.
    eventually("the model sleeps on", || service.headline("x").0 == 200);
    // A worker that dies takes its request with it; the next one finds another worker.
    problem(service.headline("die"), 502, "bad_model_answer");
    eventually("no worker took over", || service.headline("x").0 == 200);
}

/// A function whose process is killed in a request fails that request only.
fn killed_function(service: &Service) {
    let body = r#"{"headline": "sleep"}"#;
    let mut caller = service.open();
    let head = format!(
        "POST {}/classify HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        service.root,
        service.host,
        body.len()
    );
    let asleep = service.project.path().join(ASLEEP);
    std::fs::remove_file(&asleep).unwrap();
    caller.write_all(head.as_bytes()).unwrap();
    eventually("the model is not asked", || asleep.exists());
    let runtime = ".deploy/local/work/lambda/lambda_runtime.py";
    let functions = process_ids_of(&service.project.path().join(runtime));
    assert!(!functions.is_empty());
    for id in functions.keys() {
        let killed = Command::new("kill").args(["-9", &id.to_string()]).status();
        assert!(killed.unwrap().success());
    }
    message(answer(caller), 500, "Internal Server Error");
    // The model sleeps on.
    eventually("no function took over", || service.headline("x").0 == 200);
}

fn endpoint_gone(service: &Service) {
    let credentials = service.project.path().join(".deploy/local/credentials");
    let delete =
        "import boto3; boto3.client('sagemaker').delete_endpoint(EndpointName='tiny-local')";
    tools::must_succeed(
        Command::new(tools::interpreter("test"))
            .args(["-c", delete])
            .env("AWS_SHARED_CREDENTIALS_FILE", credentials)
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_ENDPOINT_URL", format!("http://{}", service.host)),
    );
    eventually("the endpoint is still there", || {
        service.headline("x").0 != 200
    });
    problem(service.headline("x"), 503, "unavailable");
    assert_eq!(
        service.send("GET", "/health", "", b"").0,
        200,
        "the API itself works"
    );
}

/// Signs a request like any client of AWS and prints the status of its answer.
const SIGNED: &str = r#"
import sys, urllib.request, boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
url, body = sys.argv[1], b'{"headline": "x"}'
request = AWSRequest("POST", url, data=body, headers={"content-type": "application/json"})
SigV4Auth(boto3.Session().get_credentials(), "execute-api", "us-east-1").add_auth(request)
headers = dict(request.headers.items())
print(urllib.request.urlopen(urllib.request.Request(url, body, headers)).status)
"#;

#[test]
fn an_api_that_asks_who_calls_is_brought_up_and_turns_strangers_away() {
    let service = Service::up(
        "api: { auth: iam, routes: [POST /classify, { route: PUT /classify, auth: { jwt: { issuer: \
         'http://127.0.0.1:9/', audience: [news] } } }, { route: GET /health, auth: none }] }",
    );
    message(service.headline("x"), 403, "Forbidden");
    message(
        service.send("PUT", "/classify", "", b"{}"),
        401,
        "Unauthorized",
    );
    let token = "authorization: Bearer a.b.c\r\n";
    message(
        service.send("PUT", "/classify", token, b"{}"),
        401,
        "Unauthorized",
    );
    assert_eq!(service.send("GET", "/health", "", b"").0, 200);
    let credentials = service.project.path().join(".deploy/local/credentials");
    let signed = tools::must_succeed(
        Command::new(tools::interpreter("test"))
            .args(["-c", SIGNED])
            .arg(format!("http://{}{}/classify", service.host, service.root))
            .env("AWS_SHARED_CREDENTIALS_FILE", credentials)
            .env("NO_PROXY", "127.0.0.1"),
    );
    assert_eq!(String::from_utf8_lossy(&signed.stdout).trim(), "200");
    let load = service.project.deploy(&[
        "load",
        "--rate",
        "20/s", // below the API's throttle
        "--warm-up",
        "0s",
        "--duration",
        "1s",
        "--assert",
        "errors<=0",
        "--assert",
        "rate>1/s",
    ]);
    load.ok();
    let status = service.project.deploy(&["status"]).ok().stdout;
    assert!(status.contains("health       well (HTTP 200)"), "{status}");
    let again = service.project.deploy(&["up", "--output", "json"]).ok();
    assert!(!again.stdout.contains(r#""action": "update""#), "{again}");
    service.project.deploy(&["down"]).ok();
}
