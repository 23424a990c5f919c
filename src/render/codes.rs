//! The codes of what can be wrong with a template.
//!
//! Examples are templates, cut down to what matters: a test renders each as `service.yaml.tera`.

use super::error::RenderError;
use crate::code::{Code, codes};

codes! {
    /// The codes of templates.
    pub CODES
    TEMPLATE_MISTAKE = "template-mistake" {
        title: "A template has a mistake, or names a value that there is not",
        why: "A name that nobody knows would be written as nothing, and CloudFormation would get half a template",
        remedy: "mend what is underlined; `deploy templates show` prints the built-in templates with their inputs",
        before: "Resources:\n  Config:\n    Count: {{ endpont.count | tojson }}",
        after: "Resources:\n  Config:\n    Count: {{ endpoint.count | tojson }}",
    }
    TEMPLATE_ENGINE = "template-engine" {
        title: "The template engine gives up on a template, at no place that it names",
        why: "Its own words are all that is known",
        remedy: "take away the last change of the template, or compare it with the built-in one",
    }
    TEMPLATE_TOO_LONG = "template-too-long" {
        title: "A template writes more than CloudFormation takes",
        why: "A loop that goes on for too long would fill the memory before anybody is told",
        remedy: "write less: most often a loop goes over more than was meant",
        before: "Resources:\n{% for a in range(end=3000) %}{% for b in range(end=10) %}\n  R{{ a }}x{{ b }}: { Type: AWS::SNS::Topic, Properties: {} }\n{% endfor %}{% endfor %}",
        after: "Resources:\n{% for a in range(end=3) %}\n  R{{ a }}: { Type: AWS::SNS::Topic, Properties: {} }\n{% endfor %}",
    }
    TEMPLATE_LOOPS = "template-loops" {
        title: "The loops of a template do not end in time",
        why: "Rendering is done at every command and has to be a matter of milliseconds",
        remedy: "do not nest loops over long ranges, and let no component call itself",
        before: "Resources:\n{% set r = range(end=99999) %}{% for a in r %}{% for b in r %}{% for c in r %}{% endfor %}{% endfor %}{% endfor %}\n  A: 1",
        after: "Resources:\n{% set r = range(end=9) %}{% for a in r %}{% endfor %}\n  A: 1",
    }
    TEMPLATE_NOT_YAML = "template-not-yaml" {
        title: "What a template writes is no YAML",
        why: "The place that is shown is in the template, but what is wrong is in what it wrote: most often a value \
              without `| tojson`, or a lost indentation",
        remedy: "write every value through `| tojson`, and indent as YAML wants it",
        before: "Resources:\n  Config:\n    Count: [1",
        after: "Resources:\n  Config:\n    Count: [1]",
    }
    TEMPLATE_CONTENT = "template-content" {
        title: "What a template writes is YAML, but no CloudFormation template",
        why: "It lacks `Resources`, or it uses what CloudFormation does not know",
        remedy: "compare it with the built-in template of the same name",
        before: "Description: nothing",
        after: "Description: something\nResources:\n  Topic: { Type: AWS::SNS::Topic }",
    }
    TEMPLATE_UNKNOWN = "template-unknown" {
        title: "A template of the project's own has a name that no built-in template has",
        why: "It would override nothing, and nobody would read it",
        remedy: "rename it to one of those that `deploy templates list` shows",
    }
    TEMPLATE_UNREADABLE = "template-unreadable" {
        title: "A template of the project's own cannot be read",
        why: "Using the built-in one in its place would deploy something else than what the project says",
        remedy: "make the file readable, as UTF-8 text",
    }
}

impl RenderError {
    /// Which kind of error it is.
    pub fn code(&self) -> &'static Code {
        match self {
            Self::Template(_) => &TEMPLATE_MISTAKE,
            Self::Engine { .. } => &TEMPLATE_ENGINE,
            Self::TooLong { .. } => &TEMPLATE_TOO_LONG,
            Self::TooMany { .. } => &TEMPLATE_LOOPS,
            Self::NotYaml(_) => &TEMPLATE_NOT_YAML,
            Self::Content(_) => &TEMPLATE_CONTENT,
            Self::Unknown { .. } => &TEMPLATE_UNKNOWN,
            Self::Unreadable { .. } => &TEMPLATE_UNREADABLE,
        }
    }
}
