//! The documents of one deployment in the words of another.
//!
//! What was deployed once is text that cannot be rendered again. Its names are known, though, and
//! all of them follow from a few words; with those replaced, what still differs is design.

use serde_json::{Map, Value};

use super::documents::Documents;
use crate::release::Release;
use crate::stack::registry_host;

/// The words that tell a deployment from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    environment: String,
    /// What stands as a word in texts, the longest first: one may be part of another.
    words: [String; 6],
}

impl Identity {
    /// The words of a release.
    pub fn of(release: &Release) -> Self {
        let Release {
            stack,
            environment,
            account,
            region,
            ..
        } = release;
        Self {
            environment: environment.clone(),
            words: [
                format!("{stack}-{environment}-{account}-{region}"),
                registry_host(region).unwrap_or_default(),
                format!("{stack}-{environment}"),
                format!("{stack} {environment}"),
                account.clone(),
                region.clone(),
            ],
        }
    }
}

/// Writes documents with the words of another deployment in place of their own.
pub fn in_words_of(documents: &Documents, from: &Identity, to: &Identity) -> Documents {
    let documents = documents.iter();
    documents
        .map(|(name, document)| (name.clone(), value(document, from, to)))
        .collect()
}

fn value(document: &Value, from: &Identity, to: &Identity) -> Value {
    match document {
        Value::String(text) if *text == from.environment => to.environment.clone().into(),
        Value::String(text) => {
            let words = from.words.iter().zip(&to.words);
            let replaced = words.fold(text.clone(), |text, (one, other)| {
                replace_word(&text, one, other)
            });
            replaced.into()
        }
        Value::Array(list) => list.iter().map(|item| value(item, from, to)).collect(),
        Value::Object(map) => {
            let entries = map.iter();
            let entries = entries.map(|(key, item)| (key.clone(), value(item, from, to)));
            Value::Object(entries.collect::<Map<String, Value>>())
        }
        other => other.clone(),
    }
}

/// Replaces a word wherever it begins and ends as one: `news-prod` is in `news-prod-classify`, but
/// neither in `news-production` nor in `old-news-prod`.
fn replace_word(text: &str, word: &str, other: &str) -> String {
    if word.is_empty() || other.is_empty() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, found) = rest.split_at(at);
        let after = &found[word.len()..];
        // What precedes may stand in what was written already.
        let last = before
            .chars()
            .next_back()
            .or_else(|| out.chars().next_back());
        let begins = !last.is_some_and(|c| c.is_alphanumeric() || c == '-');
        let ends = !after.starts_with(char::is_alphanumeric);
        out.push_str(before);
        out.push_str(if begins && ends { other } else { word });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::release::testing::release;

    fn identity(environment: &str, account: &str, region: &str) -> Identity {
        Identity::of(&Release {
            environment: environment.into(),
            account: account.into(),
            region: region.into(),
            ..release(1, "s")
        })
    }

    #[test]
    fn names_places_and_registries_are_exchanged_and_nothing_else() {
        let prod = identity("prod", "444455556666", "ap-east-1");
        let staging = identity("staging", "111122223333", "eu-west-1");
        let text = |environment: &str, account: &str, region: &str, registry: &str| {
            json!({
                "Name": format!("news-{environment}-classify"),
                "Group": format!("/aws/lambda/news-{environment}"),
                "Bucket": format!("news-{environment}-{account}-{region}/data"),
                "Tag": {"Key": "deploy:environment", "Value": environment},
                "Description": format!("Endpoint of news {environment}: as it is"),
                "Topic": format!("arn:aws:sns:{region}:{account}:ops"),
                "Image": format!("{registry}.dkr.ecr.{region}.amazonaws.com/x:1"),
                "Others": ["news-production", "my-news-prod", "9444455556666", "products", 3, true],
            })
        };
        let before = text("prod", "444455556666", "ap-east-1", "871362719292");
        let after = text("staging", "111122223333", "eu-west-1", "763104351884");
        let documents = Documents::from([("service".to_owned(), before.clone())]);
        let moved = in_words_of(&documents, &prod, &staging);
        assert_eq!(moved["service"], after);
        assert_eq!(in_words_of(&moved, &staging, &prod), documents);
    }

    #[test]
    fn a_word_may_come_twice() {
        assert_eq!(replace_word("a-b a-b-a-b", "a-b", "c"), "c c-a-b");
        assert_eq!(replace_word("x", "", "y"), "x");
    }
}
