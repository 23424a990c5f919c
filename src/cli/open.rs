//! `deploy open`.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::browser;
use super::codes;
use super::context::{Environment, Global, Selection};
use super::failure::Failure;
use super::live::live;
use super::local;
use super::output::{self, Format};
use crate::stack::Target;

/// Arguments of `deploy open`.
#[derive(Debug, Args)]
#[command(after_help = "\
By default the page of the local engine, or the stack's page in the AWS console.

Examples:
  deploy open
  deploy open --env staging endpoint
  deploy open --env staging --print api")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// What to open
    #[arg(value_enum, default_value_t = What::Stack)]
    what: What,
    /// Print the address, and open nothing
    #[arg(long)]
    print: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The stack of what serves
    Stack,
    /// The endpoint
    Endpoint,
    /// The function
    Function,
    /// The HTTP API
    Api,
}

/// Opens the page of what was deployed.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let live = live(global, &environment).await?;
    let address = match &environment.stack.target {
        // The engine has one page for everything, at the root of what also serves the API.
        Target::Local(_) => {
            let key = local::page_key(&environment.project)?;
            format!("{}?key={key}", root(live.output("ApiUrl")?))
        }
        Target::Aws(target) => {
            let page = match arguments.what {
                What::Stack => format!(
                    "cloudformation/home?region={0}#/stacks/stackinfo?stackId={1}",
                    target.region,
                    encoded(&live.service.id)
                ),
                What::Endpoint => format!(
                    "sagemaker/home?region={0}#/endpoints/{1}",
                    target.region,
                    live.output("EndpointName")?
                ),
                What::Function => format!(
                    "lambda/home?region={0}#/functions/{1}",
                    target.region,
                    live.output("FunctionName")?
                ),
                What::Api => format!(
                    "apigateway/main/api-detail?api={1}&region={0}",
                    target.region,
                    live.output("ApiId")?
                ),
            };
            format!("https://{}.console.aws.amazon.com/{page}", target.region)
        }
    };
    if global.output == Format::Json {
        output::result(&json!({ "url": address }));
    } else {
        output::text(&address);
    }
    if arguments.print {
        return Ok(());
    }
    let opened = match &environment.stack.target {
        // Every user of the machine sees what programs are started with, and is not to see the key.
        Target::Local(_) => local::page_file(&environment.project, &address)?,
        Target::Aws(_) => address.into(),
    };
    browser::open(&opened).map_err(|why| {
        Failure::failed(anyhow::anyhow!("no browser was opened: {why}"))
            .kind(&codes::NO_BROWSER)
            .hint("`--print` only prints the address")
    })
}

/// The scheme, host and port of a URL.
fn root(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find('/').map_or(url.len(), |at| host + at + 1);
    &url[..end]
}

fn encoded(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_is_found_at_the_root_of_what_it_serves() {
        let api = "http://127.0.0.1:4599/_aws/execute-api/a1";
        assert_eq!(root(api), "http://127.0.0.1:4599/");
        assert_eq!(root("http://127.0.0.1:4599"), "http://127.0.0.1:4599");
        assert_eq!(encoded("arn:aws:x/y"), "arn%3Aaws%3Ax%2Fy");
    }
}
