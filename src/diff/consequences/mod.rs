//! What changes mean for people: what is lost, who can reach what, what stops, what it costs.
//!
//! Input: both sides of an environment and the changes between them. Output: sentences, each with
//! how grave it is. Must not know: how they are shown.

mod cost;
mod endpoint;
mod exposure;
mod loss;
mod model;
mod permissions;

use serde_json::Value;

use super::change::{
    Action, Change, Consequence, Content, ContentChange, ContentState, DocumentDiff, Presence,
    PropertyChange, Section, Severity, Topic,
};
use super::environment::{Comparison, kind, resources};
use super::facts;
use super::training::Training;
use super::words::{count, quoted};

pub(super) use permissions::sentence;

/// Collects the consequences of one environment.
struct Collector<'a> {
    comparison: &'a Comparison,
    documents: &'a [DocumentDiff],
    out: Vec<Consequence>,
}

/// Says what the changes of an environment mean.
pub(super) fn of(
    environment: &str,
    presence: Presence,
    comparison: &Comparison,
    documents: &[DocumentDiff],
    content: &[ContentChange],
) -> Vec<Consequence> {
    let mut collector = Collector {
        comparison,
        documents,
        out: Vec::new(),
    };
    match presence {
        Presence::Gone => {
            let text = format!(
                "the environment is no longer described, and nothing removes what is deployed: \
                 run `deploy down --env {environment}` while its description is still there"
            );
            collector.add(Severity::Danger, Topic::Other, text, None);
        }
        Presence::New => {
            let made: usize = comparison
                .after
                .values()
                .map(|one| resources(one).count())
                .sum();
            let text = format!("a new environment: {} are made", count(made, "resource"));
            collector.add(Severity::Info, Topic::Other, text, None);
            if comparison.model.is_none() {
                let text = "it trains, unless a model of the same training key is there".to_owned();
                collector.add(Severity::Caution, Topic::Training, text, None);
            }
            exposure::of(&mut collector);
            cost::of(&mut collector);
        }
        Presence::Both => {
            training(&mut collector, content);
            model::of(&mut collector);
            brought(&mut collector, content);
            function_code(&mut collector, content);
            refused(&mut collector);
            endpoint::of(&mut collector);
            exposure::of(&mut collector);
            permissions::of(&mut collector);
            loss::of(&mut collector);
            cost::of(&mut collector);
        }
    }
    collector.out
}

impl<'a> Collector<'a> {
    fn add(
        &mut self,
        severity: Severity,
        topic: Topic,
        text: String,
        resource: impl Into<Option<String>>,
    ) {
        self.out.push(Consequence {
            severity,
            topic,
            text,
            resource: resource.into(),
        });
    }

    /// The changed resources of a type, each with its document.
    fn changed(&self, kind: &str) -> Vec<(&'a str, &'a Change)> {
        self.all()
            .filter(|(_, change)| change.kind.as_deref() == Some(kind))
            .collect()
    }

    /// All changed resources and requests, each with its document.
    fn all(&self) -> impl Iterator<Item = (&'a str, &'a Change)> + use<'a> {
        let documents: &'a [DocumentDiff] = self.documents;
        documents.iter().flat_map(|document| {
            let changes = document.changes.iter();
            let of_account = changes
                .filter(|change| matches!(change.section, Section::Resource | Section::Request));
            of_account.map(|change| (document.document.as_str(), change))
        })
    }

    /// The properties of a resource before and after; `Null` where it is not there.
    fn properties(&self, document: &str, id: &str) -> (&'a Value, &'a Value) {
        let side = |documents: &'a super::documents::Documents| {
            let resource = documents.get(document).map(|one| &one["Resources"][id]);
            resource.map_or(&Value::Null, |resource| &resource["Properties"])
        };
        (side(&self.comparison.before), side(&self.comparison.after))
    }

    /// Resources of a type in the working tree, with document and logical id.
    fn present(&self, wanted: &str) -> Vec<(&'a str, &'a str, &'a Value)> {
        let documents: &'a super::documents::Documents = &self.comparison.after;
        let mut found = Vec::new();
        for (document, template) in documents {
            for (id, resource) in resources(template) {
                if kind(resource) == wanted {
                    found.push((document.as_str(), id.as_str(), &resource["Properties"]));
                }
            }
        }
        found
    }
}

/// Names a resource in a consequence.
fn place(document: &str, change: &Change) -> String {
    format!("{document}/{}", change.id)
}

/// Whether a property at or below a name differs.
fn touches<'a>(change: &'a Change, name: &str) -> Option<&'a PropertyChange> {
    let within = |path: &str| {
        path.strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    change
        .properties
        .iter()
        .find(|property| within(&property.path))
}

fn training(collector: &mut Collector<'_>, content: &[ContentChange]) {
    let known = |change: &ContentChange| !matches!(change.state, ContentState::Unknown { .. });
    let differs = !collector.documents.is_empty() || content.iter().any(known);
    match &collector.comparison.training {
        Some(Training::Retrains { because }) => {
            let text = format!("it retrains: {}", because.join("; "));
            collector.add(Severity::Caution, Topic::Training, text, None);
        }
        Some(Training::Kept { unknown, .. }) if !unknown.is_empty() => {
            let text = format!(
                "whether it retrains cannot be told from here: {}",
                unknown.join("; ")
            );
            collector.add(Severity::Caution, Topic::Training, text, None);
        }
        Some(Training::Kept {
            request_differs, ..
        }) if differs => {
            let mut text = "it does not retrain: nothing that decides the model differs".to_owned();
            if *request_differs {
                text.push_str("; the changed request is for the next training");
            }
            collector.add(Severity::Info, Topic::Training, text, None);
        }
        Some(Training::Kept { .. }) | None => {}
    }
}

/// A model that is brought is another one, which nobody has measured here.
fn brought(collector: &mut Collector<'_>, content: &[ContentChange]) {
    for change in content.iter().filter(|one| one.what == Content::Model) {
        let text = match &change.state {
            ContentState::Unknown { because } => {
                format!("whether another model is brought cannot be told from here: {because}")
            }
            ContentState::Moved { before } => format!(
                "another model is brought: {} -> {}",
                quoted(before),
                quoted(&change.path)
            ),
            ContentState::Changed { .. } | ContentState::Archive { .. } => {
                format!("another model is brought: {} changed", quoted(&change.path))
            }
        };
        collector.add(Severity::Caution, Topic::Training, text, None);
    }
}

fn function_code(collector: &mut Collector<'_>, content: &[ContentChange]) {
    for change in content {
        if change.what != Content::FunctionCode {
            continue;
        }
        let text = match &change.state {
            ContentState::Changed { files } => format!(
                "the function's code changes: {}; it is updated in place",
                count(files.len(), "file")
            ),
            ContentState::Moved { before } => format!(
                "the function's code is another folder: {} -> {}",
                quoted(before),
                quoted(&change.path)
            ),
            ContentState::Archive { .. } => {
                "the function's code changes; it is updated in place".to_owned()
            }
            ContentState::Unknown { .. } => continue,
        };
        collector.add(Severity::Info, Topic::Other, text, None);
    }
}

/// Changes that CloudFormation refuses.
fn refused(collector: &mut Collector<'_>) {
    for (document, change) in collector.all().collect::<Vec<_>>() {
        let name = quoted(&change.id);
        if touches(change, "Type").is_some() && change.action == Action::Replace {
            let text = format!(
                "CloudFormation refuses to change the type of {name}: give the new resource \
                 another logical id"
            );
            collector.add(
                Severity::Danger,
                Topic::Refused,
                text,
                place(document, change),
            );
        } else if change.action == Action::Replace
            && let Some(fixed) = fixed_name(collector, document, change)
        {
            let text = format!(
                "CloudFormation refuses to replace {name} while it keeps the name {fixed}: the \
                 new one is made before the old one goes; rename it in the same change"
            );
            collector.add(
                Severity::Danger,
                Topic::Refused,
                text,
                place(document, change),
            );
        }
    }
}

/// The name that a resource keeps, where no two of that name can be.
fn fixed_name(collector: &Collector<'_>, document: &str, change: &Change) -> Option<String> {
    let kind = change.kind.as_deref()?;
    // A stage's name is its API's own: a stage of another API may have the same.
    if kind == "AWS::ApiGatewayV2::Stage" {
        return None;
    }
    let naming = facts::of(kind)?.naming.as_ref()?;
    let [by] = naming.by.as_slice() else {
        return None;
    };
    let (before, after) = collector.properties(document, &change.id);
    let stays = before.get(by).is_some() && touches(change, by).is_none();
    after
        .get(by)
        .filter(|_| stays)
        .map(|name| quoted(&super::canonical::text(name)))
}

#[cfg(test)]
mod tests;
