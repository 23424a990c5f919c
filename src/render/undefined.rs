//! Words for a value that there is not: its name, the names that there are, and the likely one.

use serde_json::Value;
use tera::Context;

use super::guard::PART;

/// Similarity (0 to 1) from which a name is worth suggesting.
const WORTH_SUGGESTING: f64 = 0.7;
/// The most names that are listed.
const MOST: usize = 20;

/// What to say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// What is wrong.
    pub(super) message: String,
    /// What to do about it.
    pub(super) help: Option<String>,
}

/// Puts the engine's message into our words, if it is about a value that there is not.
pub(super) fn words(message: &str, context: &Context) -> Words {
    let top = top_level(context);
    if let Some(rest) = message.strip_prefix(PART) {
        let mut parts = rest.split(PART);
        let path = parts.next().unwrap_or_default();
        let fields: Vec<String> = parts.map(str::to_owned).collect();
        return match path.rsplit_once('.') {
            Some((parent, field)) => missing(field, Some(&format!("`{parent}`")), fields),
            None => missing(path, None, top),
        };
    }
    let quoted = |prefix: &str| {
        let rest = message.strip_prefix(prefix)?.strip_prefix(" `")?;
        let (name, rest) = rest.split_once('`')?;
        let listed = rest.split_once(": ").map_or("", |(_, list)| list);
        let names = listed.split(", ").filter(|name| !name.is_empty());
        Some((
            name.to_owned(),
            names.map(str::to_owned).collect::<Vec<_>>(),
        ))
    };
    if let Some((name, names)) = quoted("Variable") {
        return missing(&name, None, if names.is_empty() { top } else { names });
    }
    match quoted("Field") {
        Some((name, names)) => missing(&name, Some("the value before it"), names),
        None => Words {
            message: message.to_owned(),
            help: None,
        },
    }
}

/// The names of a context.
fn top_level(context: &Context) -> Vec<String> {
    match super::values::of(context) {
        Value::Object(map) => map.into_iter().map(|(name, _)| name).collect(),
        _ => Vec::new(),
    }
}

fn missing(name: &str, parent: Option<&str>, mut names: Vec<String>) -> Words {
    names.retain(|name| !name.starts_with("__"));
    names.sort();
    names.dedup();
    let message = match parent {
        Some(parent) => format!("there is no `{name}` in {parent}"),
        None => format!("there is no value `{name}`"),
    };
    let list = |names: &[String]| {
        let shown: Vec<String> = names.iter().take(MOST).map(|n| format!("`{n}`")).collect();
        let more = if names.len() > MOST { ", …" } else { "" };
        format!("{}{more}", shown.join(", "))
    };
    let help = match nearest(name, names.iter().map(String::as_str)) {
        _ if names.is_empty() => None,
        Some(near) => Some(format!("did you mean `{near}`? There are {}", list(&names))),
        None => Some(format!("there are {}", list(&names))),
    };
    Words { message, help }
}

/// Finds the known name nearest to `word`, if one is near enough.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (strsim::jaro_winkler(word, name), name))
        .filter(|(likeness, _)| *likeness >= WORTH_SUGGESTING)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(message: &str) -> (String, String) {
        let mut context = Context::new();
        context.insert("training", &1);
        context.insert("endpoint", &1);
        let words = words(message, &context);
        (words.message, words.help.unwrap_or_default())
    }

    #[test]
    fn the_names_at_the_level_are_listed_and_the_likely_one_is_meant() {
        let (message, help) = said("\u{1f}endpont");
        assert_eq!(message, "there is no value `endpont`");
        assert_eq!(
            help,
            "did you mean `endpoint`? There are `endpoint`, `training`"
        );
        let (message, help) = said("\u{1f}a.b.cont\u{1f}image\u{1f}count");
        assert_eq!(message, "there is no `cont` in `a.b`");
        assert_eq!(help, "did you mean `count`? There are `count`, `image`");
    }

    #[test]
    fn the_engines_own_words_are_understood() {
        let (message, help) = said("Field `zzz` is not defined. Available fields: count, image");
        assert_eq!(message, "there is no `zzz` in the value before it");
        assert_eq!(help, "there are `count`, `image`");
        assert!(
            said("Variable `endpont` is not defined.")
                .1
                .contains("`endpoint`")
        );
        assert_eq!(said("something else").0, "something else");
    }
}
