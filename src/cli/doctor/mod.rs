//! `deploy doctor`.

mod cloud;
mod machine;

use clap::Args;
use serde_json::{Value, json};

use super::context::{Environment, Global, Selection, variable};
use super::failure::Failure;
use super::output::{self, Format};
use crate::doctor::{self, Check, Finding, State, Way, together};
use crate::stack::Target;

/// Arguments of `deploy doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
A line for each check: `ok`, `warning`, `failed`, or `skipped` with why it cannot be told. Where no service can be
reached, and all for the same reason, one line says it; JSON has an entry for each check always. Nothing is changed,
and nothing is made. The exit code is 1 when a check failed, and 0 otherwise.

Examples:
  deploy doctor                              this machine: Python, disk, memory, port
  deploy doctor --env staging                account, clock, permissions, quotas, images, bucket
  deploy doctor --env staging --offline      only what needs no network
  deploy doctor --env staging --output json  for a CI job before `deploy up`")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// Only what needs no network
    #[arg(long)]
    offline: bool,
}

/// Looks whether an environment could be brought up.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::load(global, &arguments.selection)?;
    let mut told = Told::new(global);
    match &environment.stack.target {
        Target::Local(target) => {
            let ready = super::local::ready(global, &environment.project, target).await?;
            told.run(machine::engine(global, target, &ready)?).await;
        }
        Target::Aws(_) if arguments.offline => {
            told.run(cloud::offline(&environment)).await;
        }
        Target::Aws(_) => {
            let session = environment.start_session(global).await?;
            let way = way();
            cloud::online(&mut told, &environment, &session.cloud, &way).await?;
        }
    }
    told.run(machine::anywhere(global)?).await;
    told.end(&environment)
}

/// How requests get to AWS, as the environment says.
fn way() -> Way {
    let proxy = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    Way {
        instead: variable("AWS_ENDPOINT_URL"),
        proxy: proxy.into_iter().find_map(variable),
    }
}

/// Shows findings as they come, and keeps them.
struct Told {
    format: Format,
    list: Vec<Value>,
    /// The title and the finding of each service, until all of them are there.
    services: Vec<(String, Finding)>,
    failed: usize,
}

impl Told {
    fn new(global: &Global) -> Self {
        Self {
            format: global.output,
            list: Vec::new(),
            services: Vec::new(),
            failed: 0,
        }
    }

    /// Runs checks, and shows each finding as soon as those before it are.
    async fn run(&mut self, checks: Vec<Check<'_>>) {
        doctor::run(checks, |id, title, finding| self.tell(id, title, finding)).await;
        self.show_services();
    }

    fn tell(&mut self, id: &str, title: &str, finding: &Finding) {
        if finding.state == State::Failed {
            self.failed += 1;
        }
        if finding.address.is_some() {
            self.services.push((title.to_owned(), finding.clone()));
        } else {
            self.show_services();
            self.show(title, finding);
        }
        let mut value = json!(finding);
        value["id"] = json!(id);
        value["title"] = json!(title);
        self.list.push(value);
    }

    /// Shows what was found of the services: in one line where it is the same of all.
    fn show_services(&mut self) {
        let found = std::mem::take(&mut self.services);
        if let Some((title, finding)) = together(&found) {
            self.show(&title, &finding);
            return;
        }
        for (title, finding) in &found {
            self.show(title, finding);
        }
    }

    fn show(&self, title: &str, finding: &Finding) {
        if self.format == Format::Human {
            for line in output::finding(title, finding) {
                output::text(&line);
            }
        }
    }

    /// Ends with how all of it came out.
    fn end(self, environment: &Environment) -> Result<(), Failure> {
        if self.format == Format::Json {
            output::result(&json!({
                "stack": environment.stack.name.as_str(),
                "environment": environment.stack.environment.as_str(),
                "ok": self.failed == 0,
                "checks": self.list,
            }));
        }
        match self.failed {
            0 => Ok(()),
            1 => Err(Failure::reported("1 check failed")),
            many => Err(Failure::reported(format!("{many} checks failed"))),
        }
    }
}
