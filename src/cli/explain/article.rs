//! The catalogue: the codes of all modules, each with what is shown of it.

use serde::Serialize;

use super::cases::{Case, cases};
use crate::cli::codes;
use crate::cloud::diagnosis::{self, Origin, Symptom};
use crate::code::{Code, Example};
use crate::{batch, bundle, plan, policy, reconcile, render, stack};

/// Most samples of a cause that are shown.
const SAMPLES: usize = 3;

/// What is told of one code.
#[derive(Debug, Serialize)]
pub(super) struct Article {
    /// The code.
    #[serde(rename = "code")]
    pub(super) name: &'static str,
    /// Where it comes from.
    pub(super) group: &'static str,
    /// What it means.
    pub(super) title: &'static str,
    /// Why it matters.
    pub(super) why: &'static str,
    /// How to mend it, where that does not depend on the case.
    pub(super) remedy: Option<&'static str>,
    /// What raises it.
    pub(super) examples: Vec<Shown>,
}

/// An example as it is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Shown {
    /// A piece of a file, or a command line, and the same mended.
    Piece {
        /// What is wrong.
        before: &'static str,
        /// What is right.
        after: &'static str,
    },
    /// What the program prints in a case of it.
    Case {
        /// The lines.
        printed: String,
    },
    /// The words of a service, and what they mean.
    Words {
        /// Who says it.
        from: String,
        /// The words.
        words: String,
        /// What they mean.
        explanation: String,
        /// What to do about it.
        remedy: String,
    },
}

impl From<Example> for Shown {
    fn from(example: Example) -> Self {
        let Example { before, after } = example;
        Self::Piece { before, after }
    }
}

/// All codes, group by group.
pub(super) fn catalogue() -> Vec<Article> {
    let mut articles = Vec::new();
    let cases = cases();
    let mut add = |group: &'static str, list: &mut dyn Iterator<Item = &'static Code>| {
        articles.extend(list.map(|code| article(group, code, &cases)));
    };
    add("Command line", &mut codes::CODES.iter().copied());
    add(
        "Stack files",
        &mut stack::codes::all().chain(policy::CODES.iter().copied()),
    );
    add("Templates", &mut render::codes::CODES.iter().copied());
    add("Data and code", &mut bundle::codes::CODES.iter().copied());
    add("Texts in bulk", &mut batch::codes::CODES.iter().copied());
    add("Plans", &mut plan::codes::CODES.iter().copied());
    add("Runs", &mut reconcile::codes::CODES.iter().copied());
    add("Causes", &mut diagnosis::codes::CODES.iter().copied());
    articles.extend(policy::all().map(|policy| Article {
        name: policy.id,
        group: "Policies",
        title: policy.title,
        why: policy.reason,
        remedy: Some(policy.remedy),
        examples: vec![policy.example.into()],
    }));
    articles
}

fn article(group: &'static str, code: &'static Code, cases: &[Case]) -> Article {
    let mut examples: Vec<Shown> = code.example.map(Shown::from).into_iter().collect();
    let raised = cases.iter().filter(|case| case.raises(code));
    examples.extend(raised.map(|case| Shown::Case {
        printed: case.printed(),
    }));
    let samples = diagnosis::codes::samples(code).into_iter().take(SAMPLES);
    examples.extend(samples.map(|(symptom, diagnosis)| Shown::Words {
        from: origin(&symptom),
        words: symptom.message.to_owned(),
        explanation: diagnosis.explanation,
        remedy: diagnosis.remedy,
    }));
    Article {
        name: code.name,
        group,
        title: code.title,
        why: code.why,
        remedy: code.remedy,
        examples,
    }
}

/// Who says the words of a symptom.
fn origin(symptom: &Symptom<'_>) -> String {
    match symptom.origin {
        Origin::Operation(name) => format!("{name} ({})", symptom.code),
        Origin::Resource(kind) => format!("A resource of type {kind}"),
        Origin::Change => "CloudFormation".to_owned(),
        Origin::Training => format!("A training job ({})", symptom.code),
        Origin::Batch => "A batch job".to_owned(),
        Origin::Endpoint => "The endpoint".to_owned(),
        Origin::Api => "The HTTP API".to_owned(),
    }
}
