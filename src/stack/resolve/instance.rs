//! Instance types, wherever a stack file names one.

use std::collections::BTreeSet;

use super::super::check::Check;
use super::super::document::OneOrMore;
use super::super::facts::{self, Processor, Use};
use super::super::problem::Problem;
use super::super::resolved::{Batch, Endpoint};
use super::super::suggest;
use super::target::Placement;
use crate::stack::codes;

/// Requires that every instance type of a list exists for its use, each once.
pub(super) fn check(
    check: &mut Check<'_>,
    field: &[&str],
    given: &OneOrMore,
    purpose: Use,
    place: Option<&Placement>,
) {
    match given {
        OneOrMore::One(instance) => exists(check, field, instance, purpose, place),
        OneOrMore::More(list) => {
            let mut seen = BTreeSet::new();
            for (index, instance) in list.iter().enumerate() {
                let index = index.to_string();
                let mut inner = field.to_vec();
                inner.push(&index);
                exists(check, &inner, instance, purpose, place);
                check.require(seen.insert(instance), &inner, || {
                    Problem::new(
                        &codes::DUPLICATE_ENTRY,
                        format!("`{instance}` is here a second time"),
                    )
                    .help("keep one")
                });
            }
        }
    }
}

/// Requires that an instance type exists for its use.
pub(super) fn exists(
    check: &mut Check<'_>,
    field: &[&str],
    instance: &str,
    purpose: Use,
    place: Option<&Placement>,
) {
    if facts::has_instance(purpose, instance) {
        if let Some(place) = place.filter(|place| !place.is_local()) {
            offered(check, field, instance, purpose, place.region.as_str());
        }
        return;
    }
    let what = purpose.words();
    let summary = format!("`{instance}` is no instance type for {what}");
    let prefixed = format!("ml.{instance}");
    let known = facts::instances(purpose);
    let problem = Problem::new(&codes::UNKNOWN_INSTANCE, summary);
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

/// Requires that a region has an instance type for its use.
fn offered(check: &mut Check<'_>, field: &[&str], instance: &str, purpose: Use, region: &str) {
    check.require(facts::offered_in(purpose, instance, region), field, || {
        let what = purpose.words();
        Problem::new(
            &codes::UNKNOWN_INSTANCE,
            format!("`{region}` has no `{instance}` for {what}"),
        )
        .help("choose another type or another region")
    });
}

/// Requires that a batch job runs on the kind of processor that the endpoint's image is made for.
pub(super) fn same_processor(
    check: &mut Check<'_>,
    endpoint: &Endpoint,
    batch: &Batch,
    place: &Placement,
) {
    let instances = endpoint.capacity.instances();
    let serving = instances.and_then(|capacity| capacity.instances.first());
    let processor = serving.map_or(Processor::Cpu, |name| facts::processor(name));
    // A type that is not there has a problem of its own.
    let same = facts::processor(&batch.instance) == processor
        || !facts::has_instance(Use::Transform, &batch.instance);
    check.require(same || place.is_local(), &["batch", "instance"], || {
        let serving = serving.map_or("serverless containers", String::as_str);
        Problem::new(
            &codes::WRONG_PROCESSOR,
            format!(
                "the image of the endpoint cannot run on `{}`",
                batch.instance
            ),
        )
        .because(format!(
            "it is made for the kind of processor that `{serving}` have"
        ))
        .help("choose an instance of the same kind for `batch` as for `endpoint`")
    });
}

/// Refuses a key for the disks of instances that bring their own, which are encrypted already.
pub(super) fn no_key_for_own_disks(check: &mut Check<'_>, field: &[&str], types: &[String]) {
    for instance in types.iter().filter(|name| facts::has_own_disk(name)) {
        let problem = Problem::new(
            &codes::CONTRADICTION,
            format!("`{instance}` takes no key for its disk"),
        )
        .because("its disk is part of the machine, and encrypted by the machine")
        .help("remove the key, or choose instances without disks of their own");
        check.fail(field, problem);
    }
}
