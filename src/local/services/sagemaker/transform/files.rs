//! The objects of a job: each asked about record by record, its answers assembled into one file.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use http_body_util::{BodyExt, Full};
use tokio::time::timeout;

use super::super::endpoints::Server;
use super::super::runtime::chain;
use super::batches::{Batches, records};
use super::run::Run;
use super::scripted;

/// Why objects have no answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The container says that it was asked the wrong thing.
    Client,
    /// The container does not answer, or fails.
    Algorithm,
}

impl Failure {
    /// `FailureReason`, as aws/deep-learning-containers#586 has it.
    pub(super) fn reason(self) -> String {
        let class = match self {
            Self::Client => "ClientError",
            Self::Algorithm => "AlgorithmError",
        };
        format!("{class}: See job logs for more information")
    }
}

/// Asks about every object, and stores the answers once all were asked. Returns the first failure, if some
/// object has none.
///
/// # Errors
/// Objects cannot be read or stored.
pub(super) async fn files(run: &Run, server: &Server) -> Result<Option<Failure>, String> {
    let store = &run.service.parts.store;
    let (from, to) = (&run.request.input, &run.request.output);
    let input = run.place.folder("input");
    let output = run.place.folder("output");
    fs::create_dir_all(&input).map_err(|error| error.to_string())?;
    let got = store.download_prefix(&from.bucket, &from.key, &input).await;
    got.map_err(|fault| fault.to_string())?;
    let mut names = Vec::new();
    below(&input, Path::new(""), &mut names).map_err(|error| error.to_string())?;
    names.sort();
    let (mut failure, mut answered) = (None, Vec::new());
    for name in names {
        let answers = output.join(&name);
        match file(run, server, &input.join(&name), &answers, &name).await? {
            Some(failed) => drop(failure.get_or_insert(failed)),
            None => answered.push((name, answers)),
        }
    }
    for (name, answers) in answered {
        let to = to.join(&format!("{}.out", name.display()));
        let stored = store.put_file(&to.bucket, &to.key, &answers).await;
        stored.map_err(|fault| format!("{to} cannot be stored: {fault}"))?;
    }
    Ok(failure)
}

/// Finds the files below a folder.
fn below(folder: &Path, name: &Path, names: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = name.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            below(&entry.path(), &name, names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}

/// Asks about one object, and assembles the answers; returns why there are none.
async fn file(
    run: &Run,
    server: &Server,
    input: &Path,
    answers: &Path,
    name: &Path,
) -> Result<Option<Failure>, String> {
    let trouble = |error: std::io::Error| format!("{}: {error}", name.display());
    if let Some(folder) = answers.parent() {
        fs::create_dir_all(folder).map_err(trouble)?;
    }
    let mut out = BufWriter::new(fs::File::create(answers).map_err(trouble)?);
    let batches = Batches::open(input, &run.request).map_err(trouble)?;
    let at_once = usize::try_from(run.request.concurrency).unwrap_or(1);
    let mut replies = stream::iter(batches)
        .map(|batch| async move {
            match batch {
                Ok(body) => {
                    let records = records(run.request.split, &body);
                    let reply = ask(run, server, body).await;
                    run.tally.count(records, reply.is_ok());
                    reply
                }
                Err(error) => {
                    run.tally.count(1, false);
                    Err(Refusal::record(&error))
                }
            }
        })
        .buffered(at_once);
    let mut first = true;
    while let Some(reply) = replies.next().await {
        match reply {
            Ok(body) => {
                if !std::mem::take(&mut first) && run.request.assemble_lines {
                    out.write_all(b"\n").map_err(trouble)?;
                }
                out.write_all(&body).map_err(trouble)?;
            }
            Err(refusal) => {
                refusal.log(run, name);
                return Ok(Some(refusal.failure));
            }
        }
    }
    if run.request.assemble_lines {
        out.write_all(b"\n").map_err(trouble)?;
    }
    out.flush().map_err(trouble)?;
    Ok(None)
}

/// A request without an answer.
struct Refusal {
    failure: Failure,
    /// What it is called in the log.
    title: String,
    text: String,
}

impl Refusal {
    /// A record that cannot be sent.
    fn record(error: &std::io::Error) -> Self {
        Self {
            failure: Failure::Client,
            title: "ClientError: Fail to process a record".to_owned(),
            text: error.to_string(),
        }
    }

    /// No answer at all: as in aws/sagemaker-python-sdk#1951.
    fn silence(text: String) -> Self {
        Self {
            failure: Failure::Algorithm,
            title: "Unable to get response from algorithm".to_owned(),
            text,
        }
    }

    /// An answer that is an error: as in aws/amazon-sagemaker-examples#1620 and
    /// aws/sagemaker-tensorflow-serving-container#93.
    fn status(status: StatusCode, body: &Bytes) -> Self {
        let code = status.as_u16();
        let (failure, title) = if status.is_client_error() {
            (Failure::Client, format!("ClientError: {code}"))
        } else {
            let title = format!("Bad HTTP status received from algorithm: {code}");
            (Failure::Algorithm, title)
        };
        Self {
            failure,
            title,
            text: String::from_utf8_lossy(body).into_owned(),
        }
    }

    fn log(&self, run: &Run, name: &Path) {
        let object = format!("{}/{}", run.request.input.bucket, name.display());
        for text in [&self.title, "", "Message:", &self.text] {
            run.data_log
                .line(format!("[sagemaker logs]: {object}: {text}"));
        }
    }
}

/// Sends one request; one that fails is sent again as often as the job says, unless it is wrong.
async fn ask(run: &Run, server: &Server, body: Bytes) -> Result<Bytes, Refusal> {
    let Some(url) = server.url("/invocations") else {
        return Ok(scripted::answers(&body));
    };
    let mut left = run.request.retries;
    loop {
        match once(run, &url, body.clone()).await {
            Err(refusal) if refusal.failure == Failure::Algorithm && left > 0 => left -= 1,
            reply => return reply,
        }
    }
}

async fn once(run: &Run, url: &str, body: Bytes) -> Result<Bytes, Refusal> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = Method::POST;
    // The address is made of a port and a constant path.
    if let Ok(uri) = url.parse() {
        *request.uri_mut() = uri;
    }
    for (name, value) in [
        (header::CONTENT_TYPE, &run.request.content_type),
        (header::ACCEPT, &run.request.accept),
    ] {
        if let Some(Ok(value)) = value.as_deref().map(HeaderValue::from_str) {
            request.headers_mut().insert(name, value);
        }
    }
    let answer = async {
        let sent = run.service.client.request(request).await;
        let (head, body) = sent
            .map_err(|error| Refusal::silence(chain(&error)))?
            .into_parts();
        let body = body.collect().await;
        let body = body
            .map_err(|error| Refusal::silence(error.to_string()))?
            .to_bytes();
        if head.status.is_success() {
            Ok(body)
        } else {
            Err(Refusal::status(head.status, &body))
        }
    };
    match timeout(run.request.timeout, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(Refusal::silence(format!(
            "no answer within {} s",
            run.request.timeout.as_secs()
        ))),
    }
}
