//! Pins: a promotion is written into a file, and looked at again when the file is carried out.

use anyhow::Context;
use serde_json::json;

use super::super::context::{Environment, Global};
use super::super::failure::{FAILED, Failure, USAGE};
use super::super::output::{self, Format};
use super::super::write::replace;
use super::approvals::{self, ApprovalArguments};
use super::{Both, refuse_failed};
use crate::plan::{self, Deployment, Desired};
use crate::reconcile::{self, Session};
use crate::release::{Pin, Promotion, Provenance, Recorded};
use crate::stack::{Promotion as Terms, yaml};

/// Writes the promotion down for review.
pub(super) fn write(
    global: &Global,
    both: &Both,
    desired: &Desired,
    promotion: Promotion,
) -> Result<(), Failure> {
    let release = &both.candidate.release;
    let worker = &both.to.station.worker;
    let mut function = release.function.clone();
    function.key.clone_from(&desired.function_key);
    function.sha256 = both.function.digest.clone();
    let mut pin = Pin {
        version: Pin::VERSION,
        stack: both.to.stack.name.to_string(),
        environment: both.to.stack.environment.to_string(),
        at: both.to.station.witness.now(),
        by: format!("{}@{}", worker.user, worker.host),
        model: release.model.clone(),
        function,
        stacks: desired.stacks(),
        promotion,
    };
    let path = both.to.pin_file();
    // With newer evidence for the same it would be a change that changes nothing; a new approval is one.
    if let Some(mut old) = still_good(both, &pin)? {
        if !old.promotion.approve(&pin.promotion.approvals) {
            if global.output == Format::Json {
                output::result(&json!({ "pin": old, "files": [] }));
            }
            output::note(&format!("{} pins this already", path.display()));
            return Ok(());
        }
        pin = old;
    }
    let text = yaml::write(&json!(pin))
        .context("cannot write the pin")
        .map_err(Failure::failed)?;
    let header = format!(
        "# Written by `deploy promote {} {} --pin`. `deploy up --env {}` carries out exactly this.\n",
        both.from.stack.environment, pin.environment, pin.environment
    );
    replace(&path, format!("{header}{text}").as_bytes())?;
    let folder = both.to.stack.file.with_file_name("rendered");
    let folder = folder.join(both.to.stack.environment.as_str());
    let mut files = vec![path];
    for (name, text) in both.rendered.files() {
        let path = folder.join(name);
        replace(&path, text.as_bytes())?;
        files.push(path);
    }
    let files: Vec<String> = files
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    if global.output == Format::Json {
        output::result(&json!({ "pin": pin, "files": files }));
        return Ok(());
    }
    for file in &files {
        output::text(file);
    }
    output::note(&format!(
        "pinned; commit these files, and once they are merged `deploy up --env {}` carries it out",
        pin.environment
    ));
    Ok(())
}

/// What is pinned already, if that leads to the same and can be carried out still.
fn still_good(both: &Both, pin: &Pin) -> Result<Option<Pin>, Failure> {
    let old = both.to.pin()?.filter(|old| old.same_content(pin));
    let asked = both.terms.approvals.as_ref();
    Ok(old.filter(|old| {
        let passed = old.promotion.evidence.iter().all(|one| one.passed);
        passed && approvals::kept(asked, old).is_ok()
    }))
}

/// Looks at a pin that is to be carried out as if nobody had looked at it before: the file may be old, and
/// anybody may have written it. What is deployed already is left alone.
///
/// # Errors
/// It is not what the other environment has released, a gate that the record answers does not pass any more, or
/// too few have approved.
pub(in crate::cli) async fn judge(
    global: &Global,
    environment: &Environment,
    session: &Session,
    desired: &mut Desired,
    given: &ApprovalArguments,
) -> Result<(), Failure> {
    let pin = environment.pin()?;
    let (Some(terms), Some(mut pin)) = (&environment.stack.promotion, pin) else {
        if given.is_empty() {
            return Ok(());
        }
        return Err(nothing_pinned(environment.stack.environment.as_str()));
    };
    let deployment = &desired.deployment;
    let observed = reconcile::observe(session, deployment).await?;
    let deployed = observed.release();
    let is_deployed = deployed.is_some_and(|id| id.same_content(&desired.release(1)));
    // Of what is held back, `up` tells itself.
    if is_deployed || !plan::held(deployment, &observed).is_empty() {
        return Ok(());
    }
    let source = source(global, environment, terms, &pin).await?;
    let serving = reconcile::serving(session, deployment, &observed).await?;
    let serving = serving.map(|recorded| recorded.release);
    let at = environment.station.witness.now();
    let recalled = reconcile::recalled(&source.release, terms, serving.as_ref(), at);
    let release = &source.release.id;
    refuse_failed(environment, release, &pin.promotion.evidence)?;
    refuse_failed(environment, release, &recalled)?;
    let asked = terms.approvals.as_ref();
    pin.promotion.approvals = approvals::kept(asked, &pin)?;
    let statement = pin.statement();
    let since = approvals::collect(asked, given, &statement, at)?;
    pin.promotion.approve(&since);
    let name = environment.stack.environment.as_str();
    approvals::require(asked, &pin.promotion, name).map_err(|failure| {
        failure.hint(format!(
            "what is pinned is approved by what `deploy approve {} {name} --pin` prints, and `deploy up --env \
             {name}` takes `--approval`, too",
            terms.from
        ))
    })?;
    desired.provenance = Provenance::Promoted(Box::new(pin.promotion));
    Ok(())
}

/// Says that there is no pin that could be approved.
pub(super) fn nothing_pinned(environment: &str) -> Failure {
    Failure::usage(format!(
        "nothing is pinned for `{environment}` that could be approved"
    ))
    .hint("`deploy promote FROM TO --pin` pins what serves in FROM")
}

/// The release that is pinned, as its environment has it.
async fn source(
    global: &Global,
    environment: &Environment,
    terms: &Terms,
    pin: &Pin,
) -> Result<Recorded, Failure> {
    let from = &pin.promotion.from;
    let file = environment.pin_file();
    let wrong = |code, what: &str| {
        let message = format!(
            "{}: release {} of `{}` {what}",
            file.display(),
            from.release,
            from.environment
        );
        Failure::with_code(code, anyhow::Error::msg(message)).hint(format!(
            "`deploy promote {} {} --pin` pins what serves there now",
            terms.from, environment.stack.environment
        ))
    };
    if from.environment != terms.from.as_str() {
        return Err(wrong(
            USAGE,
            "is not of the environment that releases are taken from",
        ));
    }
    let source = environment.sibling(terms.from.as_str())?;
    let recorded = match source.session_to_look(global).await? {
        Some(session) => {
            reconcile::recorded(&session, &Deployment::of(&source.stack), &from.release).await?
        }
        None => None,
    };
    let recorded = recorded.ok_or_else(|| wrong(FAILED, "is not there"))?;
    if recorded.record == from.record && recorded.release.model == pin.model {
        Ok(recorded)
    } else {
        Err(wrong(USAGE, "is not what the file says of it"))
    }
}
