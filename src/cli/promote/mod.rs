//! `deploy promote`.

pub(super) mod approvals;
pub(super) mod approve;
mod candidate;
pub(super) mod pin;
mod probe;
mod show;

use clap::Args;
use serde_json::{Value, json};

use self::approvals::ApprovalArguments;
use self::candidate::{Serving, source_of};
use super::confirm::Stake;
use super::consent::Ask;
use super::context::{ChangeArguments, Environment, Global, Selection, StackArgument};
use super::cost::{self, Costed, PriceArguments};
use super::failure::{Failure, GATE_FAILED};
use super::output::{self, Format};
use super::{origin, reason, rollback, unsupported, warnings};
use crate::bundle::{Archive, Labelled, labelled};
use crate::cost::Prices;
use crate::plan::{self, Deployment, Desired, Observed, unproven};
use crate::reconcile::{self, Candidate, Session, Up, UpOptions, Upstream};
use crate::release::{Evidence, Promotion, Recorded, Release, ReleaseId, Unproven, statement};
use crate::render::Rendered;
use crate::stack::{Image, Promotion as Terms};

/// Arguments of `deploy promote`.
#[derive(Debug, Args)]
#[command(after_help = "\
What serves in FROM is taken over by TO: its model byte for byte, its templates and function as the
working tree has them, which must be what FROM has proven. What has to hold is said by `promotion` in the
stack file. Nothing is trained.

Examples:
  deploy promote staging prod              shows what differs and what was found, and asks
  deploy promote staging prod --yes        in CI
  deploy promote staging prod --approval approval.sig  with what `deploy approve` says how to make
  deploy promote staging prod --pin        writes prod.lock.yaml for a pull request, no more
  deploy up --env prod                     carries out what is pinned")]
pub(super) struct Arguments {
    /// The environment whose release is taken over
    #[arg(value_name = "FROM")]
    from: String,
    /// The environment that takes it over
    #[arg(value_name = "TO")]
    to: String,
    #[command(flatten)]
    stack: StackArgument,
    #[command(flatten)]
    prices: PriceArguments,
    #[command(flatten)]
    change: ChangeArguments,
    /// Write the promotion into a file beside the stack file, to be reviewed, in place of carrying it out
    #[arg(long)]
    pin: bool,
    #[command(flatten)]
    approvals: ApprovalArguments,
    /// Promote although the working tree is not what was proven; the reason is kept in the release
    #[arg(long, value_name = "REASON", value_parser = reason::read)]
    allow_unproven: Option<String>,
    /// Go back to the release before when what was promoted does not serve
    #[arg(long, conflicts_with = "pin")]
    rollback_on_failure: bool,
}

/// Both environments of a promotion, and what is known of them.
struct Both {
    from: Environment,
    to: Environment,
    terms: Terms,
    /// What serves in the one.
    candidate: Recorded,
    /// What serves in the other.
    serving: Option<Release>,
    observed: Observed,
    source: Session,
    session: Session,
    rendered: Rendered,
    function: Archive,
    /// The hold-out texts, if some are to be put to the one.
    texts: Vec<Labelled>,
    /// What the other costs is told by these; `None` where none are at hand.
    prices: Option<Prices>,
}

/// Takes a release over.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let mut both = Box::pin(Both::load(global, arguments)).await?;
    both.session.patience = arguments.change.patience();
    let unproven = both.unproven(arguments.allow_unproven.as_deref())?;
    let from = source_of(&both.from, &both.candidate);
    let to = both.to.stack.environment.clone();
    let text = statement(both.to.stack.name.as_str(), &from, to.as_str());
    let asked = both.terms.approvals.as_ref();
    let at = both.to.station.witness.now();
    // First, so that nobody waits for the gates to be told of a wrong signature.
    let approvals = approvals::collect(asked, &arguments.approvals, &text, at)?;
    let mut promotion = Promotion {
        from,
        evidence: Box::pin(both.evidence()).await?,
        approvals: Vec::new(),
        unproven,
    };
    promotion.approve(&approvals);
    if global.output == Format::Human {
        show::show(&both, &promotion).await?;
    }
    refuse_failed(&both.to, &promotion.from.release, &promotion.evidence)
        .map_err(|failure| with_promotion(failure, &promotion))?;
    let model = &both.candidate.release.model;
    let (stack, rendered, function) = (&both.to.stack, &both.rendered, &both.function);
    let desired = Desired::promoted(stack, rendered, function, model, promotion.clone());
    let approved = approvals::require(asked, &promotion, to.as_str());
    if arguments.pin {
        pin::write(global, &both, &desired, promotion)?;
        if let Err(lacks) = approved {
            output::note(&format!(
                "{}; those that come later are given to `deploy up --env {to}`",
                lacks.text()
            ));
        }
        return Ok(());
    }
    approved.map_err(|failure| with_promotion(failure, &promotion))?;
    Box::pin(carry_out(global, arguments, both, &desired, &promotion)).await
}

async fn carry_out(
    global: &Global,
    arguments: &Arguments,
    both: Both,
    desired: &Desired,
    promotion: &Promotion,
) -> Result<(), Failure> {
    let Both {
        from,
        to,
        mut session,
        source,
        prices,
        ..
    } = both;
    session.source = Some(Upstream {
        cloud: source.cloud,
        registry: Deployment::of(&from.stack).registry,
    });
    let question = format!(
        "Take {} of {} over?",
        promotion.from.release, promotion.from.environment
    );
    let costed = Costed {
        ask: Ask {
            environment: &to,
            question,
            yes: arguments.change.yes(),
            stake: Stake::Change,
        },
        session: &session,
        desired,
        prices,
    };
    let result = reconcile::up(&session, desired, UpOptions::default(), &costed).await;
    let Up { plan, outcome } = match result {
        Ok(up) => up,
        Err(error) if arguments.rollback_on_failure && rollback::undoes(&error) => {
            return Err(rollback::after(&to, &session, desired, error).await);
        }
        Err(error) => return Err(origin::explained(&to, error)),
    };
    if global.output == Format::Json {
        output::result(&json!({
            "stack": to.stack.name.as_str(),
            "environment": to.stack.environment.as_str(),
            "changed": !plan.changes_nothing(),
            "release": outcome.release,
            "promotion": promotion,
            "plan": plan.steps,
            "outputs": outcome.outputs,
        }));
        return Ok(());
    }
    let release = outcome.release.map(|id| id.to_string());
    output::note(&format!(
        "{}: release {} serves, taken from {} {}",
        to.title(),
        release.unwrap_or_default(),
        promotion.from.environment,
        promotion.from.release
    ));
    output::text(
        outcome
            .outputs
            .get("ClassifyUrl")
            .map_or("", String::as_str),
    );
    Ok(())
}

impl Both {
    /// Reads both environments and looks at them; nothing is changed.
    async fn load(global: &Global, arguments: &Arguments) -> Result<Self, Failure> {
        let to = Environment::load(global, &Selection::of(&arguments.stack, &arguments.to))?;
        let terms = terms(&to, &arguments.from)?;
        let texts = match &terms.holdout {
            Some(holdout) => {
                let limit = usize::try_from(holdout.limit).unwrap_or(usize::MAX);
                labelled(&holdout.file, &holdout.format, limit)?
            }
            None => Vec::new(),
        };
        let from = to.sibling(&arguments.from)?;
        unsupported::refuse(&to.stack)?;
        let prices = cost::at_hand(global, &to.stack, &arguments.prices)?;
        let rendered = to.rendered()?;
        let function = Archive::of_function(&to.stack)?;
        warnings::show(global, &to);
        let Serving {
            session: source,
            observed,
            recorded: candidate,
        } = Serving::look(global, &from).await?;
        let session = to.start_session(global).await?;
        let serving = serving(&session, &to).await?;
        Ok(Self {
            from,
            to,
            terms,
            candidate,
            serving,
            observed,
            source,
            session,
            rendered,
            function,
            texts,
            prices,
        })
    }

    /// Asks every gate.
    async fn evidence(&self) -> Result<Vec<Evidence>, Failure> {
        let candidate = Candidate {
            session: &self.source,
            deployment: &Deployment::of(&self.from.stack),
            observed: &self.observed,
            release: &self.candidate.release,
        };
        let serving = self.serving.as_ref();
        let examined = reconcile::examine(&candidate, &self.terms, serving, &self.texts);
        let mut evidence = examined.await?;
        if let Some(load) = &self.terms.load {
            evidence.extend(probe::probe(&self.from, &self.source, &self.observed, load).await?);
        }
        Ok(evidence)
    }

    /// What of the working tree the other environment has not proven, and why that is promoted all the same.
    fn unproven(&self, allowed: Option<&str>) -> Result<Option<Unproven>, Failure> {
        let function = Archive::of_function(&self.from.stack)?;
        let mut differs = unproven(&self.candidate.release, &self.from.rendered()?, &function);
        if function.digest != self.function.digest {
            differs.push(format!(
                "the function's code of {}",
                self.to.stack.environment
            ));
        }
        let images = [&self.from, &self.to].map(|side| version(&side.stack.endpoint.image));
        if images[0] != images[1] {
            let [from, to] = images;
            differs.push(format!("the endpoint's image, {to} in place of {from}"));
        }
        if differs.is_empty() {
            return Ok(None);
        }
        let Some(reason) = allowed else {
            let message = format!(
                "the working tree is not what {} has proven in `{}`: {}",
                self.candidate.release.id,
                self.from.stack.environment,
                differs.join(", ")
            );
            return Err(Failure::with_code(GATE_FAILED, anyhow::Error::msg(message)).hint(format!(
                "deploy it there first, `deploy up --env {}`, or go back to the commit that was; \
                 `--allow-unproven \"why\"` promotes it all the same, which is recorded",
                self.from.stack.environment
            )));
        };
        Ok(Some(Unproven {
            differs,
            reason: reason.to_owned(),
        }))
    }
}

/// The name and the tag of an image, which are the same in every region.
fn version(image: &Image) -> &str {
    image.uri.rsplit('/').next().unwrap_or(&image.uri)
}

/// On which terms the one environment takes over from the other.
fn terms(to: &Environment, from: &str) -> Result<Terms, Failure> {
    let name = &to.stack.environment;
    match &to.stack.promotion {
        Some(terms) if terms.from.as_str() == from => Ok(terms.clone()),
        Some(terms) => Err(Failure::usage(format!(
            "`{name}` takes releases over from `{}`, not from `{}`",
            terms.from, from
        ))
        .hint(format!("`deploy promote {} {name}`", terms.from))),
        None => Err(
            Failure::usage(format!("`{name}` takes no release over, it trains itself")).hint(
                format!(
                    "say so in the stack file: `promotes_from: {from}` in the environment `{name}`"
                ),
            ),
        ),
    }
}

/// The release that serves in an environment.
async fn serving(session: &Session, to: &Environment) -> Result<Option<Release>, Failure> {
    let deployment = Deployment::of(&to.stack);
    let observed = reconcile::observe(session, &deployment).await?;
    let held = plan::held(&deployment, &observed);
    if !held.is_empty() {
        return Err(held.into());
    }
    let serving = reconcile::serving(session, &deployment, &observed).await?;
    Ok(serving.map(|recorded| recorded.release))
}

/// Refuses what did not pass.
fn refuse_failed(
    to: &Environment,
    release: &ReleaseId,
    evidence: &[Evidence],
) -> Result<(), Failure> {
    let failed = evidence.iter().filter(|one| !one.passed);
    let failed: Vec<String> = failed.map(ToString::to_string).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let message = format!(
        "release {release} may not be taken over: {}",
        failed.join("; ")
    );
    Err(Failure::with_code(GATE_FAILED, anyhow::Error::msg(message)).hint(format!(
        "what is asked is said by `promotion` of the environment `{}` in the stack file; nothing was changed",
        to.stack.environment
    )))
}

/// Adds what was found, for programs.
fn with_promotion(mut failure: Failure, promotion: &Promotion) -> Failure {
    if let Value::Object(found) = json!({ "promotion": promotion }) {
        failure.found = Some(Box::new(found));
    }
    failure
}
