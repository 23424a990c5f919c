//! The list of all policies.

use super::families;
use super::finding::Policy;

/// All policies, family by family.
pub fn all() -> impl Iterator<Item = &'static Policy> {
    families::ALL.iter().flat_map(|family| family.iter())
}

/// The policy of an id.
pub fn find(id: &str) -> Option<&'static Policy> {
    all().find(|policy| policy.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_every_policy_explains_itself() {
        let mut seen = BTreeSet::new();
        for policy in all() {
            assert!(seen.insert(policy.id), "{} is there twice", policy.id);
            let well_formed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
            assert!(
                policy.id.contains('-') && policy.id.chars().all(well_formed),
                "{}",
                policy.id
            );
            for text in [policy.title, policy.reason, policy.remedy] {
                assert!(
                    text.len() > 10 && !text.ends_with('.'),
                    "{}: {text}",
                    policy.id
                );
                assert!(
                    !text.contains('\n') && !text.contains("  "),
                    "{}: {text}",
                    policy.id
                );
            }
        }
    }
}
