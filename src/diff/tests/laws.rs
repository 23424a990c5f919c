//! What holds of every comparison.

use proptest::prelude::*;

use super::*;

/// The shipped service and foundation, some resources and properties left out.
fn thinned(resources: u64, properties: u64) -> Documents {
    let mut documents = prod();
    let mut number = 0;
    for document in documents.values_mut() {
        let Some(all) = document.get_mut("Resources").and_then(Value::as_object_mut) else {
            continue;
        };
        all.retain(|_, resource| {
            number += 1;
            if properties >> (number % 64) & 1 == 1
                && let Some(map) = resource["Properties"].as_object_mut()
            {
                let last = map.keys().next_back().cloned();
                last.and_then(|name| map.shift_remove(&name));
            }
            resources >> (number % 64) & 1 == 0
        });
    }
    documents
}

fn ids(diff: &EnvironmentDiff, action: Action) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for document in &diff.documents {
        let changes = document
            .changes
            .iter()
            .filter(|change| change.action == action);
        found.extend(changes.map(|change| (document.document.clone(), change.id.clone())));
    }
    found.sort();
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_comparison_with_itself_is_empty_and_turned_around_swaps_added_and_removed(
        one in any::<u64>(), other in any::<u64>(), less in any::<u64>(), more in any::<u64>(),
    ) {
        let (before, after) = (thinned(one, less), thinned(other, more));
        prop_assert!(!compared(&before, &before).is_changed());
        let (there, back) = (compared(&before, &after), compared(&after, &before));
        prop_assert_eq!(ids(&there, Action::Add), ids(&back, Action::Remove));
        prop_assert_eq!(ids(&there, Action::Remove), ids(&back, Action::Add));
    }

    #[test]
    fn the_order_of_a_template_means_nothing(one in any::<u64>(), less in any::<u64>()) {
        let turned = |documents: &Documents| -> Documents {
            let mut documents = documents.clone();
            for document in documents.values_mut() {
                document.sort_all_objects();
            }
            documents
        };
        let (before, after) = (prod(), thinned(one, less));
        let straight = compared(&before, &after);
        let other = compared(&turned(&before), &turned(&after));
        for action in [Action::Add, Action::Remove, Action::Replace, Action::MayReplace, Action::Update] {
            prop_assert_eq!(ids(&straight, action), ids(&other, action));
        }
        prop_assert_eq!(straight.consequences, other.consequences);
    }
}
