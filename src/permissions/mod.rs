//! What whoever works on an environment has to be allowed: the least that suffices, as an identity policy.
//!
//! Purpose: derives it from what is there anyway: the resources of the rendered templates, with what
//! CloudFormation does for each; the calls that `deploy` makes itself; and the names that the environment
//! composes. Input: a [`Request`]. Output: a [`Policy`], one [`Statement`] for each kind of thing. Pure.
//! Must not know: credentials, what is allowed already, how a policy is attached to somebody.
//!
//! The tables are data: [`CALLS`] for our own calls, `facts/handlers.txt` for CloudFormation's.

mod bootstrap;
mod calls;
mod handlers;
mod purpose;
mod scope;
mod statement;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::render::Rendered;
use crate::stack::Stack;

pub use bootstrap::{Bootstrap, BootstrapRole, Cloudformation, INLINE_LIMIT, roles, values};
pub use calls::{CALLS, Call, needed_by};
pub use handlers::Handler;
pub use purpose::Purpose;
pub use scope::{Names, Scope};
pub use statement::{Condition, MANAGED_LIMIT, Statement, document, size, split};

use scope::Place;

/// Who is to be allowed what.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The environment.
    pub stack: &'a Stack,
    /// What it is rendered to.
    pub rendered: &'a Rendered,
    /// The environment that it takes releases over from, if it does.
    pub source: Option<&'a Stack>,
    /// For what.
    pub purposes: &'a [Purpose],
    /// Whose part.
    pub part: Part<'a>,
}

/// Whose part of the work it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// All of it: CloudFormation acts with the rights of whoever calls it.
    Whole,
    /// That of the caller, where CloudFormation acts as the role of this ARN.
    Caller(&'a str),
    /// That of the role that CloudFormation acts as.
    ServiceRole,
}

/// What has to be allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// One statement for each kind of thing, in an order that does not change.
    pub statements: Vec<Statement>,
    /// Resource types of the templates that nothing is known about: what they need is not in the policy.
    pub unknown_types: Vec<String>,
}

/// Tells what has to be allowed.
pub fn policy(request: &Request<'_>) -> Policy {
    let place = Place {
        stack: request.stack,
        source: request.source,
        service_role: match request.part {
            Part::Caller(role) => Some(role),
            Part::Whole | Part::ServiceRole => None,
        },
    };
    let mut needed = Needed::new(&place);
    if request.part != Part::ServiceRole {
        needed.calls(request);
    }
    let unknown_types = needed.resources(request);
    Policy {
        statements: needed.statements(),
        unknown_types,
    }
}

/// What was found to be needed so far: actions by what they are needed on.
struct Needed<'a> {
    place: &'a Place<'a>,
    actions: BTreeMap<Scope, BTreeSet<&'static str>>,
}

impl<'a> Needed<'a> {
    fn new(place: &'a Place<'a>) -> Self {
        Self {
            place,
            actions: BTreeMap::new(),
        }
    }

    fn add(&mut self, action: &'static str, scope: Scope) {
        if scope.exists(self.place) {
            self.actions.entry(scope).or_default().insert(action);
        }
    }

    /// Adds what our own calls need.
    fn calls(&mut self, request: &Request<'_>) {
        // What promotes from an environment that takes over nothing itself is another environment's run,
        // which looks at it from all sides, asks its endpoint, and notes the promotion in its registry.
        let only_shown = request.stack.promotion.is_none();
        for call in CALLS.iter().filter(|call| call.by.holds(request.stack)) {
            let wanted = |purpose: &Purpose| match purpose {
                Purpose::Promote if only_shown => {
                    let looks = [Purpose::Diff, Purpose::Status];
                    let asks = [
                        "sagemaker.InvokeEndpoint",
                        "execute-api.Invoke",
                        "sagemaker.UpdateModelPackage",
                    ];
                    looks.iter().any(|look| call.purposes.contains(look))
                        || asks.contains(&call.operation)
                }
                purpose => call.purposes.contains(purpose),
            };
            if request.purposes.iter().any(wanted) {
                for (action, scope) in call.grants {
                    self.add(action, *scope);
                }
            }
        }
    }

    /// Adds what CloudFormation does for the resources, as far as that is this part; returns the types that are
    /// not known.
    fn resources(&mut self, request: &Request<'_>) -> Vec<String> {
        let templates = [&request.rendered.foundation, &request.rendered.service];
        let mut unknown = Vec::new();
        for (kind, properties) in handlers::types(templates) {
            let Some(steps) = handlers::steps(kind, &properties) else {
                unknown.push(kind.to_owned());
                continue;
            };
            for step in steps.iter().filter(|step| does(request, step.handler)) {
                for scope in step.scopes() {
                    self.add(step.action, *scope);
                }
            }
        }
        unknown
    }

    /// Puts what is needed on the same things under the same conditions together.
    fn statements(self) -> Vec<Statement> {
        let mut statements: Vec<Statement> = Vec::new();
        for (scope, actions) in self.actions {
            let resources = scope.resources(self.place);
            let conditions = scope.conditions(self.place);
            let same = statements
                .iter_mut()
                .find(|other| other.resources == resources && other.conditions == conditions);
            let actions = actions.into_iter().map(str::to_owned);
            match same {
                Some(other) => {
                    other.actions.extend(actions);
                    other.actions.sort();
                    other.actions.dedup();
                }
                None => statements.push(Statement {
                    scope,
                    actions: actions.collect(),
                    resources,
                    conditions,
                }),
            }
        }
        statements
    }
}

/// Whether a handler is this part's to carry out for what is wanted. Drift is detected with the rights of
/// whoever asks for it, also where CloudFormation changes stacks as a role.
fn does(request: &Request<'_>, handler: Handler) -> bool {
    request.purposes.iter().any(|purpose| {
        let purpose = match purpose {
            Purpose::Promote if request.stack.promotion.is_none() => &Purpose::Diff,
            purpose => purpose,
        };
        let is_drift = *purpose == Purpose::Diff;
        match request.part {
            Part::Whole => handler.is_for(*purpose),
            Part::Caller(_) => is_drift && handler.is_for(*purpose),
            Part::ServiceRole => !is_drift && handler.is_for(*purpose),
        }
    })
}
