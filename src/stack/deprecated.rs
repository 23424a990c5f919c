//! Names of fields that are going: the old one still works, is warned of, and goes in a later version.
//!
//! To rename a field: give it its new name in `document`, and an entry in [`FIELDS`]. When the version of
//! the entry comes, remove it: the old name is an unknown field from then on.

use std::fmt;

use super::problem::Place;
use super::yaml::{Content, Entry, Node};

/// The fields that were renamed. None is today.
pub(super) const FIELDS: &[Renamed] = &[];

/// A field that was renamed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Renamed {
    /// Where it stands in the stack or in an environment, e.g. `["training"]`.
    pub(super) section: &'static [&'static str],
    /// Its old name.
    pub(super) old: &'static str,
    /// Its new name.
    pub(super) new: &'static str,
    /// The version in which the old name goes.
    pub(super) gone_in: &'static str,
}

/// The use of a name that is going.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deprecation {
    /// The old name, as it was written.
    pub old: String,
    /// The name to use.
    pub new: String,
    /// The version in which the old name goes.
    pub gone_in: &'static str,
    /// Where it was used, if that is a place in a file.
    pub place: Option<Place>,
}

impl fmt::Display for Deprecation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            old, new, gone_in, ..
        } = self;
        write!(
            formatter,
            "`{old}` is called `{new}` now; the old name works until version {gone_in}"
        )?;
        match &self.place {
            Some(place) => write!(formatter, " (line {})", place.line),
            None => Ok(()),
        }
    }
}

/// Gives fields of a table their new names, in the stack and in every environment. One that is there under
/// both names keeps them, and the old one is unknown.
pub(super) fn rename(root: &mut Node, table: &[Renamed]) -> Vec<Deprecation> {
    let mut found = Vec::new();
    for renamed in table {
        found.extend(rename_in(root, renamed));
        let Some(environments) = entry(root, "environments") else {
            continue;
        };
        if let Content::Map(map) = &mut environments.value.content {
            for environment in map.values_mut() {
                found.extend(rename_in(&mut environment.value, renamed));
            }
        }
    }
    found
}

fn rename_in(root: &mut Node, renamed: &Renamed) -> Option<Deprecation> {
    let mut node = root;
    for step in renamed.section {
        node = &mut entry(node, step)?.value;
    }
    let Content::Map(map) = &mut node.content else {
        return None;
    };
    if map.contains_key(renamed.new) {
        return None;
    }
    let (at, _, old) = map.shift_remove_full(renamed.old)?;
    let place = Some(old.key.clone());
    map.shift_insert(at, renamed.new.to_owned(), old);
    let path = |name: &str| [renamed.section, &[name]].concat().join(".");
    Some(Deprecation {
        old: path(renamed.old),
        new: path(renamed.new),
        gone_in: renamed.gone_in,
        place,
    })
}

fn entry<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Entry> {
    match &mut node.content {
        Content::Map(map) => map.get_mut(key),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::yaml::{Tags, read};

    const TABLE: &[Renamed] = &[Renamed {
        section: &["training"],
        old: "instance_type",
        new: "instance",
        gone_in: "0.2",
    }];

    #[test]
    fn an_old_name_works_everywhere_and_is_told_with_its_place() {
        let text = "training: { instance_type: a, code: c }\nenvironments:\n  prod:\n    training:\n      instance_type: b\n";
        let mut root = read(text, Tags::Refused).unwrap();
        let found = rename(&mut root, TABLE);
        assert_eq!(
            root.to_json(),
            serde_json::json!({ "training": { "instance": "a", "code": "c" },
                "environments": { "prod": { "training": { "instance": "b" } } } })
        );
        let lines: Vec<_> = found
            .iter()
            .map(|one| one.place.as_ref().unwrap().line)
            .collect();
        assert_eq!(lines, [1, 5]);
        assert_eq!(
            found[0].to_string(),
            "`training.instance_type` is called `training.instance` now; the old name works until version 0.2 (line 1)"
        );
    }

    #[test]
    fn a_field_under_both_names_keeps_them() {
        let mut root = read(
            "training: { instance_type: a, instance: b }\n",
            Tags::Refused,
        )
        .unwrap();
        assert_eq!(rename(&mut root, TABLE), []);
        assert!(root.at(["training", "instance_type"]).is_some());
    }

    #[test]
    fn a_file_without_old_names_stays_as_it_is() {
        let mut root = read("training: 5\n", Tags::Refused).unwrap();
        let before = root.clone();
        assert_eq!(rename(&mut root, TABLE), []);
        assert_eq!(root, before);
    }

    #[test]
    fn every_entry_goes_in_a_version_that_is_to_come() {
        let number = |text: &str| -> Vec<u32> {
            text.split('.').map(|part| part.parse().unwrap()).collect()
        };
        let now = number(env!("CARGO_PKG_VERSION"));
        for renamed in FIELDS.iter().chain(TABLE) {
            assert!(number(renamed.gone_in) > now, "{renamed:?} is due");
        }
    }
}
