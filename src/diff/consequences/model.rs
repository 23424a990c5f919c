//! Which model serves, and which labels its clients see.

use super::super::change::{Severity, Topic};
use super::super::model::{self, LabelsDiff, ModelDiff};
use super::super::words::quoted;
use super::Collector;

/// Says what another model means.
pub(super) fn of(collector: &mut Collector<'_>) {
    let Some(model) = &collector.comparison.model else {
        return;
    };
    another(collector, model);
    for (labels, text) in model.labels.iter().flat_map(label_texts) {
        let text = format!("{}: {text}", labels.join(", "));
        collector.add(Severity::Danger, Topic::Model, text, None);
    }
}

/// The labels that are on one side only, quoted, and what that means for clients.
fn label_texts(labels: &LabelsDiff) -> impl Iterator<Item = (Vec<String>, &'static str)> {
    let texts = [
        (
            &labels.removed,
            "no longer among the labels: clients that wait for it never see it again",
        ),
        (
            &labels.added,
            "new among the labels: clients may not know what to do with it",
        ),
    ];
    texts.into_iter().filter_map(|(labels, text)| {
        let labels: Vec<String> = labels.iter().map(|label| quoted(label)).collect();
        (!labels.is_empty()).then_some((labels, text))
    })
}

fn another(collector: &mut Collector<'_>, model: &ModelDiff) {
    let (Some(before), Some(after)) = (&model.before, &model.after) else {
        return;
    };
    if !model.is_changed() {
        return;
    }
    let keys = [before, after].map(|side| quoted(&model::short(&side.training_key)));
    let [one, other] = &keys;
    if before.training_key == after.training_key {
        let text = format!("the model of training key {one} was trained again: its bytes differ");
        collector.add(Severity::Caution, Topic::Model, text, None);
    } else if after.sha256.is_some() {
        let text = format!("another model: training key {one} -> {other}");
        collector.add(Severity::Info, Topic::Model, text, None);
    } else {
        let text = format!(
            "it retrains, unless a model of the same training key is there: {one} -> {other}"
        );
        collector.add(Severity::Caution, Topic::Training, text, None);
    }
}
