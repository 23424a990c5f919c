//! What two environments of a stack differ in that no template shows.

use std::path::{Path, PathBuf};

use super::change::{Content, ContentChange, ContentState, SettingChange};
use super::environment::Besides;
use crate::stack::{Brought, DataSource, Gate, ModelSource, Protection, Stack};

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
    let regression = stack.training().and_then(|training| training.regression);
    let regression = regression.map(|most| format!("regression <= {most}"));
    let gates = stack.training().map_or(&[][..], |training| &training.gates);
    let gates: Vec<String> = gates.iter().map(gate).chain(regression).collect();
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

/// Data and code that are another file or folder. What decides a model counts only where neither takes one
/// over.
fn content(before: &Stack, after: &Stack) -> Vec<ContentChange> {
    let both_have_their_own = before.promotion.is_none() && after.promotion.is_none();
    let made_from = made_from(&before.model, &after.model);
    let training = made_from.into_iter().filter(|_| both_have_their_own);
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

/// What two models are made from, where both are trained from files, or brought as files.
fn made_from<'a>(
    before: &'a ModelSource,
    after: &'a ModelSource,
) -> Vec<(Content, &'a PathBuf, &'a PathBuf)> {
    match (before, after) {
        (
            ModelSource::Brought(Brought::File { path: one, .. }),
            ModelSource::Brought(Brought::File { path: other, .. }),
        ) => vec![(Content::Model, one, other)],
        (ModelSource::Trained(before), ModelSource::Trained(after)) => {
            let (one, other) = (&before.training.code, &after.training.code);
            let code = (Content::TrainingCode, one, other);
            match (&before.data.source, &after.data.source) {
                (
                    DataSource::File(one) | DataSource::Folder(one),
                    DataSource::File(other) | DataSource::Folder(other),
                ) => vec![(Content::Data, one, other), code],
                // The rendered request names data in S3.
                _ => vec![code],
            }
        }
        _ => Vec::new(),
    }
}
