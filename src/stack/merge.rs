//! Lays an environment over its stack: maps merge, lists and scalars replace, `null` removes.
//!
//! Works on the tree before anything is checked, so that every value keeps the place it came from.

use super::yaml::{Content, Entry, Node};

/// Maps that are one value, whose parts make sense only together: they replace, not merge.
///
/// An image by address over an image by versions must not become both.
pub(super) const WHOLE: [&str; 5] = ["auth", "image", "python", "rollout", "target"];

/// Lays `over` over `base`.
pub(super) fn merge(base: &Node, over: &Node) -> Node {
    let (Content::Map(below), Content::Map(above)) = (&base.content, &over.content) else {
        return without_nulls(over);
    };
    let mut merged = below.clone();
    for (key, entry) in above {
        if entry.value.content == Content::Null {
            merged.shift_remove(key);
            continue;
        }
        let value = match below.get(key) {
            Some(old) if !WHOLE.contains(&key.as_str()) => merge(&old.value, &entry.value),
            _ => without_nulls(&entry.value),
        };
        merged.insert(
            key.clone(),
            Entry {
                key: entry.key.clone(),
                value,
            },
        );
    }
    Node {
        content: Content::Map(merged),
        tag: None,
        place: base.place.clone(),
    }
}

/// A tree without what is removed in it: there is nothing below it to be removed.
fn without_nulls(node: &Node) -> Node {
    let Content::Map(map) = &node.content else {
        return node.clone();
    };
    let kept = map
        .iter()
        .filter(|(_, entry)| entry.value.content != Content::Null)
        .map(|(key, entry)| {
            let entry = Entry {
                key: entry.key.clone(),
                value: without_nulls(&entry.value),
            };
            (key.clone(), entry)
        });
    Node {
        content: Content::Map(kept.collect()),
        tag: None,
        place: node.place.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::yaml::{Tags, read};
    use super::*;

    fn merged(base: &str, over: &str) -> Node {
        merge(
            &read(base, Tags::Refused).unwrap(),
            &read(over, Tags::Refused).unwrap(),
        )
    }

    #[test]
    fn maps_merge_and_the_rest_replaces() {
        let node = merged(
            "{a: {x: 1, y: 2}, list: [1, 2], s: t}",
            "{a: {y: 3, z: 4}, list: [9], s: {now: map}}",
        );
        let expected = json!({"a": {"x": 1, "y": 3, "z": 4}, "list": [9], "s": {"now": "map"}});
        assert_eq!(node.to_json(), expected);
    }

    #[test]
    fn an_image_is_replaced_as_a_whole() {
        let node = merged(
            "image: {pytorch: '1', transformers: '2'}",
            "image: {uri: u}",
        );
        assert_eq!(node.to_json(), json!({"image": {"uri": "u"}}));
    }

    #[test]
    fn every_value_keeps_the_place_it_came_from() {
        let node = merged("a:\n  x: 1\n  y: 2\n", "\n\n\na: {y: 3}\n");
        assert_eq!(node.at(["a", "x"]).unwrap().place.line, 2);
        assert_eq!(node.at(["a", "y"]).unwrap().place.line, 4);
    }
}
