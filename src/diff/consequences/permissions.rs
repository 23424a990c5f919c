//! Permissions that widen.

use super::super::change::{Direction, Permission, Severity, Topic};
use super::super::words::{quoted, row};
use super::{Collector, place};

/// How many actions and resources a sentence names.
const NAMED: usize = 6;

/// Says who may do more than before.
pub(super) fn of(collector: &mut Collector<'_>) {
    for (document, change) in collector.all().collect::<Vec<_>>() {
        for permission in change.permissions.iter().filter(|one| one.widens) {
            let grave = permission.who == "*" || is_everything(permission);
            let severity = if grave {
                Severity::Danger
            } else {
                Severity::Caution
            };
            collector.add(
                severity,
                Topic::Permissions,
                sentence(permission),
                place(document, change),
            );
        }
    }
}

/// Whether all actions of a service, or of all, are allowed on everything.
fn is_everything(permission: &Permission) -> bool {
    let all = |action: &String| action == "*" || action.ends_with(":*");
    permission.actions.iter().any(all) && permission.resources.iter().any(|one| one == "*")
}

/// A permission as a sentence.
pub(in crate::diff) fn sentence(permission: &Permission) -> String {
    let quote_all = |texts: &[String]| {
        let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
        row(&texts, NAMED)
    };
    let who = match permission.who.as_str() {
        "*" => "anybody".to_owned(),
        name => quoted(name),
    };
    let verb = match (permission.effect.as_str(), permission.direction) {
        ("Deny", Direction::Gains) => "is now denied",
        ("Deny", Direction::Loses) => "is no longer denied",
        ("Deny", Direction::Keeps) => "is still denied",
        (_, Direction::Gains) => "may now",
        (_, Direction::Keeps) => "may still",
        (_, Direction::Loses) => "may no longer",
    };
    let mut text = format!(
        "{who} {verb} {} on {}",
        quote_all(&permission.actions),
        quote_all(&permission.resources)
    );
    if let Some(condition) = &permission.condition {
        text = format!("{text}, if {}", quoted(condition));
    }
    text
}
