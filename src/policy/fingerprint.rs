//! What a finding is about, as a digest that survives moved lines and reordered lists.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::subject::escape;

/// Keys whose value names an item of a list.
const NAMES: [&str; 8] = [
    "Sid",
    "PolicyName",
    "Key",
    "Name",
    "Id",
    "VariantName",
    "ChannelName",
    "AlarmName",
];

/// The digest (hexadecimal) of words that together say what a finding is about.
pub(super) fn digest(words: &[&str]) -> String {
    let mut hash = Sha256::new();
    for word in words {
        hash.update((word.len() as u64).to_be_bytes());
        hash.update(word);
    }
    hex::encode(hash.finalize())
}

/// A pointer in which items that have a name go by it instead of their index.
pub(super) fn stable(body: &Value, pointer: &str) -> String {
    let mut value = Some(body);
    let mut out = String::new();
    for step in pointer.split('/').skip(1) {
        let key = step.replace("~1", "/").replace("~0", "~");
        let next = value.and_then(|value| match value {
            Value::Array(list) => list.get(key.parse::<usize>().ok()?),
            value => value.get(&key),
        });
        let name = match value {
            Some(Value::Array(_)) => next.and_then(name),
            _ => None,
        };
        out.push('/');
        match name {
            Some(name) => out.push_str(&escape(name)),
            None => out.push_str(step),
        }
        value = next;
    }
    out
}

fn name(item: &Value) -> Option<&str> {
    NAMES.iter().find_map(|key| item.get(*key)?.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_item_goes_by_its_name() {
        let body = json!({"S": [{"Sid": "A/b", "x": 1}, {"x": 2}]});
        assert_eq!(stable(&body, "/S/0/x"), "/S/A~1b/x");
        assert_eq!(stable(&body, "/S/1/x"), "/S/1/x");
        assert_eq!(stable(&body, "/gone/0"), "/gone/0");
    }

    #[test]
    fn words_do_not_run_into_each_other() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }
}
