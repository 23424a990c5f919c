//! Options that are going: the old one still works, is warned of, and goes in a later version.
//!
//! To rename an option: give it its new name where it is declared, and an entry in [`OPTIONS`]. Fields of
//! the stack file have a table of their own, in `stack::deprecated`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::sync::{Mutex, PoisonError};

use super::output;
use crate::stack::Deprecation;

/// The options that were renamed. None is today.
const OPTIONS: &[Renamed] = &[];

/// An option that was renamed.
#[derive(Debug, Clone, Copy)]
struct Renamed {
    /// Its old name, with both hyphens.
    old: &'static str,
    /// Its new name, with both hyphens.
    new: &'static str,
    /// The version in which the old name goes.
    gone_in: &'static str,
}

/// What was warned of already.
static WARNED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// The arguments with the names that they have today, and what was renamed in them.
pub(super) fn renamed(arguments: Vec<OsString>) -> (Vec<OsString>, Vec<Deprecation>) {
    renamed_by(OPTIONS, arguments)
}

fn renamed_by(table: &[Renamed], arguments: Vec<OsString>) -> (Vec<OsString>, Vec<Deprecation>) {
    let mut found = Vec::new();
    // What follows `--` is no option.
    let mut options = true;
    let arguments = arguments.into_iter().map(|argument| {
        let Some(text) = argument.to_str().filter(|_| options) else {
            return argument;
        };
        options = text != "--";
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let Some(renamed) = table.iter().find(|renamed| renamed.old == name) else {
            return argument;
        };
        found.push(Deprecation {
            old: renamed.old.to_owned(),
            new: renamed.new.to_owned(),
            gone_in: renamed.gone_in,
            place: None,
        });
        match value {
            Some(value) => format!("{}={value}", renamed.new).into(),
            None => renamed.new.into(),
        }
    });
    (arguments.collect(), found)
}

/// Warns of each once.
pub(super) fn warn(found: &[Deprecation]) {
    for deprecation in found {
        let mut warned = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.insert(deprecation.to_string()) {
            output::deprecated(deprecation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Renamed] = &[Renamed {
        old: "--environment",
        new: "--env",
        gone_in: "0.2",
    }];

    fn given(arguments: &[&str]) -> (Vec<OsString>, Vec<Deprecation>) {
        renamed_by(TABLE, arguments.iter().map(OsString::from).collect())
    }

    #[test]
    fn an_old_option_works_with_its_value_and_is_told() {
        let (arguments, found) = given(&["deploy", "up", "--environment", "prod"]);
        assert_eq!(arguments, ["deploy", "up", "--env", "prod"]);
        assert_eq!(
            found[0].to_string(),
            "`--environment` is called `--env` now; the old name works until version 0.2"
        );
        assert_eq!(given(&["--environment=prod"]).0, ["--env=prod"]);
    }

    #[test]
    fn what_only_looks_like_it_stays() {
        let other = ["deploy", "invoke", "--environments", "--", "--environment"];
        let (arguments, found) = given(&other);
        assert_eq!(arguments, other);
        assert_eq!(found, []);
    }

    #[test]
    fn every_entry_goes_in_a_version_that_is_to_come() {
        for renamed in OPTIONS.iter().chain(TABLE) {
            assert!(
                renamed.gone_in > env!("CARGO_PKG_VERSION"),
                "{renamed:?} is due"
            );
        }
    }
}
