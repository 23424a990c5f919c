//! `training.launch`: what the toolkit cannot be handed.
//!
//! The SageMaker training toolkit joins the script's arguments into one line for a shell, unquoted
//! (`sagemaker_training.process` with `capture_error`), so that only what no shell gives a meaning to
//! may be among them.

use std::collections::BTreeMap;

use super::super::check::Check;
use super::super::document;
use super::super::problem::Problem;
use super::super::resolved::Launch;
use super::training::MAX_HYPERPARAMETERS;
use crate::stack::codes;

/// Hyperparameters that tell the toolkit what to run.
const OF_THE_TOOLKIT: usize = 2;

/// Resolves the field, and requires that the toolkit can be handed what the script is to get.
pub(super) fn resolve(
    check: &mut Check<'_>,
    training: &document::Training,
    hyperparameters: &BTreeMap<String, String>,
) -> Launch {
    if training.launch != Some(document::Launch::Toolkit) {
        return Launch::Script;
    }
    let remedy = "use letters, digits and `_ - . / : , = + @ %`, or `launch: script`";
    let because = "the toolkit puts it on a shell's command line without quoting it";
    check.require(
        is_plain(&training.entry_point),
        &["training", "entry_point"],
        || {
            Problem::new(
                &codes::TOOLKIT,
                format!("the toolkit cannot run `{}`", training.entry_point),
            )
            .because(because)
            .help(remedy)
        },
    );
    for (name, value) in hyperparameters {
        let field = &["training", "hyperparameters", name.as_str()];
        check.require(is_plain(value), field, || {
            Problem::new(
                &codes::TOOLKIT,
                format!("the toolkit cannot be handed the value of `{name}`"),
            )
            .because(because)
            .help(remedy)
        });
    }
    let most = MAX_HYPERPARAMETERS - OF_THE_TOOLKIT;
    let number = hyperparameters.len();
    let field = &["training", "hyperparameters"];
    check.require(
        number <= most || number > MAX_HYPERPARAMETERS,
        field,
        || {
            Problem::new(
                &codes::LIMIT_EXCEEDED,
                format!("there are {number} hyperparameters"),
            )
            .because(format!(
                "SageMaker takes {MAX_HYPERPARAMETERS}, and the toolkit needs two"
            ))
        },
    );
    Launch::Toolkit
}

/// Whether a shell takes a text as one word that means itself.
fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:,=+@%".contains(c);
    !text.is_empty() && text.chars().all(plain)
}
