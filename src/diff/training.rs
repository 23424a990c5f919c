//! Which parts of a training request decide the model, and which do not.
//!
//! The counterpart of the training key of `bundle`; a test holds the two together.

use std::collections::BTreeMap;

use serde_json::Value;

use super::canonical::{scalar, text};
use super::change::{Content, ContentChange, ContentState};
use super::words::{count, quoted};

/// Whether a model is trained, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Training {
    /// Nothing that decides the model differs; the other differences of the request.
    Kept {
        /// Whether the request differs at all.
        request_differs: bool,
        /// What is not known, for want of a version control that knows it.
        unknown: Vec<String>,
    },
    /// The model is decided anew.
    Retrains {
        /// What differs, each in a few words.
        because: Vec<String>,
    },
}

/// Looks for differences that decide the model.
pub(super) fn training(before: &Value, after: &Value, content: &[ContentChange]) -> Training {
    let (old, new) = (ingredients(before), ingredients(after));
    let mut because = Vec::new();
    let names = old
        .keys()
        .chain(new.keys().filter(|name| !old.contains_key(*name)));
    for name in names {
        match (old.get(name), new.get(name)) {
            (Some(one), Some(other)) if one != other => {
                let (one, other) = apart(one, other);
                because.push(format!("{name} {} -> {}", quoted(one), quoted(other)));
            }
            (Some(one), None) => because.push(format!("{name} {} removed", quoted(one))),
            (None, Some(other)) => because.push(format!("{name} {} added", quoted(other))),
            _ => {}
        }
    }
    let mut unknown = Vec::new();
    for change in content {
        let what = match change.what {
            Content::Data => "data",
            Content::TrainingCode => "code",
            Content::Model | Content::FunctionCode => continue,
        };
        match &change.state {
            ContentState::Changed { files } if change.what == Content::TrainingCode => {
                because.push(format!("code changed: {}", count(files.len(), "file")));
            }
            ContentState::Changed { .. } | ContentState::Archive { .. } => {
                because.push(format!("{what} changed"));
            }
            ContentState::Moved { before } => {
                because.push(format!(
                    "{what} {} -> {}",
                    quoted(before),
                    quoted(&change.path)
                ));
            }
            ContentState::Unknown { because } => unknown.push(format!("{what}: {because}")),
        }
    }
    if because.is_empty() {
        Training::Kept {
            request_differs: before != after,
            unknown,
        }
    } else {
        Training::Retrains { because }
    }
}

/// Leaves out the folders that two addresses have in common.
fn apart<'a>(one: &'a str, other: &'a str) -> (&'a str, &'a str) {
    match (one.rsplit_once('/'), other.rsplit_once('/')) {
        (Some((folder, one)), Some((same, other))) if folder == same => (one, other),
        _ => (one, other),
    }
}

/// What of a request is part of the training key, by its name for people.
fn ingredients(request: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let algorithm = &request["AlgorithmSpecification"];
    if let Some(image) = scalar(&algorithm["TrainingImage"]) {
        found.insert("image".to_owned(), image);
    }
    let entrypoint = algorithm["ContainerEntrypoint"].as_array();
    if let Some(script) = entrypoint.and_then(|list| list.last()) {
        found.insert("entry point".to_owned(), text(script));
    }
    let channels = request["InputDataConfig"].as_array().into_iter().flatten();
    for channel in channels.filter(|channel| channel["ChannelName"] == "train") {
        let place = &channel["DataSource"]["S3DataSource"]["S3Uri"];
        found.extend(scalar(place).map(|place| ("data".to_owned(), place)));
    }
    for (name, value) in request["HyperParameters"].as_object().into_iter().flatten() {
        found.insert(format!("hyperparameter {}", quoted(name)), text(value));
    }
    for (name, value) in request["Environment"].as_object().into_iter().flatten() {
        found.insert(format!("variable {}", quoted(name)), text(value));
    }
    if let Some(count) = scalar(&request["ResourceConfig"]["InstanceCount"]) {
        found.insert("number of instances".to_owned(), count);
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request() -> Value {
        json!({
            "AlgorithmSpecification": {"TrainingImage": "i:1", "ContainerEntrypoint": ["sh", "a.py"]},
            "HyperParameters": {"learning_rate": "5e-5"},
            "ResourceConfig": {"InstanceType": "ml.g4dn.xlarge"},
        })
    }

    #[test]
    fn each_part_is_named_with_both_values() {
        let mut after = request();
        after["AlgorithmSpecification"]["TrainingImage"] = json!("i:2");
        after["HyperParameters"] = json!({"learning_rate": "3e-5", "seed": "1"});
        after["AlgorithmSpecification"]["ContainerEntrypoint"][1] = json!("b.py");
        let Training::Retrains { because } = training(&request(), &after, &[]) else {
            panic!("it retrains")
        };
        assert_eq!(
            because,
            [
                "entry point `a.py` -> `b.py`",
                "hyperparameter `learning_rate` `5e-5` -> `3e-5`",
                "image `i:1` -> `i:2`",
                "hyperparameter `seed` `1` added",
            ]
        );
    }

    #[test]
    fn an_instance_does_not_decide_the_model() {
        let mut after = request();
        after["ResourceConfig"]["InstanceType"] = json!("ml.g5.xlarge");
        let kept = Training::Kept {
            request_differs: true,
            unknown: Vec::new(),
        };
        assert_eq!(training(&request(), &after, &[]), kept);
    }
}
