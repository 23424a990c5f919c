//! `deploy bootstrap`.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::confirm::{Stake, confirm};
use super::context::{Environment, Global, Selection};
use super::failure::{Failure, of_request};
use super::output::{self, Format};
use crate::cloud::stacks::{DriftMode, StackState};
use crate::permissions::{self, Bootstrap, BootstrapRole, Cloudformation, Names};
use crate::plan::Held;
use crate::reconcile::{self, Session, StackChange};
use crate::render::{self, Template};
use crate::stack::{Stack, Target};

/// Arguments of `deploy bootstrap`.
#[derive(Debug, Args)]
#[command(after_help = "\
Makes a CloudFormation stack of its own with the roles that jobs of a repository on GitHub take, by OpenID
Connect: one that looks, for pull requests, and one that deploys, for the environment of the same name on
GitHub. It is done once, by somebody who may make roles; `target.role` is not used. No long-lived keys.

Examples:
  deploy bootstrap --env staging --repository acme/news --render      look at it first
  deploy bootstrap --env staging --repository acme/news               make it, after a question
  deploy bootstrap --env prod --repository acme/news --existing-provider --service-role
  deploy bootstrap --env staging --remove")]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command")]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: Selection,
    /// The repository on GitHub
    #[arg(long, value_name = "OWNER/NAME", required_unless_present = "remove", value_parser = repository)]
    repository: Option<String>,
    /// The account has GitHub's OpenID Connect provider already
    #[arg(long)]
    existing_provider: bool,
    /// Make a role for CloudFormation too, so that whoever deploys need not be able to make resources;
    /// `target.service_role` in the stack file uses it
    #[arg(long)]
    service_role: bool,
    /// Print the template and do nothing
    #[arg(long, conflicts_with = "remove")]
    render: bool,
    /// Remove what was made
    #[arg(long)]
    remove: bool,
    /// Go on without asking
    #[arg(long, short)]
    yes: bool,
}

/// Reads the name of a repository: what GitHub takes, so that a subject is of exactly one.
fn repository(text: &str) -> Result<String, String> {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let good = |part: &str| !part.is_empty() && part.chars().all(word);
    match text.split_once('/') {
        Some((owner, name)) if good(owner) && good(name) => Ok(text.to_owned()),
        _ => Err("write it as `owner/name`".to_owned()),
    }
}

/// Makes, prints or removes the roles.
pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let mut environment = Environment::load(global, &arguments.selection)?;
    let given = own_credentials(&mut environment.stack);
    let names = Names::of(&environment.stack);
    if arguments.remove {
        return remove(global, &environment, &names, arguments).await;
    }
    let (roles, template) = planned(global, &environment, &names, given.as_deref(), arguments)?;
    if arguments.render {
        output::text(template.text().trim_end());
        return Ok(());
    }
    let session = environment.start_session(global).await?;
    let before = find(&session, &environment, &names).await?;
    for role in &roles {
        output::note(&format!("{}: {}", role.id, role.about));
        for subject in &role.subjects {
            output::note(&format!("  for {subject}"));
        }
    }
    let verb = if before.is_some() {
        "Bring up to date"
    } else {
        "Make"
    };
    let question = format!("{verb} the stack {} with these?", names.stack);
    confirm(
        &environment.stack,
        &question,
        arguments.yes.into(),
        Stake::Change,
    )?;
    let change = StackChange {
        name: names.stack.clone(),
        template: template.text().to_owned(),
        parameters: BTreeMap::new(),
        tags: environment.stack.tags.clone(),
        drift: DriftMode::Leave,
    };
    let state = reconcile::ensure(&session, None, &change, before.as_ref()).await?;
    show(global, &environment, &roles, &state);
    Ok(())
}

/// Lets it be done with the credentials at hand: the roles of the stack file may not be there yet. Returns the
/// role that the stack file names for CloudFormation.
fn own_credentials(stack: &mut Stack) -> Option<String> {
    match &mut stack.target {
        Target::Aws(target) => {
            target.role = None;
            target.service_role.take()
        }
        Target::Local(_) => None,
    }
}

fn planned(
    global: &Global,
    environment: &Environment,
    names: &Names,
    given: Option<&str>,
    arguments: &Arguments,
) -> Result<(Vec<BootstrapRole>, Template), Failure> {
    let (project, stack) = (&environment.project, &environment.stack);
    let library = project.library()?;
    let rendered = project.render(stack, &library)?;
    let source = match &stack.promotion {
        Some(promotion) => {
            let selection = arguments.selection.other(promotion.from.as_str());
            Some(Environment::load(global, &selection)?.stack)
        }
        None => None,
    };
    let wanted = Bootstrap {
        stack,
        rendered: &rendered,
        source: source.as_ref(),
        repository: arguments.repository.as_deref().unwrap_or_default(),
        makes_provider: !arguments.existing_provider,
        cloudformation: match given {
            // A role that was made by an earlier call stays.
            Some(arn) if names.is_service_role(arn) => Cloudformation::Made(&names.service_role),
            _ if arguments.service_role => Cloudformation::Made(&names.service_role),
            Some(arn) => Cloudformation::Given(arn),
            None => Cloudformation::Caller,
        },
    };
    let roles = permissions::roles(&wanted);
    if let Some(role) = roles.iter().find(|role| role.excess() > 0) {
        let text = format!(
            "the policy of {} has {} characters more than IAM takes for a role",
            role.id,
            role.excess()
        );
        return Err(Failure::failed(anyhow::Error::msg(text))
            .hint("`--service-role` leaves CloudFormation's part of it to a role of its own"));
    }
    for kind in roles.iter().flat_map(|role| &role.policy.unknown_types) {
        output::warning(&format!(
            "nothing is known about {kind}: what CloudFormation needs for it is in no role"
        ));
    }
    let values = permissions::values(&wanted, &roles);
    Ok((roles, render::render_bootstrap(stack, &library, &values)?))
}

/// Looks for the stack, in the environment's account only, and only for one that is ours.
async fn find(
    session: &Session,
    environment: &Environment,
    names: &Names,
) -> Result<Option<StackState>, Failure> {
    let caller = session.cloud.identity.caller().await;
    let caller = caller.map_err(of_request("see whose credentials these are"))?;
    let expected = environment.stack.account.as_str();
    if caller.account != expected {
        let expected = expected.to_owned();
        let actual = caller.account;
        return Err(vec![Held::WrongAccount { expected, actual }].into());
    }
    let found = session.cloud.stacks.describe(&names.stack).await;
    let found = found.map_err(of_request("look at the stack"))?;
    let own = |state: &StackState| {
        ["deploy:stack", "deploy:environment"]
            .iter()
            .all(|key| state.tags.get(*key) == environment.stack.tags.get(*key))
    };
    match found {
        Some(state) if !own(&state) => Err(vec![Held::ForeignStack(state.name)].into()),
        found => Ok(found),
    }
}

async fn remove(
    global: &Global,
    environment: &Environment,
    names: &Names,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let removed = match environment.session_to_look(global).await? {
        None => false,
        Some(session) => match find(&session, environment, names).await? {
            None => false,
            Some(state) => {
                let question = format!(
                    "Remove the stack {}? Nobody can deploy by its roles any more.",
                    names.stack
                );
                confirm(
                    &environment.stack,
                    &question,
                    arguments.yes.into(),
                    Stake::Change,
                )?;
                reconcile::delete(&session, &state, Vec::new()).await?;
                true
            }
        },
    };
    if global.output == Format::Json {
        output::result(&json!({ "removed": removed, "stack": names.stack }));
    } else if removed {
        output::note(&format!("{} is removed", names.stack));
    } else {
        output::note(&format!("there is no stack {}", names.stack));
    }
    Ok(())
}

fn show(global: &Global, environment: &Environment, roles: &[BootstrapRole], state: &StackState) {
    let arn = |role: &BootstrapRole| state.outputs.get(&format!("{}Arn", role.id)).cloned();
    let arns: BTreeMap<&str, Option<String>> =
        roles.iter().map(|role| (role.id, arn(role))).collect();
    if global.output == Format::Json {
        output::result(&json!({ "stack": state.name, "roles": arns }));
        return;
    }
    for (id, arn) in &arns {
        output::text(&format!("{id:<12} {}", arn.as_deref().unwrap_or_default()));
    }
    let name = &environment.stack.environment;
    output::note(&format!(
        "on GitHub, let the variable DEPLOY_ROLE of the environment `{name}` be DeployRole, and that of the \
         environment `propose` ReviewRole"
    ));
    if arns.contains_key("ServiceRole") {
        output::note("in the stack file, let `target.service_role` be ServiceRole");
    }
}
