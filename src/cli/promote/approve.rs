//! `deploy approve`.

use clap::Args;
use serde_json::json;

use super::super::context::{Environment, Global, Selection};
use super::super::failure::Failure;
use super::super::output::{self, Format};
use super::candidate::{Serving, source_of};
use super::terms;
use crate::plan::headline_metric;
use crate::release::{NAMESPACE, statement};

/// Arguments of `deploy approve`.
#[derive(Debug, Args)]
#[command(after_help = "\
What serves in FROM now is approved, and nothing else: another release needs another approval. Who may is
said by `promotion.approvals.signers` in the stack file, in the format of OpenSSH's allowed_signers; the
signatures are those of `ssh-keygen`, by Ed25519 keys. Nothing is changed or kept.

Examples:
  deploy approve staging prod > approval
  ssh-keygen -Y sign -n deploy -f ~/.ssh/id_ed25519 approval
  deploy promote staging prod --approval approval.sig")]
pub(in crate::cli) struct Arguments {
    /// The environment whose release is taken over
    #[arg(value_name = "FROM")]
    from: String,
    /// The environment that takes it over
    #[arg(value_name = "TO")]
    to: String,
    /// The stack: its name or its file; by default the only one under stacks/
    #[arg(long, short, env = "DEPLOY_STACK", value_name = "STACK")]
    stack: Option<String>,
}

/// Prints what is to be signed.
pub(in crate::cli) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let selection = Selection::of(arguments.stack.clone(), &arguments.to);
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
    let serving = Serving::look(global, &from).await?;
    let source = source_of(&from, &serving.recorded);
    let text = statement(to.stack.name.as_str(), &source, name.as_str());
    if global.output == Format::Json {
        output::result(&json!({
            "text": text,
            "namespace": NAMESPACE,
            "signers": signers,
            "release": serving.recorded.release,
        }));
        return Ok(());
    }
    let release = &serving.recorded.release;
    let metric = headline_metric(&release.model.metrics);
    let metric = metric.map(|(name, value)| format!(", {name} {}", output::number(value)));
    output::note(&format!(
        "{}: {} by {} at {:.0}{}",
        from.title(),
        release.id,
        release.by,
        release.at,
        metric.unwrap_or_default()
    ));
    output::text(text.trim_end());
    output::note(&format!(
        "to approve, write this into a file, and sign it: `ssh-keygen -Y sign -n {NAMESPACE} -f KEY FILE`"
    ));
    Ok(())
}
