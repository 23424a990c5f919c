//! Tells the training code what the data is like: the variable `DATA_FORMAT` of the container.
//!
//! The stack file says it once, under `data.format`, and the code that ships with deploy takes it from
//! there. It is part of the training key as every variable is.

use serde_json::json;

use super::super::check::Check;
use super::super::problem::Problem;
use super::super::resolved::{Data, Format, Training};
use super::container::{MAX_LENGTH, MAX_VARIABLES};
use super::training::no_placeholder;
use crate::stack::codes;

/// The variable. Whoever gives it in the stack file, empty too, keeps it.
const VARIABLE: &str = "DATA_FORMAT";

/// Adds the variable to those of the training container.
pub(super) fn format(check: &mut Check<'_>, data: &Data, training: &mut Training) {
    let Some(format) = &data.format else { return };
    if training.environment.contains_key(VARIABLE) {
        return;
    }
    let field = &["data", "format", "classes"];
    let text = text(format);
    no_placeholder(check, field, &text);
    let length = text.chars().count();
    let room = training.environment.len() < MAX_VARIABLES;
    check.require(length <= MAX_LENGTH && room, field, || {
        Problem::new(
            &codes::LIMIT_EXCEEDED,
            format!("the format cannot be told to the training code: it takes {length} characters"),
        )
        .because(format!(
            "it is the variable `{VARIABLE}`, and SageMaker takes {MAX_VARIABLES} variables of \
             {MAX_LENGTH} characters"
        ))
        .help(format!(
            "use shorter classes; code that needs no telling has \
             `training.environment: {{ {VARIABLE}: \"\" }}`"
        ))
    });
    training.environment.insert(VARIABLE.to_owned(), text);
}

/// Columns are counted from 0; classes stand in the order of the model's outputs.
fn text(format: &Format) -> String {
    let classes = format.classes.iter().zip(&format.labels);
    json!({
        "columns": format.columns.len(),
        "text": format.text,
        "label": format.label,
        "group": format.group,
        "time": format.time,
        "separator": char::from(format.separator).to_string(),
        "quoted": format.quoted,
        "header": format.header,
        "classes": classes.collect::<Vec<_>>(),
    })
    .to_string()
}
