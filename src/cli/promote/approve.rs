//! `deploy approve`.

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::super::context::{Environment, Global, Selection, StackArgument};
use super::super::failure::Failure;
use super::super::output::{self, Format};
use super::candidate::{Serving, source_of};
use super::pin::nothing_pinned;
use super::terms;
use crate::plan::main_metric;
use crate::release::{NAMESPACE, statement};

/// Arguments of `deploy approve`.
#[derive(Debug, Args)]
#[command(after_help = "\
What serves in FROM now is approved, or with `--pin` what is pinned, and nothing else: another release
needs another approval. Who may is said by `promotion.approvals.signers` in the stack file, in the format
of OpenSSH's allowed_signers; the signatures are those of `ssh-keygen`, by Ed25519 keys. Nothing is
changed or kept.

Examples:
  deploy approve staging prod > approval
  ssh-keygen -Y sign -n deploy -f ~/.ssh/id_ed25519 approval
  deploy promote staging prod --approval approval.sig
  deploy approve staging prod --pin > approval     for `deploy up --env prod --approval …`")]
pub(in crate::cli) struct Arguments {
    /// The environment whose release is taken over
    #[arg(value_name = "FROM")]
    from: String,
    /// The environment that takes it over
    #[arg(value_name = "TO")]
    to: String,
    #[command(flatten)]
    stack: StackArgument,
    /// Approve what is pinned, whatever serves in FROM by now
    #[arg(long)]
    pin: bool,
}

/// Prints what is to be signed.
pub(in crate::cli) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let selection = Selection::of(&arguments.stack, &arguments.to);
    let to = Environment::load(global, &selection)?;
    let name = &to.stack.environment;
    let approvals = terms(&to, &arguments.from)?.approvals;
    let Some(signers) = approvals.and_then(|approvals| approvals.signers) else {
        return Err(Failure::usage(format!(
            "no signature is asked before `{name}` takes a release over"
        ))
        .hint("`promotion.approvals.signers` in the stack file names a file of who may sign"));
    };
    let from = to.sibling(&arguments.from)?;
    let approved = if arguments.pin {
        pinned(&from, &to)?
    } else {
        serving(global, &from, &to).await?
    };
    show(global, &signers, approved);
    Ok(())
}

/// What is approved.
struct Approved {
    /// The text that is signed.
    text: String,
    /// What it is, for people.
    title: String,
    /// What it is, for programs, with its name.
    told: (&'static str, Value),
}

/// What is pinned.
fn pinned(from: &Environment, to: &Environment) -> Result<Approved, Failure> {
    let pin = to.pin()?;
    let pin = pin.ok_or_else(|| nothing_pinned(to.stack.environment.as_str()))?;
    let release = &pin.promotion.from.release;
    Ok(Approved {
        text: pin.statement(),
        title: format!(
            "{}: {release}, pinned by {} at {:.0}",
            from.title(),
            pin.by,
            pin.at
        ),
        told: ("pin", json!(pin)),
    })
}

/// What serves in the environment that is promoted from.
async fn serving(
    global: &Global,
    from: &Environment,
    to: &Environment,
) -> Result<Approved, Failure> {
    let recorded = Serving::look(global, from).await?.recorded;
    let source = source_of(from, &recorded);
    let release = &recorded.release;
    let metric = main_metric(&release.model.metrics);
    let metric = metric.map(|(name, value)| format!(", {name} {}", output::number(value)));
    Ok(Approved {
        text: statement(
            to.stack.name.as_str(),
            &source,
            to.stack.environment.as_str(),
        ),
        title: format!(
            "{}: {} by {} at {:.0}{}",
            from.title(),
            release.id,
            release.by,
            release.at,
            metric.unwrap_or_default()
        ),
        told: ("release", json!(release)),
    })
}

fn show(global: &Global, signers: &Path, approved: Approved) {
    let Approved { text, title, told } = approved;
    if global.output == Format::Json {
        let (name, value) = told;
        output::result(&json!({
            "text": text,
            "namespace": NAMESPACE,
            "signers": signers,
            name: value,
        }));
        return;
    }
    output::note(&title);
    output::text(text.trim_end());
    output::note(&format!(
        "to approve, write this into a file, and sign it: `ssh-keygen -Y sign -n {NAMESPACE} -f KEY FILE`"
    ));
}
