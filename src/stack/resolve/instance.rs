//! Instance types, wherever a stack file names one.

use std::collections::BTreeSet;

use super::super::check::Check;
use super::super::document::OneOrMore;
use super::super::facts::{self, Use};
use super::super::problem::Problem;
use super::super::suggest;

/// Requires that every instance type of a list exists for its use, each once.
pub(super) fn check(check: &mut Check<'_>, field: &[&str], given: &OneOrMore, purpose: Use) {
    match given {
        OneOrMore::One(instance) => exists(check, field, instance, purpose),
        OneOrMore::More(list) => {
            let mut seen = BTreeSet::new();
            for (index, instance) in list.iter().enumerate() {
                let index = index.to_string();
                let mut inner = field.to_vec();
                inner.push(&index);
                exists(check, &inner, instance, purpose);
                check.require(seen.insert(instance), &inner, || {
                    Problem::new(format!("`{instance}` is here a second time")).help("keep one")
                });
            }
        }
    }
}

/// Requires that an instance type exists for its use.
pub(super) fn exists(check: &mut Check<'_>, field: &[&str], instance: &str, purpose: Use) {
    if facts::has_instance(purpose, instance) {
        return;
    }
    let what = purpose.words();
    let summary = format!("`{instance}` is no instance type for {what}");
    let prefixed = format!("ml.{instance}");
    let known = facts::instances(purpose);
    let problem = Problem::new(summary);
    let problem = if facts::has_instance(purpose, &prefixed) {
        problem.help(format!("did you mean `{prefixed}`?"))
    } else if let Some(near) = suggest::nearest(instance, known.iter().map(String::as_str)) {
        problem.help(format!("did you mean `{near}`?"))
    } else {
        problem.help("an instance type looks like `ml.m5.xlarge`")
    };
    let elsewhere = facts::uses(instance);
    let problem = if elsewhere.is_empty() {
        problem
    } else {
        let words: Vec<&str> = elsewhere.iter().map(|other| other.words()).collect();
        problem.because(format!("it is there for {} only", words.join(" and ")))
    };
    check.fail(field, problem);
}

/// Refuses a key for the disks of instances that bring their own, which are encrypted already.
pub(super) fn no_key_for_own_disks(check: &mut Check<'_>, field: &[&str], types: &[String]) {
    for instance in types.iter().filter(|name| facts::has_own_disk(name)) {
        let problem = Problem::new(format!("`{instance}` takes no key for its disk"))
            .because("its disk is part of the machine, and encrypted by the machine")
            .help("remove the key, or choose instances without disks of their own");
        check.fail(field, problem);
    }
}
