//! The values of a context as a tree: the engine's own type cannot be looked through.

use serde_json::Value;
use tera::Context;

use super::engine;

/// Everything that a template can name.
pub(super) fn of(context: &Context) -> Value {
    let tera = engine::bare();
    let dump = "{{ __tera_context | tojson }}";
    tera.render_str(dump, context, false)
        .ok()
        .and_then(|json| serde_json::from_str(&json).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_values_are_there() {
        let tree = json!({"a": {"b": [1, "x\n{{", true]}, "c": 1.5});
        let context = Context::from_serialize(&tree).unwrap();
        assert_eq!(of(&context), tree);
    }
}
