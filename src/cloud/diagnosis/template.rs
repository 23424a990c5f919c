//! Templates that CloudFormation does not accept.
//!
//! Texts: widdix/aws-cf-templates#169 (body), CloudFormation's own "Template format error"; the numbers are
//! those of "Understand CloudFormation quotas" in its user guide.

use super::KnownCause;
use super::matching::{Row, between, number_after, say};

pub(super) static ROWS: &[Row] = &[
    Row {
        cause: KnownCause::TemplateTooLarge,
        types: &[],
        phrases: &[
            "'templatebody' failed to satisfy constraint*51200",
            "template may not exceed",
        ],
        told: |_| {
            say(
                "A template may have 51,200 bytes in a request, and this one has more.",
                "shorten your own template: comments and routes count too; `deploy render` shows it",
            )
        },
    },
    Row {
        cause: KnownCause::TemplateTooLarge,
        types: &[],
        phrases: &["number of resources*greater than maximum allowed"],
        told: |symptom| {
            let count = number_after(symptom.message, "Number of resources, ");
            let count = count.map_or_else(|| "more".to_owned(), |count| count.to_string());
            say(
                &format!("A template may have 500 resources, and this one has {count}."),
                "have fewer entries in `api.routes`, or split your own template",
            )
        },
    },
    Row {
        cause: KnownCause::TemplateTooLarge,
        types: &[],
        phrases: &[
            "number of outputs*greater than maximum allowed",
            "number of parameters*greater than maximum allowed",
        ],
        told: |_| {
            say(
                "A template may have 200 outputs and 200 parameters, and this one has more.",
                "remove some from your own template",
            )
        },
    },
    Row {
        cause: KnownCause::TemplateInvalid,
        types: &[],
        phrases: &["requires capabilities : ["],
        told: |symptom| {
            let asked = between(symptom.message, "[", "]").unwrap_or("more");
            say(
                &format!(
                    "The template asks for {asked}. `deploy` acknowledges only what its own templates need."
                ),
                "remove macros and transforms from your own template",
            )
        },
    },
    Row {
        cause: KnownCause::TemplateInvalid,
        types: &[],
        phrases: &["circular dependency between resources"],
        told: |_| {
            say(
                "Resources of the template wait for each other in a circle.",
                "break it: remove a `DependsOn`, or split a policy off into a resource of its own",
            )
        },
    },
    Row {
        cause: KnownCause::TemplateInvalid,
        types: &[],
        phrases: &[
            "template format error",
            "template error:",
            "unresolved resource dependencies",
        ],
        told: |_| {
            say(
                "CloudFormation cannot read the template, or it refers to something that it does not have.",
                "mend your own template under `templates/`; `deploy check` finds most of it without an \
                 account",
            )
        },
    },
    Row {
        cause: KnownCause::TemplateInvalid,
        types: &[],
        phrases: &[
            "properties validation failed for resource",
            "encountered unsupported property",
            "model validation failed",
            "earlyvalidation::propertyvalidation",
        ],
        told: |_| {
            say(
                "A property of a resource is not what its type allows.",
                "mend your own template under `templates/`, or the stack file's value behind it",
            )
        },
    },
];
