//! Who gets a role when an environment is to be deployed from GitHub, and what the roles may do.

use serde_json::{Value, json};

use super::{Part, Policy, Purpose, Request, Statement, policy, size};
use crate::render::Rendered;
use crate::stack::Stack;

/// Characters of all inline policies of a role together, white space not counted ("IAM and AWS STS quotas",
/// IAM user guide).
pub const INLINE_LIMIT: usize = 10_240;

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Bootstrap<'a> {
    /// The environment.
    pub stack: &'a Stack,
    /// What it is rendered to.
    pub rendered: &'a Rendered,
    /// The environment that it takes releases over from, if it does.
    pub source: Option<&'a Stack>,
    /// The repository on GitHub: `owner/name`.
    pub repository: &'a str,
    /// Whether the account's provider for GitHub is made, rather than there already.
    pub makes_provider: bool,
    /// What CloudFormation acts as.
    pub cloudformation: Cloudformation<'a>,
}

/// What CloudFormation acts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloudformation<'a> {
    /// Whoever deploys.
    Caller,
    /// A role that is made; whoever deploys may hand over roles of this ARN, possibly with `*`.
    Made(&'a str),
    /// A role that is there already.
    Given(&'a str),
}

/// A role that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootstrapRole {
    /// Its key in the template.
    pub id: &'static str,
    /// What it is for, in a few words.
    pub about: &'static str,
    /// The AWS service that takes it; `None` for jobs on GitHub.
    pub service: Option<&'static str>,
    /// The subjects of the tokens of these jobs.
    pub subjects: Vec<String>,
    /// Hours that a session lasts at most.
    pub hours: u32,
    /// What it may do.
    pub policy: Policy,
}

impl BootstrapRole {
    /// By how many characters its policy is too long for a role; zero where it fits.
    pub fn excess(&self) -> usize {
        size(&self.policy.statements).saturating_sub(INLINE_LIMIT)
    }
}

/// The roles.
pub fn roles(wanted: &Bootstrap<'_>) -> Vec<BootstrapRole> {
    let may = |purposes: &[Purpose], part: Part<'_>| {
        policy(&Request {
            stack: wanted.stack,
            rendered: wanted.rendered,
            source: wanted.source,
            purposes,
            part,
        })
    };
    let part = match wanted.cloudformation {
        Cloudformation::Caller => Part::Whole,
        Cloudformation::Made(arn) | Cloudformation::Given(arn) => Part::Caller(arn),
    };
    let environment = &wanted.stack.environment;
    let subject = |what: &str| format!("repo:{}:{what}", wanted.repository);
    let mut roles = vec![
        BootstrapRole {
            id: "ReviewRole",
            about: "Looks at it from pull requests and proposes promotions, and changes nothing",
            service: None,
            subjects: vec![subject("pull_request"), subject("environment:propose")],
            hours: 1,
            policy: may(&[Purpose::Diff, Purpose::Status], part),
        },
        BootstrapRole {
            id: "DeployRole",
            about: "Deploys it from the environment of the same name on GitHub",
            service: None,
            subjects: vec![subject(&format!("environment:{environment}"))],
            hours: 6, // a training may take some
            policy: may(
                &[
                    Purpose::Up,
                    Purpose::Diff,
                    Purpose::Status,
                    Purpose::Promote,
                ],
                part,
            ),
        },
    ];
    if let Cloudformation::Made(_) = wanted.cloudformation {
        roles.push(BootstrapRole {
            id: "ServiceRole",
            about: "CloudFormation makes and removes its resources as this role",
            service: Some("cloudformation.amazonaws.com"),
            subjects: Vec::new(),
            hours: 1,
            policy: may(&[Purpose::Up, Purpose::Down], Part::ServiceRole),
        });
    }
    roles
}

/// The values of the template `bootstrap`.
pub fn values(wanted: &Bootstrap<'_>, roles: &[BootstrapRole]) -> Value {
    let role = |role: &BootstrapRole| {
        json!({
            "id": role.id,
            "about": role.about,
            "service": role.service,
            "subjects": role.subjects,
            "hours": role.hours,
            "statements": role.policy.statements.iter().map(statement).collect::<Value>(),
        })
    };
    json!({
        "provider": wanted.makes_provider,
        "roles": roles.iter().map(role).collect::<Value>(),
    })
}

fn statement(statement: &Statement) -> Value {
    let written = statement.json();
    let operators = written["Condition"].as_object();
    let conditions = operators.into_iter().flatten().map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        let keys: Value = keys
            .map(|(key, values)| json!({ "key": key, "values": values }))
            .collect();
        json!({ "operator": operator, "keys": keys })
    });
    json!({
        "sid": written["Sid"],
        "actions": statement.actions,
        "resources": statement.resources,
        "conditions": conditions.collect::<Value>(),
    })
}
