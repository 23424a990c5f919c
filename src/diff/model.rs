//! Two models side by side: where they come from, how good they are, which labels they answer.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::Digest;
use crate::release::{Model, Release};

/// Digits of a digest that tell models apart for people.
const DIGITS: usize = 12;

/// A model that is compared.
#[derive(Debug, Clone, Copy)]
pub enum Compared<'a> {
    /// That of a release.
    Released(&'a Release),
    /// One that was trained, but is in no release of the environment yet.
    Pinned(&'a Model),
    /// The one that the working tree describes; only its training key is known.
    Described(&'a Digest),
}

/// The models of both sides of an environment.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ModelDiff {
    /// The model of the base; `None` where it has none.
    pub before: Option<ModelSide>,
    /// The other one.
    pub after: Option<ModelSide>,
    /// The metrics, by name.
    pub metrics: Vec<Figure>,
    /// F1 of each class on what the model had not seen, by label.
    pub classes: Vec<Figure>,
    /// How the labels differ, which clients see; `None` where they are not known on both sides.
    pub labels: Option<LabelsDiff>,
}

/// A model on one side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ModelSide {
    /// The release that it is in; `None` for one that is in none yet.
    pub release: Option<ReleaseSide>,
    /// Digest of everything that decides it.
    pub training_key: String,
    /// The job that trained it, where that is known.
    pub job: Option<String>,
    /// SHA-256 of its archive; `None` where that is not known, as before it is trained.
    pub sha256: Option<String>,
}

/// A release on one side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReleaseSide {
    /// Its name.
    pub id: String,
    /// Its environment.
    pub environment: String,
    /// When it was seen to serve.
    pub at: String,
    /// User and host.
    pub by: String,
    /// How it came about.
    pub how: String,
}

/// A figure on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Figure {
    /// The metric, or the label.
    pub name: String,
    /// In the base.
    pub before: Option<f64>,
    /// On the other side.
    pub after: Option<f64>,
    /// By how much it rises.
    pub change: Option<f64>,
}

/// Labels that only one side answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LabelsDiff {
    /// Not in the base.
    pub added: Vec<String>,
    /// Only in the base.
    pub removed: Vec<String>,
}

impl Compared<'_> {
    fn model(&self) -> Option<&Model> {
        match self {
            Self::Released(release) => Some(&release.model),
            Self::Pinned(model) => Some(model),
            Self::Described(_) => None,
        }
    }

    fn training_key(&self) -> &Digest {
        match self {
            Self::Released(release) => &release.model.training_key,
            Self::Pinned(model) => &model.training_key,
            Self::Described(key) => key,
        }
    }

    fn side(&self) -> ModelSide {
        let release = match self {
            Self::Released(release) => Some(ReleaseSide {
                id: release.id.to_string(),
                environment: release.environment.clone(),
                at: format!("{:.0}", release.at),
                by: release.by.clone(),
                how: release.provenance.to_string(),
            }),
            Self::Pinned(_) | Self::Described(_) => None,
        };
        let model = self.model();
        ModelSide {
            release,
            training_key: self.training_key().to_string(),
            job: model.and_then(|model| model.job.clone()),
            sha256: model.map(|model| model.artifact.sha256.to_string()),
        }
    }
}

impl ModelDiff {
    /// Puts two models side by side.
    pub fn between(before: Option<Compared<'_>>, after: Option<Compared<'_>>) -> Self {
        let figures = |of: fn(&Model) -> &BTreeMap<String, f64>| {
            let side = |model: &Option<Compared<'_>>| {
                let model = model.as_ref().and_then(Compared::model);
                model.map(of).cloned().unwrap_or_default()
            };
            (side(&before), side(&after))
        };
        let metrics = figures(|model| &model.metrics);
        let classes = figures(|model| &model.classes);
        Self {
            before: before.as_ref().map(Compared::side),
            after: after.as_ref().map(Compared::side),
            metrics: side_by_side(&metrics.0, &metrics.1),
            labels: labels(&classes.0, &classes.1),
            classes: side_by_side(&classes.0, &classes.1),
        }
    }

    /// Whether the sides have different models, as far as that is known.
    pub fn is_changed(&self) -> bool {
        let (Some(before), Some(after)) = (&self.before, &self.after) else {
            return self.before.is_some() != self.after.is_some();
        };
        let bytes = before.sha256.as_ref().zip(after.sha256.as_ref());
        before.training_key != after.training_key || bytes.is_some_and(|(one, other)| one != other)
    }

    /// The table for people: what it is, before, after, and by how much a figure rises.
    pub(super) fn rows(&self) -> Vec<[String; 4]> {
        let mut rows = Vec::new();
        let mut add = |name: &str, of: &dyn Fn(&ModelSide) -> Option<String>| {
            let cells = [&self.before, &self.after].map(|side| side.as_ref().and_then(of));
            if cells.iter().any(Option::is_some) {
                let [before, after] = cells.map(|cell| cell.unwrap_or_else(|| "-".to_owned()));
                rows.push([name.to_owned(), before, after, String::new()]);
            }
        };
        let released =
            |of: fn(&ReleaseSide) -> String| move |side: &ModelSide| side.release.as_ref().map(of);
        add("release", &released(|one| one.id.clone()));
        add("of", &released(|one| one.environment.clone()));
        add("how", &released(|one| one.how.clone()));
        add("at", &released(|one| one.at.clone()));
        add("by", &released(|one| one.by.clone()));
        add("training key", &|side| Some(short(&side.training_key)));
        add("job", &|side| side.job.clone());
        add("sha256", &|side| side.sha256.as_deref().map(short));
        let metrics = self.metrics.iter().map(|figure| figure.row(""));
        let classes = self.classes.iter().map(|figure| figure.row("F1 of "));
        rows.extend(metrics.chain(classes));
        rows
    }
}

impl Figure {
    fn row(&self, before_name: &str) -> [String; 4] {
        let cell = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.4}"));
        let change = self.change.map(|change| format!("{change:+.4}"));
        [
            format!("{before_name}{}", self.name),
            cell(self.before),
            cell(self.after),
            change.unwrap_or_default(),
        ]
    }
}

/// The beginning of a digest.
pub(super) fn short(digest: &str) -> String {
    digest.chars().take(DIGITS).collect()
}

fn side_by_side(before: &BTreeMap<String, f64>, after: &BTreeMap<String, f64>) -> Vec<Figure> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let figure = |name: &String| {
        let (before, after) = (before.get(name).copied(), after.get(name).copied());
        Figure {
            name: name.clone(),
            before,
            after,
            change: before.zip(after).map(|(before, after)| after - before),
        }
    };
    names.into_iter().map(figure).collect()
}

/// Which labels differ. Training code that reports no classes says nothing about them.
fn labels(before: &BTreeMap<String, f64>, after: &BTreeMap<String, f64>) -> Option<LabelsDiff> {
    if before.is_empty() || after.is_empty() {
        return None;
    }
    let only = |one: &BTreeMap<String, f64>, other: &BTreeMap<String, f64>| {
        let labels = one.keys().filter(|label| !other.contains_key(*label));
        labels.cloned().collect()
    };
    Some(LabelsDiff {
        added: only(after, before),
        removed: only(before, after),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::testing::release;

    fn with(classes: &[(&str, f64)], accuracy: f64, sha256: &str) -> Release {
        let mut release = release(1, "s");
        let classes = classes.iter().map(|(label, f1)| ((*label).to_owned(), *f1));
        release.model.classes = classes.collect();
        release.model.metrics = BTreeMap::from([("accuracy".to_owned(), accuracy)]);
        release.model.artifact.sha256 = Digest::of_bytes(sha256.as_bytes());
        release
    }

    fn between(before: &Release, after: &Release) -> ModelDiff {
        let [before, after] = [before, after].map(|one| Some(Compared::Released(one)));
        ModelDiff::between(before, after)
    }

    #[test]
    fn figures_stand_side_by_side_with_their_change() {
        let before = with(&[("a", 0.5), ("b", 0.25)], 0.75, "1");
        let after = with(&[("b", 0.5), ("c", 1.0)], 0.5, "2");
        let diff = between(&before, &after);
        assert!(diff.is_changed());
        assert_eq!(diff.metrics[0].change, Some(-0.25));
        let changes: Vec<Option<f64>> = diff.classes.iter().map(|one| one.change).collect();
        assert_eq!(changes, [None, Some(0.25), None]);
        let labels = diff.labels.clone().unwrap();
        assert_eq!(
            (labels.added, labels.removed),
            (vec!["c".into()], vec!["a".into()])
        );
        let rows = diff.rows();
        let row = |name: &str| rows.iter().find(|row| row[0] == name).unwrap()[1..].to_vec();
        assert_eq!(row("accuracy"), ["0.7500", "0.5000", "-0.2500"]);
        assert_eq!(row("F1 of a"), ["0.5000", "-", ""]);
        assert_eq!(row("how"), ["deployed", "deployed", ""]);
    }

    #[test]
    fn labels_that_are_not_known_do_not_differ() {
        let diff = between(&with(&[], 0.5, "1"), &with(&[("a", 1.0)], 0.5, "1"));
        assert_eq!(diff.labels, None);
        assert!(!diff.is_changed(), "{diff:?}");
    }

    #[test]
    fn a_described_model_is_told_by_its_key_alone() {
        let before = with(&[("a", 1.0)], 0.5, "1");
        let key = before.model.training_key.clone();
        let diff = |key: &Digest| {
            let before = Some(Compared::Released(&before));
            ModelDiff::between(before, Some(Compared::Described(key)))
        };
        assert!(!diff(&key).is_changed());
        let other = Digest::of_bytes(b"other");
        let diff = diff(&other);
        assert!(diff.is_changed());
        let after = diff.after.clone().unwrap();
        assert_eq!((after.release, after.sha256), (None, None));
        assert_eq!(after.training_key, other.to_string());
        assert_eq!(diff.labels, None);
    }
}
