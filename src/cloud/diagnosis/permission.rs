//! Policies: roles that are not known everywhere yet, and real denials.
//!
//! Texts: "Troubleshoot access denied error messages" in the IAM user guide; the propagation texts are those
//! that Terraform's AWS provider repeats a training job after and that Lambda gives
//! (pdomala/LambdaCDDemo#1), philschmid/llm-sagemaker-sample#2 for model data. Why they pass: "Changes that
//! I make are not always immediately visible" in the IAM user guide.

use super::KnownCause;
use super::matching::{Row, between, contains, say, word_after};

/// What services say while a new role or its policy is not known everywhere yet. The same is said where
/// the role really lacks the permission: then it stays.
const PROPAGATION: &[&str] = &[
    "could not assume role",
    "unauthorized to list objects under s3 url",
    "access denied to outputdataconfig s3 bucket",
    "no identity-based policy allows the s3:listbucket action",
    "access denied to hub content",
    "access denied for repository",
    "role defined for the function cannot be assumed by lambda",
    "unable to perform: sts:assumerole on the role",
    "could not access model data at",
];

/// Whether a service may only not know a new role or its policy yet, so that the same request, repeated
/// for a minute or two, may succeed.
pub fn is_propagation(message: &str) -> bool {
    let message = message.to_lowercase();
    PROPAGATION.iter().any(|phrase| contains(&message, phrase))
}

/// Roles that are not known yet.
pub(super) static NOT_READY: &[Row] = &[
    Row {
        cause: KnownCause::RoleNotReady,
        types: &[],
        phrases: &["could not access model data at"],
        told: |symptom| {
            let model = word_after(symptom.message, "model data at ").unwrap_or("the model");
            say(
                &format!(
                    "SageMaker cannot read {model} as the hosting role. A role that was just made takes a \
                     minute to be known everywhere; after that, its policy or its trust lacks something, \
                     or the bucket is in another region."
                ),
                "run the command again; if it stays so, the foundation's template has the hosting role: \
                 it needs s3:GetObject on the model, and trust in sagemaker.amazonaws.com",
            )
        },
    },
    Row {
        cause: KnownCause::RoleNotReady,
        types: &[],
        phrases: PROPAGATION,
        told: |_| {
            say(
                "The service cannot act as the role that it was given, or not do what it needs. A role \
                 that was just made takes a minute to be known everywhere; after that, its policy or \
                 its trust lacks something.",
                "run the command again; if it stays so, look at the role's trust and policy in the \
                 foundation's template",
            )
        },
    },
];

/// Roles that may not be assumed.
pub(super) static NOT_ASSUMED: &[Row] = &[Row {
    cause: KnownCause::Denied,
    types: &[],
    phrases: &["accessdenied", "not authorized to perform"],
    told: |symptom| {
        let who = who(symptom.message);
        let role = word_after(symptom.message, "assume role ").unwrap_or("the role");
        say(
            &format!(
                "{who} may not assume {role}. The role's trust policy does not name these credentials or \
                 asks for another external id, or they may not sts:AssumeRole it. STS does not say which, \
                 nor whether there is such a role."
            ),
            &format!(
                "let the role's trust policy name {}, with the external id of `target.role.external_id` if \
                 it asks for one, and allow sts:AssumeRole on the role to them",
                lower(&who)
            ),
        )
    },
}];

/// Denials.
pub(super) static DENIED: &[Row] = &[
    Row {
        cause: KnownCause::Denied,
        types: &[],
        phrases: &[
            "with an explicit deny in a service control policy",
            "because no service control policy allows",
            "because no permissions boundary allows",
            "with an explicit deny in a permissions boundary",
            "with an explicit deny in a resource control policy",
        ],
        told: |symptom| {
            let (who, action) = (who(symptom.message), action(symptom.message));
            say(
                &format!(
                    "{who} may not do {action}: a guard rail of the organisation or a permissions boundary \
                     forbids it. More rights for the user or role do not help."
                ),
                &format!("ask whoever keeps those policies to allow {action}"),
            )
        },
    },
    Row {
        cause: KnownCause::Denied,
        types: &[],
        phrases: &["not authorized to perform"],
        told: |symptom| {
            let (who, action) = (who(symptom.message), action(symptom.message));
            let on = word_after(symptom.message, "on resource: ")
                .map_or_else(String::new, |resource| format!(" on {resource}"));
            let why = if contains(symptom.message, "explicit deny") {
                "A policy denies it by name, which no other can undo."
            } else {
                "No policy allows it."
            };
            say(
                &format!("{who} may not do {action}{on}. {why}"),
                &format!(
                    "allow {action}{on} to {}, or use other credentials; `deploy permissions` prints all that \
                     is needed",
                    lower(&who)
                ),
            )
        },
    },
    Row {
        cause: KnownCause::Denied,
        types: &[],
        phrases: &[
            "accessdenied",
            "unauthorizedoperation",
            "authorizationerror",
            "unauthorizedtaggingoperation",
            "access denied (service:",
        ],
        told: |_| {
            say(
                "The credentials are known, but no policy allows this, or one denies it. The service does \
                 not say which.",
                "ask for the permission, or use other credentials; `deploy permissions` prints all that is \
                 needed, and CloudTrail shows the request that was denied",
            )
        },
    },
];

/// The user or role in the service's words, as the beginning of a sentence.
fn who(message: &str) -> String {
    between(message, "User: ", " is not authorized")
        .map_or_else(|| "The caller".to_owned(), str::to_owned)
}

fn action(message: &str) -> &str {
    word_after(message, "not authorized to perform: ").unwrap_or("this")
}

fn lower(who: &str) -> String {
    who.replacen("The ", "the ", 1)
}
