//! What two environments of a stack differ in that no template shows.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::change::{Content, ContentChange, ContentState};
use super::environment::Besides;
use crate::stack::{DataSource, Gate, Protection, Stack};

/// Something that the tool itself does otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SettingChange {
    /// The field of the stack file.
    pub setting: String,
    /// In the base; `None` where it is not set.
    pub before: Option<String>,
    /// On the other side.
    pub after: Option<String>,
}

/// Compares two environments of a stack file, but for what is rendered.
pub fn design(before: &Stack, after: &Stack) -> Besides {
    let settings = settings(before).into_iter().zip(settings(after));
    let settings = settings.filter(|((_, one), (_, other))| one != other);
    Besides {
        settings: settings
            .map(|((setting, before), (_, after))| SettingChange {
                setting: setting.to_owned(),
                before,
                after,
            })
            .collect(),
        content: content(before, after),
        model: None,
    }
}

fn settings(stack: &Stack) -> [(&'static str, Option<String>); 4] {
    let gate = |gate: &Gate| {
        let Gate {
            metric,
            comparison,
            threshold,
        } = gate;
        format!("{metric} {} {threshold}", comparison.symbol())
    };
    let regression = stack.training.regression;
    let regression = regression.map(|most| format!("regression <= {most}"));
    let gates = stack.training.gates.iter().map(gate).chain(regression);
    let gates: Vec<String> = gates.collect();
    let protected = stack.protection == Protection::Protected;
    let from = stack.promotion.as_ref().map(|terms| terms.from.to_string());
    [
        ("protected", protected.then(|| "true".to_owned())),
        ("ttl", stack.ttl.map(|ttl| ttl.to_string())),
        ("promotes_from", from),
        (
            "training.gates",
            Some(gates.join(", ")).filter(|gates| !gates.is_empty()),
        ),
    ]
}

/// Data and code that are another file or folder. What decides a model counts only where both train.
fn content(before: &Stack, after: &Stack) -> Vec<ContentChange> {
    let both_train = before.promotion.is_none() && after.promotion.is_none();
    let data = match (&before.data.source, &after.data.source) {
        (
            DataSource::File(one) | DataSource::Folder(one),
            DataSource::File(other) | DataSource::Folder(other),
        ) => Some((Content::Data, one, other)),
        // The rendered request names data in S3.
        _ => None,
    };
    let code = (
        Content::TrainingCode,
        &before.training.code,
        &after.training.code,
    );
    let training = data.into_iter().chain([code]).filter(|_| both_train);
    let function = (
        Content::FunctionCode,
        &before.function.code,
        &after.function.code,
    );
    let folder = after.file.parent().unwrap_or(Path::new("/"));
    let named = |path: &Path| {
        let path = path.strip_prefix(folder).unwrap_or(path);
        path.display().to_string()
    };
    training
        .chain([function])
        .filter(|(_, one, other)| one != other)
        .map(|(what, one, other)| ContentChange {
            what,
            path: named(other),
            state: ContentState::Moved { before: named(one) },
        })
        .collect()
}
