//! What decides a model, ingredient by ingredient, and what differs between two models.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Digest, LocalFile};
use crate::stack::{Launch, Training};

/// Files of a bundle that are told apart by name; of more, only the digest of all is kept.
const MAX_FILES: usize = 2_000;
/// Files that a difference names.
const NAMED: usize = 4;
/// Signs of a value that are shown.
const SHOWN: usize = 40;

/// Everything that decides a model. The same ingredients give the same training key, and the same key is
/// never trained twice.
///
/// The base model and its revision are hyperparameters of the training script. The instance type is no
/// ingredient: it decides how long training takes, not what comes out. The number of instances is: the
/// batches of all count together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingredients {
    /// The training code.
    pub code: Content,
    /// The data.
    pub data: Content,
    /// The script that is run.
    pub entry_point: String,
    /// Settings of the script.
    pub hyperparameters: BTreeMap<String, String>,
    /// Environment variables, whose values are kept as digests only: some are nobody's business.
    pub environment: BTreeMap<String, Digest>,
    /// Address of the image.
    pub image: String,
    /// Number of instances.
    pub instances: u32,
    /// What starts the script: `script` or `toolkit`.
    pub launch: String,
}

/// Files: the digest of all, and what each is, by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Digest over all of them.
    pub digest: Digest,
    /// A digest, version or `ETag` of each; empty where there are too many.
    pub files: BTreeMap<String, String>,
}

impl Content {
    /// Puts files together.
    pub fn new(digest: Digest, files: BTreeMap<String, String>) -> Self {
        let files = if files.len() > MAX_FILES {
            BTreeMap::new()
        } else {
            files
        };
        Self { digest, files }
    }

    /// Tells files apart.
    pub(super) fn of(files: &[LocalFile], digest: &Digest) -> Self {
        let files = files
            .iter()
            .map(|file| (file.name.clone(), file.digest.to_string()));
        Self::new(digest.clone(), files.collect())
    }

    /// The files that differ; `None` where only the whole can be told to differ.
    fn differing(&self, before: &Self) -> Option<Vec<String>> {
        let names: BTreeSet<&String> = self.files.keys().chain(before.files.keys()).collect();
        let differs = |name: &&&String| self.files.get(**name) != before.files.get(**name);
        let files: Vec<String> = names
            .iter()
            .filter(differs)
            .map(|name| (*name).clone())
            .collect();
        (!self.files.is_empty() && !before.files.is_empty() && !files.is_empty()).then_some(files)
    }
}

impl Ingredients {
    /// Takes what the stack says together with what its files are.
    pub fn of(training: &Training, data: Content, code: Content) -> Self {
        let digest =
            |(name, value): (&String, &String)| (name.clone(), Digest::of_bytes(value.as_bytes()));
        Self {
            code,
            data,
            entry_point: training.entry_point.clone(),
            hyperparameters: training.hyperparameters.clone(),
            environment: training.environment.iter().map(digest).collect(),
            image: training.image.uri.clone(),
            instances: training.count,
            launch: match training.launch {
                Launch::Script => "script".to_owned(),
                Launch::Toolkit => "toolkit".to_owned(),
            },
        }
    }

    /// The training key. The files' names are not hashed once more: the digest of all holds them.
    pub fn key(&self) -> Digest {
        let ingredients = json!({
            "code": self.code.digest,
            "data": self.data.digest,
            "entry_point": self.entry_point,
            "environment": self.environment,
            "hyperparameters": self.hyperparameters,
            "image": self.image,
            "instances": self.instances,
            "launch": self.launch,
        });
        Digest::of_bytes(ingredients.to_string().as_bytes())
    }

    /// Says what differs from the ingredients of another model.
    pub fn changes(&self, before: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.code.digest != before.code.digest {
            changes.push(Change::Code {
                files: self.code.differing(&before.code),
            });
        }
        if self.data.digest != before.data.digest {
            changes.push(Change::Data {
                files: self.data.differing(&before.data),
            });
        }
        let (old, new) = (&before.hyperparameters, &self.hyperparameters);
        for name in names(old, new) {
            changes.push(Change::Hyperparameter {
                before: old.get(&name).cloned(),
                after: new.get(&name).cloned(),
                name,
            });
        }
        for name in names(&before.environment, &self.environment) {
            changes.push(Change::Variable { name });
        }
        let count = |of: &Self| of.instances.to_string();
        for (what, before, after) in [
            ("entry point", &before.entry_point, &self.entry_point),
            ("image", &before.image, &self.image),
            ("number of instances", &count(before), &count(self)),
            ("launch", &before.launch, &self.launch),
        ] {
            if before != after {
                changes.push(Change::Setting {
                    what: what.to_owned(),
                    before: before.clone(),
                    after: after.clone(),
                });
            }
        }
        changes
    }
}

/// Names whose values differ.
fn names<T: PartialEq>(old: &BTreeMap<String, T>, new: &BTreeMap<String, T>) -> Vec<String> {
    let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differing = all
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name));
    differing.cloned().collect()
}

/// An ingredient that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "ingredient", rename_all = "snake_case")]
pub enum Change {
    /// The training code.
    Code {
        /// Which files; `None` where that is not known.
        files: Option<Vec<String>>,
    },
    /// The data.
    Data {
        /// Which files; `None` where that is not known.
        files: Option<Vec<String>>,
    },
    /// A setting of the script.
    Hyperparameter {
        /// Its name.
        name: String,
        /// Its value before.
        before: Option<String>,
        /// Its value now.
        after: Option<String>,
    },
    /// An environment variable, whose value is not told.
    Variable {
        /// Its name.
        name: String,
    },
    /// Something that there is one of.
    Setting {
        /// What, e.g. `image`.
        what: String,
        /// What it was.
        before: String,
        /// What it is.
        after: String,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code { files: Some(files) } => {
                let more = files.len().saturating_sub(NAMED);
                let named = files.iter().take(NAMED).map(String::as_str);
                let named = named.collect::<Vec<_>>().join(", ");
                write!(formatter, "code changed: {named}")?;
                match more {
                    0 => Ok(()),
                    more => write!(formatter, " and {more} more"),
                }
            }
            Self::Code { files: None } => formatter.write_str("code changed"),
            Self::Data { files: Some(files) } => {
                let plural = if files.len() == 1 { "" } else { "s" };
                write!(formatter, "the data changed ({} file{plural})", files.len())
            }
            Self::Data { files: None } => formatter.write_str("the data changed"),
            Self::Hyperparameter {
                name,
                before,
                after,
            } => match (before.as_deref().map(short), after.as_deref().map(short)) {
                (Some(before), Some(after)) => {
                    write!(
                        formatter,
                        "hyperparameter {name} changed: {before} -> {after}"
                    )
                }
                (None, Some(after)) => write!(formatter, "hyperparameter {name} is new: {after}"),
                (Some(before), None) => {
                    write!(formatter, "hyperparameter {name} is gone: was {before}")
                }
                (None, None) => write!(formatter, "hyperparameter {name}"),
            },
            Self::Variable { name } => write!(formatter, "variable {name} changed"),
            Self::Setting {
                what,
                before,
                after,
            } => write!(formatter, "{what} changed: {before} -> {after}"),
        }
    }
}

fn short(value: &str) -> String {
    match value.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Ingredients of a small model.
    pub(crate) fn ingredients() -> Ingredients {
        let content = |name: &str| {
            let digest = Digest::of_bytes(name.as_bytes());
            let files = BTreeMap::from([(name.to_owned(), digest.to_string())]);
            Content::new(digest, files)
        };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Ingredients {
            code: content("train.py"),
            data: content("headlines.csv"),
            entry_point: "train.py".into(),
            hyperparameters: BTreeMap::from([pair("epochs", "2"), pair("learning_rate", "5e-5")]),
            environment: BTreeMap::from([("SEED".to_owned(), Digest::of_bytes(b"1"))]),
            image: "image:1".into(),
            instances: 1,
            launch: "script".into(),
        }
    }

    fn said(change: impl FnOnce(&mut Ingredients)) -> Vec<String> {
        let before = ingredients();
        let mut after = before.clone();
        change(&mut after);
        assert_ne!(before.key(), after.key());
        let changes = after.changes(&before);
        changes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_same_ingredients_are_the_same_model() {
        assert_eq!(ingredients().key(), ingredients().key());
        assert_eq!(ingredients().changes(&ingredients()), []);
    }

    #[test]
    fn every_ingredient_decides_the_key_and_its_change_is_said() {
        let set = |name: &'static str, value: &'static str| {
            move |of: &mut Ingredients| {
                of.hyperparameters.insert(name.into(), value.into());
            }
        };
        assert_eq!(
            said(set("learning_rate", "3e-5")),
            ["hyperparameter learning_rate changed: 5e-5 -> 3e-5"]
        );
        assert_eq!(said(set("seed", "7")), ["hyperparameter seed is new: 7"]);
        assert_eq!(
            said(|of| of.hyperparameters.clear()),
            [
                "hyperparameter epochs is gone: was 2",
                "hyperparameter learning_rate is gone: was 5e-5"
            ]
        );
        assert_eq!(said(|of| of.environment.clear()), ["variable SEED changed"]);
        assert_eq!(
            said(|of| of.image = "image:2".into()),
            ["image changed: image:1 -> image:2"]
        );
        assert_eq!(
            said(|of| of.entry_point = "b.py".into()),
            ["entry point changed: train.py -> b.py"]
        );
        assert_eq!(
            said(|of| of.instances = 2),
            ["number of instances changed: 1 -> 2"]
        );
        assert_eq!(
            said(|of| of.data = Content::new(Digest::of_bytes(b"other"), BTreeMap::new())),
            ["the data changed"]
        );
    }

    #[test]
    fn files_are_named_up_to_a_few() {
        let files = |count: usize| {
            let file = |at| (format!("{at}.py"), "new".to_owned());
            Content::new(Digest::of_bytes(b"new"), (0..count).map(file).collect())
        };
        assert_eq!(
            said(|of| of.code = files(2)),
            ["code changed: 0.py, 1.py, train.py"]
        );
        assert_eq!(
            said(|of| of.code = files(6)),
            ["code changed: 0.py, 1.py, 2.py, 3.py and 3 more"]
        );
        assert_eq!(
            said(|of| of.data = files(1)),
            ["the data changed (2 files)"]
        );
        assert_eq!(said(|of| of.code = files(2_001)), ["code changed"]);
    }
}
