//! `deploy permissions`.

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::context::{Global, Project};
use super::failure::Failure;
use super::output::{self, Format};
use crate::permissions::{
    self, MANAGED_LIMIT, Part, Policy, Purpose, Request, Statement, document, split,
};
use crate::stack::{AwsTarget, Stack, Target};

/// Arguments of `deploy permissions`.
#[derive(Debug, Args)]
#[command(after_help = "\
The policy is derived from the rendered templates, from the calls that deploy makes, and from the names
that the environment composes. Attach it to the user or role that runs deploy: with `target.role`, that is
this role. With `target.service_role`, CloudFormation's part is left to that role.

What may no longer be done after a change of the stack file, such as removing what is no longer in it, is
in the policy of the file as it was: let both be attached while such a change is deployed.

Who promotes needs the policy of both environments, each in its own account. What `deploy batch run` reads
from another bucket is not known before: s3:GetObject and s3:ListBucket there are not in the policy.

With `--output json` the documents are always a list, beside what they are for and the types of resources of
which nothing is known.

Examples:
  deploy permissions --env staging                          everything but what nobody needs
  deploy permissions --env staging --for diff --for status  for pull-request jobs: reads only
  deploy permissions --env prod --for promote               with the next: for a promotion to prod
  deploy permissions --env staging --for promote            what that takes of staging
  deploy permissions --env prod --format cloudformation     as managed policies, to be deployed
  deploy permissions --env prod --service-role              what the role of CloudFormation needs")]
pub(super) struct Arguments {
    /// The stack: its name or its file; by default the only one under stacks/
    #[arg(long, short, value_name = "STACK")]
    stack: Option<String>,
    /// The environment
    #[arg(long, short, value_name = "ENVIRONMENT")]
    env: String,
    /// Only for this; may be repeated. By default for all of it
    #[arg(long = "for", value_enum, value_name = "PURPOSE")]
    purposes: Vec<PurposeArgument>,
    /// What the role needs that CloudFormation acts as
    #[arg(long)]
    service_role: bool,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = PolicyFormat::Json)]
    format: PolicyFormat,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PurposeArgument {
    /// Bring it up and use it; also `plan`, `train`, `batch`, `gc`, `rollback`, `unlock`, `invoke`, `load`
    Up,
    /// Compare it, changing nothing: `plan`, `drift`, `diff` of releases
    Diff,
    /// Look at it, changing nothing: `status`, `history`, `show`, `report`, `outputs`, `open`, `openapi`, `logs`
    Status,
    /// Let it take over what another environment has proven; or let somebody look at what it has proven, and note
    /// the promotion in its model registry; also `approve`
    Promote,
    /// Remove it
    Down,
}

impl From<PurposeArgument> for Purpose {
    fn from(value: PurposeArgument) -> Self {
        match value {
            PurposeArgument::Up => Self::Up,
            PurposeArgument::Diff => Self::Diff,
            PurposeArgument::Status => Self::Status,
            PurposeArgument::Promote => Self::Promote,
            PurposeArgument::Down => Self::Down,
        }
    }
}

/// How a policy is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PolicyFormat {
    /// A policy document; several in a list where one would be too long
    Json,
    /// A CloudFormation template with managed policies
    Cloudformation,
}

/// Prints the policy.
pub(super) fn run(global: &Global, arguments: &Arguments) -> Result<(), Failure> {
    let project = Project::open(global)?;
    let file = project.stack_file(arguments.stack.as_deref())?;
    let stack = file.environment(&arguments.env)?;
    let rendered = project.render(&stack, &project.library()?)?;
    let source = match &stack.promotion {
        Some(promotion) => Some(file.environment(promotion.from.as_str())?),
        None => None,
    };
    let purposes = match arguments.purposes.as_slice() {
        [] => Purpose::ALL.to_vec(),
        some => some.iter().copied().map(Purpose::from).collect(),
    };
    let policy = permissions::policy(&Request {
        stack: &stack,
        rendered: &rendered,
        source: source.as_ref(),
        purposes: &purposes,
        part: if arguments.service_role {
            Part::ServiceRole
        } else {
            part(&stack)
        },
    });
    if global.output == Format::Json {
        output::result(&data(&stack, &policy, &purposes, arguments));
    } else {
        show(&stack, &policy, arguments.format);
    }
    Ok(())
}

/// Whose part whoever deploys an environment has.
pub(super) fn part(stack: &Stack) -> Part<'_> {
    match &stack.target {
        Target::Aws(AwsTarget {
            service_role: Some(role),
            ..
        }) => Part::Caller(role),
        Target::Aws(_) | Target::Local(_) => Part::Whole,
    }
}

/// What is found, for programs: the shape does not depend on how long the policy is.
fn data(stack: &Stack, policy: &Policy, purposes: &[Purpose], arguments: &Arguments) -> Value {
    let parts = split(&policy.statements, MANAGED_LIMIT);
    let documents: Vec<Value> = parts.iter().map(|part| document(part)).collect();
    let template = match arguments.format {
        PolicyFormat::Json => Value::Null,
        PolicyFormat::Cloudformation => template(stack, &parts),
    };
    json!({
        "stack": stack.name.as_str(),
        "environment": stack.environment.as_str(),
        "purposes": purposes.iter().map(|purpose| purpose.word()).collect::<Vec<_>>(),
        "service_role": arguments.service_role,
        "documents": documents,
        "template": template,
        "unknown_types": policy.unknown_types,
    })
}

fn show(stack: &Stack, policy: &Policy, format: PolicyFormat) {
    for kind in &policy.unknown_types {
        output::warning(&format!(
            "nothing is known about {kind}: what CloudFormation needs for it is not in the policy"
        ));
    }
    let parts = split(&policy.statements, MANAGED_LIMIT);
    if parts.len() > 1 {
        output::note(&format!(
            "{} documents: IAM takes {MANAGED_LIMIT} characters in a managed policy; attach all of them",
            parts.len()
        ));
    }
    match format {
        PolicyFormat::Json => output::result(&documents(&parts)),
        PolicyFormat::Cloudformation => output::result(&template(stack, &parts)),
    }
}

/// One document, or the list of them.
fn documents(parts: &[Vec<Statement>]) -> Value {
    match parts {
        [one] => document(one),
        many => many.iter().map(|part| document(part)).collect(),
    }
}

/// A template with a managed policy for each document.
fn template(stack: &Stack, parts: &[Vec<Statement>]) -> Value {
    let (mut resources, mut outputs) = (Map::new(), Map::new());
    for (number, part) in (1..).zip(parts) {
        let id = format!("Policy{number}");
        resources.insert(
            id.clone(),
            json!({
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {
                    "Description": format!("deploy {} {}, part {number} of {}",
                        stack.name, stack.environment, parts.len()),
                    "PolicyDocument": document(part),
                },
            }),
        );
        outputs.insert(format!("{id}Arn"), json!({ "Value": { "Ref": id } }));
    }
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!("What whoever deploys {} {} may do", stack.name, stack.environment),
        "Resources": resources,
        "Outputs": outputs,
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Arguments as Program;
    use super::*;

    /// Commands that need no right in an environment: they ask AWS for nothing, or do without where they may not.
    const NEED_NOTHING: [&str; 14] = [
        "check",
        "completions",
        "cost",
        "doctor",
        "explain",
        "graph",
        "init",
        "local",
        "man",
        "permissions",
        "render",
        "schema",
        "templates",
        "validate",
    ];
    /// What is for whoever may make roles, which no environment's policy allows.
    const MAKES_ROLES: &str = "bootstrap";

    #[test]
    fn every_command_finds_what_it_needs_in_a_purpose_and_the_help_says_in_which() {
        let purposes = PurposeArgument::value_variants().iter();
        let purposes: Vec<_> = purposes.filter_map(ValueEnum::to_possible_value).collect();
        let says = |name: &str| {
            let quoted = format!("`{name}`");
            purposes.iter().any(|purpose| {
                let help = purpose.get_help().map(ToString::to_string);
                purpose.get_name() == name || help.is_some_and(|help| help.contains(&quoted))
            })
        };
        let program = Program::command();
        let commands = program.get_subcommands().filter(|one| !one.is_hide_set());
        for name in commands.map(clap::Command::get_name) {
            let needs_none = NEED_NOTHING.contains(&name) || name == MAKES_ROLES;
            assert_ne!(says(name), needs_none, "{name}");
        }
    }
}
