//! From the name that a template uses to the field of the stack file that the value comes from.
//!
//! Most names are those of the fields, or those with a unit behind them. The rest is in [`ALIASES`].

use serde_json::Value;

use crate::stack::Place;
use crate::stack::yaml::{Content, Node};

/// Names in templates, and the field each is made from where that is not the same name.
const ALIASES: &[(&str, &str)] = &[
    ("names", "stack"),
    ("endpoint/startup_seconds", "endpoint/startup_timeout"),
    ("function/integration_milliseconds", "function/timeout"),
    ("api/method", "api/route"),
    ("api/path", "api/route"),
    ("api/rate", "api/throttle/rate"),
    ("api/burst", "api/throttle/burst"),
    ("api/routes", "api/routes"),
    ("api/throttled", "api/routes"),
    ("api/authorizers", "api/auth"),
    ("alarms/latency_microseconds", "alarms/latency"),
    ("endpoint/capture/percent", "endpoint/capture/sample"),
    ("endpoint/capture/key", "endpoint/encryption/capture_key"),
    ("endpoint/instances", "endpoint/instance"),
    ("endpoint/rollout", "endpoint/rollout"),
    ("endpoint/volume_key", "endpoint/encryption/volume_key"),
    (
        "endpoint/autoscaling/scale_out_seconds",
        "endpoint/autoscaling/scale_out_after",
    ),
    (
        "endpoint/autoscaling/scale_in_seconds",
        "endpoint/autoscaling/scale_in_after",
    ),
    ("training/instances", "training/instance"),
    ("training/vpc", "training/network"),
    ("training/isolation", "training/network/isolation"),
    (
        "training/encrypt_traffic",
        "training/network/encrypt_traffic",
    ),
    ("training/volume_key", "training/encryption/volume_key"),
    ("training/output_key", "training/encryption/output_key"),
];
/// What stands behind the name of a field that is given in AWS's units.
const UNITS: [&str; 7] = [
    "_percent",
    "_seconds",
    "_milliseconds",
    "_minutes",
    "_days",
    "_gib",
    "_mib",
];
/// Fields that are one value, so that all that is made from them comes from the whole.
const WHOLE: [&str; 2] = ["image", "target"];

/// Where the stack file says what a value of a template is; `None` when it does not say.
pub(super) fn place(path: &str, values: &Value, tree: &Node) -> Option<Place> {
    if path == "environment" {
        return Some(tree.place.clone());
    }
    let alias = ALIASES
        .iter()
        .find(|(name, _)| path == *name || path.starts_with(&format!("{name}/")));
    if let Some((_, field)) = alias {
        return follow(&field.split('/').collect::<Vec<_>>(), &Value::Null, tree);
    }
    follow(&path.split('/').collect::<Vec<_>>(), values, tree)
}

/// Walks the file's tree along the steps into the values.
fn follow(steps: &[&str], values: &Value, tree: &Node) -> Option<Place> {
    let (mut node, mut value) = (tree, values);
    let mut place = None;
    for step in steps {
        value = match value {
            Value::Array(list) => step.parse().ok().and_then(|at: usize| list.get(at)),
            map => map.get(step),
        }
        .unwrap_or(&Value::Null);
        match &node.content {
            Content::Map(map) => {
                // A list of pairs in a template is a map in the file, by the pair's name.
                let paired = value
                    .get("name")
                    .or_else(|| value.get("key"))
                    .and_then(Value::as_str);
                let bare = UNITS.iter().find_map(|unit| step.strip_suffix(unit));
                let entry = [Some(*step), bare, paired]
                    .into_iter()
                    .flatten()
                    .find_map(|key| map.get(key))?;
                place = Some(if entry.value.map().is_some() {
                    entry.key.clone()
                } else {
                    entry.value.place.clone()
                });
                node = &entry.value;
            }
            Content::List(list) => {
                node = list.get(step.parse::<usize>().ok()?)?;
                place = Some(node.place.clone());
            }
            // Made from this value in some way.
            _ => break,
        }
        if WHOLE.contains(step) {
            break;
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::yaml::{Tags, read};
    use serde_json::json;

    const FILE: &str = "\
stack: news
training:
  instance: [ml.a, ml.b]
  max_run: 2h
  hyperparameters:
    epochs: 2
  image: { pytorch: '1' }
api:
  route: GET /
environments: {}
";

    fn line(path: &str) -> Option<usize> {
        let values = json!({
            "training": { "hyperparameters": [{ "name": "epochs", "value": "2" }] },
        });
        let tree = read(FILE, Tags::Refused).unwrap();
        place(path, &values, &tree).map(|place| place.line)
    }

    #[test]
    fn a_name_leads_to_its_field() {
        assert_eq!(line("names/endpoint"), Some(1));
        assert_eq!(line("training/instances/1"), Some(3));
        assert_eq!(line("training/max_run_seconds"), Some(4));
        assert_eq!(line("training/hyperparameters/0/value"), Some(6));
        assert_eq!(line("training/image/repositories/0/account"), Some(7));
        assert_eq!(line("api/path"), Some(9));
    }

    #[test]
    fn what_the_file_leaves_out_has_no_place() {
        assert_eq!(line("training/volume_gib"), None);
        assert_eq!(line("tags/0/value"), None);
        assert_eq!(line("api/rate"), None);
        assert_eq!(line("/nothing"), None);
    }
}
