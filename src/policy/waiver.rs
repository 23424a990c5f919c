//! Waivers: findings that the stack file accepts, each with a reason.
//!
//! A waiver must name a policy that there is; one that waives nothing is found
//! itself, so that it does not lie in wait for the day when it hides something.

use crate::code::{Example, codes};
use crate::stack::yaml::{self, Content, Entry, Node, Tags};
use crate::stack::{Place, Problem};

use super::examine::Examined;
use super::finding::{Finding, Policy, Severity, Sighting};
use super::fingerprint;
use super::registry;
use super::subject::{Subject, escape};

codes! {
    /// The codes of waivers.
    pub CODES
    UNKNOWN_POLICY = "unknown-policy" {
        title: "A waiver names a policy that there is not",
        why: "It would waive nothing, while whoever wrote it believes that something is accepted",
        remedy: "correct the id; `deploy check --list` shows all of them",
        before: "checks:\n  waive: { API-PUBLC: \"a public demonstration\" }",
        after: "checks:\n  waive: { API-PUBLIC: \"a public demonstration\" }",
    }
}

/// Likeness (0 to 1) from which an id is worth suggesting.
const WORTH_SUGGESTING: f64 = 0.7;

pub(super) const POLICIES: &[Policy] = &[Policy {
    id: "WAIVER-UNUSED",
    severity: Severity::Warning,
    title: "Every waiver waives something",
    reason: "a waiver without an effect hides the next finding of its policy, which nobody has looked at",
    remedy: "remove it from `checks.waive`",
    example: Example {
        before: "\
checks:
  waive: { S3-VERSIONING: 'the bucket is a cache' }",
        after: "\
checks:
  waive: {}",
    },
    check: nothing,
}];

/// Finds nothing: what waivers do shows when all environments are examined, see [`Waivers::unused`].
fn nothing(_: &Subject<'_>) -> Vec<Sighting> {
    Vec::new()
}

/// The waivers of a stack file, where they are written.
#[derive(Debug, Default)]
pub struct Waivers {
    list: Vec<Written>,
}

/// One waiver.
#[derive(Debug)]
struct Written {
    /// The environment that it is written in; `None` when it is for all.
    environment: Option<String>,
    id: String,
    place: Place,
}

impl Waivers {
    /// Finds the waivers in the text of a stack file.
    ///
    /// # Errors
    /// When the text is no YAML that can be trusted.
    pub fn read(text: &str) -> Result<Self, Box<Problem>> {
        let root = yaml::read(text, Tags::Refused)?;
        let mut list = Vec::new();
        collect(&root, None, &mut list);
        let environments = root.at(["environments"]).and_then(Node::map);
        for (name, entry) in environments.into_iter().flatten() {
            collect(&entry.value, Some(name), &mut list);
        }
        Ok(Self { list })
    }

    /// What is wrong with them: policies that there are not.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for waiver in &self.list {
            if registry::find(&waiver.id).is_none() {
                let summary = format!("there is no policy `{}` to waive", waiver.id);
                let problem = Problem::new(&UNKNOWN_POLICY, summary).help(suggestion(&waiver.id));
                problems.push(problem.at(waiver.place.clone()));
            }
        }
        problems
    }

    /// The waivers that waive nothing in the environments that were examined. One for all
    /// environments is judged only when they are all there.
    pub fn unused(&self, stack: &str, examined: &[Examined], all: bool) -> Vec<Finding> {
        let is_used = |waiver: &Written, in_environment: &Examined| {
            let mut findings = in_environment.findings.iter();
            findings.any(|finding| finding.policy.id == waiver.id && finding.waived.is_some())
        };
        let mut unused = Vec::new();
        for waiver in &self.list {
            let mut concerned = examined.iter().filter(|one| match &waiver.environment {
                Some(name) => *name == one.environment,
                None => all,
            });
            let Some(first) = concerned.clone().next() else {
                continue;
            };
            if !concerned.any(|one| is_used(waiver, one)) {
                unused.extend(POLICIES.iter().map(|policy| {
                    let environment = waiver.environment.as_ref().unwrap_or(&first.environment);
                    waiver.finding(policy, stack, environment)
                }));
            }
        }
        unused
    }
}

impl Written {
    fn finding(&self, policy: &'static Policy, stack: &str, environment: &str) -> Finding {
        let id = escape(&self.id);
        let pointer = match &self.environment {
            Some(name) => format!("/environments/{}/checks/waive/{id}", escape(name)),
            None => format!("/checks/waive/{id}"),
        };
        Finding {
            policy,
            environment: environment.to_owned(),
            document: None,
            resource: None,
            line: self.place.line,
            origin: None,
            message: format!("the waiver of `{}` waives nothing", self.id),
            waived: None,
            fingerprint: fingerprint::digest(&[policy.id, stack, &pointer]),
            pointer,
        }
    }
}

fn collect(node: &Node, environment: Option<&String>, list: &mut Vec<Written>) {
    let waivers = node.at(["checks", "waive"]).and_then(Node::map);
    for (id, Entry { key, value }) in waivers.into_iter().flatten() {
        if value.content == Content::Null {
            continue; // it takes a waiver away
        }
        list.push(Written {
            environment: environment.cloned(),
            id: id.clone(),
            place: key.clone(),
        });
    }
}

fn suggestion(id: &str) -> String {
    let mut best: Option<(f64, &str)> = None;
    for policy in registry::all() {
        let likeness = strsim::jaro_winkler(&id.to_ascii_uppercase(), policy.id);
        if likeness >= WORTH_SUGGESTING && best.is_none_or(|(old, _)| likeness > old) {
            best = Some((likeness, policy.id));
        }
    }
    match best {
        Some((_, near)) => format!("did you mean `{near}`?"),
        None => "`deploy check --list` shows all".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "stack: s\nchecks:\n  waive:\n    API-PUBLIK: reason\n    S3-TLS: why\n\
                        environments:\n  prod: { checks: { waive: { API-PUBLIC: x, S3-TLS: null } } }\n";

    #[test]
    fn an_unknown_policy_is_a_problem_with_a_place() {
        let problems = Waivers::read(TEXT).unwrap().problems();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(
            problems[0].help.as_deref(),
            Some("did you mean `API-PUBLIC`?")
        );
        assert_eq!(problems[0].place.as_ref().unwrap().line, 4);
    }

    #[test]
    fn the_examples_raise_their_own_code_and_the_mended_ones_nothing() {
        let example = UNKNOWN_POLICY.example.unwrap();
        let problems = |text: &str| Waivers::read(text).unwrap().problems();
        assert_eq!(problems(example.before)[0].code, &UNKNOWN_POLICY);
        assert!(problems(example.after).is_empty());
        let unused = |text: &str| {
            let examined = [Examined {
                environment: "prod".to_owned(),
                findings: Vec::new(),
            }];
            Waivers::read(text).unwrap().unused("s", &examined, true)
        };
        let example = POLICIES[0].example;
        assert_eq!(unused(example.before)[0].policy.id, POLICIES[0].id);
        assert!(unused(example.after).is_empty());
    }

    #[test]
    fn a_waiver_without_an_effect_is_found_where_it_is_written() {
        let waivers = Waivers::read(TEXT).unwrap();
        let examined = |name: &str| Examined {
            environment: name.to_owned(),
            findings: Vec::new(),
        };
        let prod = waivers.unused("s", &[examined("prod")], false);
        assert_eq!(prod.len(), 1);
        assert_eq!(
            prod[0].pointer,
            "/environments/prod/checks/waive/API-PUBLIC"
        );
        assert_eq!(prod[0].line, 7);
        assert!(waivers.unused("s", &[examined("local")], false).is_empty());
        assert_eq!(
            waivers
                .unused("s", &[examined("local"), examined("prod")], true)
                .len(),
            3
        );
    }
}
