//! `deploy rollback`, and going back by itself when what was deployed does not serve.

use clap::Args;
use serde_json::json;

use super::codes;
use super::confirm::Stake;
use super::consent::Ask;
use super::context::{ChangeArguments, Environment, Global, Selection, StackArgument};
use super::cost::{self, Costed, PriceArguments};
use super::draft::again;
use super::failure::{FAILED, Failure, ROLLED_BACK, USAGE};
use super::output::{self, Format};
use super::releases::Known;
use super::{origin, reason};
use crate::plan::{Desired, NoEarlier};
use crate::reconcile::{self, Always, ReconcileError, Session, Skip, Up, UpOptions};
use crate::release::{Provenance, Release, ReleaseId};

/// Arguments of `deploy rollback`.
#[derive(Debug, Args)]
#[command(after_help = "\
An earlier release is deployed again, with its own templates, function and model; nothing is trained,
and no gate is asked. It becomes a release of its own. It works from a failed stack, too.

Examples:
  deploy rollback prod                     to the newest release of another content
  deploy rollback prod --to 7 --yes        to this one, without asking")]
pub(super) struct Arguments {
    /// The environment
    #[arg(value_name = "ENVIRONMENT")]
    environment: String,
    /// The release: its name, its number, or the beginning of what follows the number
    #[arg(long, value_name = "RELEASE")]
    to: Option<String>,
    /// Why; it is kept in the release
    #[arg(long, value_name = "REASON", value_parser = reason::read)]
    reason: Option<String>,
    #[command(flatten)]
    stack: StackArgument,
    #[command(flatten)]
    prices: PriceArguments,
    #[command(flatten)]
    change: ChangeArguments,
    /// When a roll-back of CloudFormation failed, leave what could not be rolled back as it is
    #[arg(long)]
    skip_failed: bool,
}

/// Deploys an earlier release again.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let selection = Selection::of(&arguments.stack, &arguments.environment);
    let environment = Environment::load(global, &selection)?;
    let prices = cost::at_hand(global, &environment.stack, &arguments.prices)?;
    let nothing = || Failure::from(NoEarlier::Nothing);
    let session = environment.session_to_look(global).await?;
    let mut session = session.ok_or_else(nothing)?;
    session.patience = arguments.change.patience();
    let known = Known::look(&session, &environment).await?;
    let current = known.current.as_ref();
    let release = known.earlier(current, arguments.to.as_deref())?.clone();
    if global.output == Format::Human {
        show(&environment, &release);
    }
    let desired = back(&environment, &session, &release, arguments.reason.clone()).await?;
    let options = UpOptions {
        skip: if arguments.skip_failed {
            Skip::Failed
        } else {
            Skip::Nothing
        },
        ..UpOptions::default()
    };
    let costed = Costed {
        ask: Ask {
            environment: &environment,
            question: format!("Go back to {}?", release.id),
            yes: arguments.change.yes(),
            stake: Stake::Change,
        },
        session: &session,
        desired: &desired,
        prices,
    };
    let result = Box::pin(reconcile::up(&session, &desired, options, &costed)).await;
    let Up { plan, outcome } = result.map_err(|error| origin::explained(&environment, error))?;
    if global.output == Format::Json {
        output::result(&json!({
            "stack": environment.stack.name.as_str(),
            "environment": environment.stack.environment.as_str(),
            "changed": !plan.changes_nothing(),
            "to": release.id,
            "release": outcome.release,
            "plan": plan.steps,
            "outputs": outcome.outputs,
        }));
        return Ok(());
    }
    let id = outcome.release.as_ref().map(ReleaseId::to_string);
    output::note(&format!(
        "{}: release {} serves, which is {} again",
        environment.title(),
        id.unwrap_or_default(),
        release.id
    ));
    if environment.stack.promotion.is_some() && environment.pin()?.is_some() {
        output::note(&format!(
            "{} pins something else still: revert it, or the next `deploy up --env {}` carries it out again",
            environment.pin_file().display(),
            environment.stack.environment
        ));
    }
    Ok(())
}

async fn back(
    environment: &Environment,
    session: &Session,
    release: &Release,
    reason: Option<String>,
) -> Result<Desired, Failure> {
    let provenance = Provenance::RolledBack {
        to: release.id.clone(),
        reason,
    };
    again(environment, session, release, provenance).await
}

/// Shows what is gone back to, and on what evidence it came to serve.
fn show(environment: &Environment, release: &Release) {
    output::note(&format!(
        "{}: back to {}, {} at {:.0} by {}",
        environment.title(),
        release.id,
        release.provenance,
        release.at,
        release.by
    ));
    if let Provenance::Promoted(promotion) = &release.provenance {
        for evidence in &promotion.evidence {
            output::note(&format!("then: {evidence}"));
        }
    }
}

/// Whether an error says that what was deployed does not serve, so that going back mends it.
pub(super) fn undoes(error: &ReconcileError) -> bool {
    matches!(
        error,
        ReconcileError::NotServing { .. }
            | ReconcileError::RolledBackSilently { .. }
            | ReconcileError::StackFailed { .. }
    )
}

/// Goes back to the release before, after what was desired did not come to serve, and says how that ended.
pub(super) async fn after(
    environment: &Environment,
    session: &Session,
    desired: &Desired,
    error: ReconcileError,
) -> Failure {
    let mut failure = origin::explained(environment, error);
    match Box::pin(go_back(environment, session, desired)).await {
        Ok(told) => {
            failure.code = ROLLED_BACK;
            failure.note(told)
        }
        Err(second) => {
            let text = second.text();
            failure.code = FAILED;
            failure
                .note(format!("going back failed, too: {text}"))
                .hint(format!(
                    "`deploy rollback {}` tries again",
                    environment.stack.environment
                ))
        }
    }
}

async fn go_back(
    environment: &Environment,
    session: &Session,
    desired: &Desired,
) -> Result<String, Failure> {
    let known = Known::look(session, environment).await?;
    let failed = desired.release(1);
    let release = known.earlier(Some(&failed), None)?;
    let reason = Some("what was deployed after it did not serve".to_owned());
    let desired = back(environment, session, release, reason).await?;
    let up = reconcile::up(session, &desired, UpOptions::default(), &Always).await?;
    let id = up.outcome.release.as_ref().map(ReleaseId::to_string);
    Ok(if up.plan.changes_nothing() {
        format!("release {} serves, as before", release.id)
    } else {
        format!(
            "went back: {} serves again, as release {}",
            release.id,
            id.unwrap_or_default()
        )
    })
}

impl From<NoEarlier> for Failure {
    fn from(error: NoEarlier) -> Self {
        let code = match error {
            NoEarlier::Nothing => FAILED,
            NoEarlier::Unknown(_) | NoEarlier::Several(..) => USAGE,
        };
        Self::with_code(code, error)
            .kind(&codes::NO_RELEASE)
            .hint("`deploy history ENVIRONMENT` lists the releases")
    }
}
