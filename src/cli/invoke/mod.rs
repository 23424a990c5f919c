//! `deploy invoke`.

mod batch;

use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use super::codes;
use super::context::{Environment, Global, Selection};
use super::failure::{Failure, USAGE, of_request};
use super::live::{Live, credential, live};
use super::output::{self, Format};
use crate::cloud::web::Credential;

/// Arguments of `deploy invoke`.
#[derive(Debug, Args)]
#[command(after_help = "\
Many texts are sent together, as many as the limits of function and model allow. Where the API wants
a token, it is taken from the environment variable DEPLOY_TOKEN; where it wants signed requests, they
are signed with the environment's credentials.

Examples:
  deploy invoke \"Fed official says weak data caused by weather\"
  deploy invoke --endpoint \"New phone unveiled\" \"Singer cancels tour\" --output json
  deploy invoke --file texts.txt                one text a line
  tail texts.txt | deploy invoke")]
pub(super) struct Arguments {
    /// Texts to classify; without any and without --file they are read from stdin, one a line
    #[arg(value_name = "TEXT")]
    texts: Vec<String>,
    /// A file of texts, one a line; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "texts")]
    file: Option<PathBuf>,
    #[command(flatten)]
    selection: Selection,
    /// Ask the endpoint itself, not the HTTP API before it
    #[arg(long, conflicts_with = "lambda")]
    endpoint: bool,
    /// Ask the function itself, not the HTTP API before it
    #[arg(long)]
    lambda: bool,
}

/// Classifies texts.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let texts = texts(arguments)?;
    let environment = Environment::load(global, &arguments.selection)?;
    let live = live(global, &environment).await?;
    let way = if arguments.endpoint {
        Way::Endpoint(live.output("EndpointName")?)
    } else if arguments.lambda {
        Way::Function(live.output("FunctionName")?)
    } else {
        Way::Api(live.output("ClassifyUrl")?, credential(&environment)?)
    };
    let mut answers = Vec::new();
    for batch in batch::batches(&texts) {
        answers.extend(way.ask(&live, batch).await?);
    }
    show(global, &texts, &answers);
    Ok(())
}

fn texts(arguments: &Arguments) -> Result<Vec<String>, Failure> {
    if !arguments.texts.is_empty() {
        return Ok(arguments.texts.clone());
    }
    let file = arguments.file.as_deref().unwrap_or(Path::new("-"));
    let text = if file == Path::new("-") {
        if arguments.file.is_none() && io::stdin().is_terminal() {
            let failure = Failure::usage("there is no text to classify");
            return Err(failure.hint("write it in quotation marks after `deploy invoke`"));
        }
        let mut text = String::new();
        io::stdin()
            .read_to_string(&mut text)
            .map(|_| text)
            .context("cannot read texts from stdin")
    } else {
        let doing = || format!("cannot read {}", file.display());
        std::fs::read_to_string(file).with_context(doing)
    };
    let text = text.map_err(|error| Failure::with_code(USAGE, error))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let texts: Vec<String> = lines.map(str::to_owned).collect();
    if texts.is_empty() {
        return Err(Failure::usage("there are no texts in what was read"));
    }
    Ok(texts)
}

/// Who is asked, by name or address.
enum Way<'a> {
    Endpoint(&'a str),
    Function(&'a str),
    Api(&'a str, Credential),
}

impl Way<'_> {
    /// Asks for several texts at once. Whoever takes no lists is asked one by one; any other trouble
    /// shows itself again.
    async fn ask(&self, live: &Live, texts: &[String]) -> Result<Vec<Value>, Failure> {
        let together = self.answers(live, texts).await;
        if together.is_ok() || texts.len() == 1 {
            return together;
        }
        let mut answers = Vec::new();
        for text in texts {
            answers.extend(self.answers(live, std::slice::from_ref(text)).await?);
        }
        Ok(answers)
    }

    async fn answers(&self, live: &Live, texts: &[String]) -> Result<Vec<Value>, Failure> {
        let cloud = &live.session.cloud;
        let (whose, text) = match self {
            Self::Endpoint(name) => {
                let answer = cloud.endpoints.invoke(name, &batch::inputs(texts)).await;
                (*name, answer.map_err(of_request("ask the endpoint"))?)
            }
            Self::Function(name) => {
                let answer = cloud.functions.call(name, &batch::question(texts)).await;
                let answer = answer.map_err(of_request("call the function"))?;
                if let Some(error) = answer.error {
                    let text = format!("{name} failed ({error}): {}", answer.payload);
                    return Err(Failure::failed(anyhow::Error::msg(text))
                        .kind(&codes::API_REFUSED)
                        .hint("`deploy logs function` shows what it wrote"));
                }
                (*name, body(name, &answer.payload)?)
            }
            Self::Api(url, credential) => {
                let question = batch::question(texts);
                let answer = cloud.web.post_json_as(url, &question, credential).await;
                let answer = answer.map_err(of_request("call the API"))?;
                (*url, accepted(url, answer.status.into(), answer.body)?)
            }
        };
        let value: Value = serde_json::from_str(&text)
            .with_context(|| format!("the answer of {whose} is no JSON: {text}"))
            .map_err(Failure::failed)?;
        batch::answers(value, texts.len()).ok_or_else(|| {
            let text = format!("{whose} did not answer one by one: {text}");
            Failure::failed(anyhow::Error::msg(text)).kind(&codes::API_REFUSED)
        })
    }
}

/// The body of a function's HTTP answer; a function that answers something else answers just that.
fn body(name: &str, payload: &str) -> Result<String, Failure> {
    let value: Value = serde_json::from_str(payload).unwrap_or_default();
    let (Some(status), Some(body)) = (value["statusCode"].as_u64(), value["body"].as_str()) else {
        return Ok(payload.to_owned());
    };
    accepted(name, status, body.to_owned())
}

fn accepted(whose: &str, status: u64, body: String) -> Result<String, Failure> {
    if status == 200 {
        return Ok(body);
    }
    let message = format!("{whose} answered HTTP {status}: {body}");
    let failure = Failure::failed(anyhow::Error::msg(message)).kind(&codes::API_REFUSED);
    Err(match status {
        401 | 403 => {
            failure.hint("the API lets in only who may call it: a token or a signature is wrong")
        }
        _ => failure,
    })
}

fn show(global: &Global, texts: &[String], answers: &[Value]) {
    let pairs = texts.iter().zip(answers);
    if global.output == Format::Json {
        let pairs = pairs.map(|(text, answer)| json!({ "text": text, "answer": answer }));
        output::result(&Value::Array(pairs.collect()));
        return;
    }
    for (text, answer) in pairs {
        let label = answer["predicted_label"].as_str().unwrap_or("?");
        let probability = batch::probability(answer);
        output::text(&format!("{label:<14} {probability:>6}  {text}"));
    }
}
