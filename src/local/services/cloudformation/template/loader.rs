//! Reads template text, YAML or JSON, into plain JSON in which every short tag is a long function.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, json};
use serde_yaml::{DuplicateKeyPolicy, MergeKeyPolicy, Tagged};

use super::TemplateError;

/// Largest template text in bytes, the limit of the API for a template in the request.
const LARGEST: usize = 51_200;

/// Reads a template's text.
///
/// # Errors
/// The text is too long, no YAML or JSON, repeats a key, or has a tag that is no function.
pub(crate) fn load(text: &str) -> Result<Value, TemplateError> {
    if text.len() > LARGEST {
        return Err(TemplateError::Format(format!(
            "the template has {} bytes; templateBody may have at most {LARGEST}",
            text.len()
        )));
    }
    let value = if text.trim_start().starts_with('{') {
        serde_json::from_str::<JsonNode>(text)
            .map_err(|error| TemplateError::Format(format!("JSON not well-formed. {error}")))?
            .0
    } else {
        yaml(text)?
    };
    if value.is_object() {
        Ok(value)
    } else {
        Err(TemplateError::Format("unsupported structure.".into()))
    }
}

fn yaml(text: &str) -> Result<Value, TemplateError> {
    let options = serde_yaml::options! {
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Merge,
        reject_unsupported_tags: false,
        budget: serde_yaml::budget! { max_depth: 64, max_nodes: 50_000, max_aliases: 1_000, max_documents: 1 },
        with_snippet: false,
    };
    serde_yaml::from_str_with_options::<YamlNode>(text, options)
        .map(|node| node.0)
        .map_err(|error| TemplateError::Format(format!("YAML not well-formed. {error}")))
}

struct YamlNode(Value);
struct JsonNode(Value);

impl<'de> Deserialize<'de> for YamlNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Tagged(Content::<YamlNode>(value, _), tag) = Tagged::deserialize(deserializer)?;
        match tag.as_deref().map(short_name) {
            None | Some(None) => Ok(Self(value)),
            Some(Some(name)) => long_form(name, value).map(Self).map_err(D::Error::custom),
        }
    }
}

impl<'de> Deserialize<'de> for JsonNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Content::<JsonNode>::deserialize(deserializer).map(|content| Self(content.0))
    }
}

impl From<YamlNode> for Value {
    fn from(node: YamlNode) -> Self {
        node.0
    }
}

impl From<JsonNode> for Value {
    fn from(node: JsonNode) -> Self {
        node.0
    }
}

/// Returns the name of a local tag (`!Sub` gives `Sub`), and nothing for the tags of YAML itself.
fn short_name(tag: &str) -> Option<&str> {
    tag.strip_prefix('!')
        .filter(|name| !name.starts_with('!') && !name.is_empty())
}

fn long_form(name: &str, value: Value) -> Result<Value, String> {
    let text = |value: Value| match value {
        Value::Number(number) => Value::String(number.to_string()),
        Value::Bool(flag) => Value::String(flag.to_string()),
        other => other,
    };
    match name {
        "Ref" | "Condition" => Ok(json!({ name: text(value) })),
        "GetAtt" => Ok(json!({ "Fn::GetAtt": attribute(value)? })),
        "Sub" => Ok(json!({ "Fn::Sub": text(value) })),
        "Join" | "Select" | "Split" | "If" | "Equals" | "Not" | "And" | "Or" | "FindInMap"
        | "Base64" | "ImportValue" | "GetAZs" | "Cidr" | "Transform" | "Length"
        | "ToJsonString" | "ForEach" => Ok(json!({ format!("Fn::{name}"): value })),
        _ => Err(format!("!{name} is no intrinsic function")),
    }
}

/// Splits `Resource.Attribute` at the first dot, as the short form of `Fn::GetAtt` is read.
fn attribute(value: Value) -> Result<Value, String> {
    match value {
        Value::String(text) => match text.split_once('.') {
            Some((resource, attribute)) => Ok(json!([resource, attribute])),
            None => Err(format!(
                "!GetAtt {text} must be of the form Resource.Attribute"
            )),
        },
        other => Ok(other),
    }
}

/// A node without its tag; `N` is how the nodes below it are read.
struct Content<N>(Value, std::marker::PhantomData<N>);

impl<N> Content<N> {
    fn new(value: Value) -> Self {
        Self(value, std::marker::PhantomData)
    }
}

impl<'de, N: Deserialize<'de> + Into<Value>> Deserialize<'de> for Content<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor(std::marker::PhantomData))
    }
}

struct ContentVisitor<N>(std::marker::PhantomData<N>);

impl<'de, N: Deserialize<'de> + Into<Value>> Visitor<'de> for ContentVisitor<N> {
    type Value = Content<N>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a mapping, a list, text, a number, a boolean or null")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Content::new(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Content::new(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Content::new(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Content::new(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
        let number =
            Number::from_f64(value).ok_or_else(|| E::custom("infinity and NaN are no values"))?;
        Ok(Content::new(number.into()))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
        if value.contains('\0') {
            return Err(E::custom("text must not hold the character NUL"));
        }
        Ok(Content::new(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<N>()? {
            list.push(item.into());
        }
        Ok(Content::new(list.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value::<N>()?.into();
            if map.insert(key.clone(), value).is_some() {
                return Err(A::Error::custom(format!("the key {key} is there twice")));
            }
        }
        Ok(Content::new(map.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tags_become_long_functions() {
        let value = load(
            "A: !Ref Name\nB: !GetAtt Role.Arn\nC: !GetAtt [Role, Arn]\nD: !Sub '${A}-x'\n\
             E: !If [IsProd, !Select [0, !Split [',', 'a,b']], !Ref 'AWS::NoValue']\nF: !Condition IsProd\n\
             G: !Sub\n  - '${V}'\n  - V: !Ref Name\nH: !GetAtt Nested.Outputs.Name\n",
        )
        .unwrap();
        assert_eq!(
            value,
            json!({
                "A": { "Ref": "Name" }, "B": { "Fn::GetAtt": ["Role", "Arn"] }, "C": { "Fn::GetAtt": ["Role", "Arn"] },
                "D": { "Fn::Sub": "${A}-x" },
                "E": { "Fn::If": ["IsProd", { "Fn::Select": [0, { "Fn::Split": [",", "a,b"] }] }, { "Ref": "AWS::NoValue" }] },
                "F": { "Condition": "IsProd" }, "G": { "Fn::Sub": ["${V}", { "V": { "Ref": "Name" } }] },
                "H": { "Fn::GetAtt": ["Nested", "Outputs.Name"] },
            })
        );
    }

    #[test]
    fn scalars_keep_their_meaning() {
        let value = load(
            "Version: 2012-10-17\nText: '12'\nNumber: 12\nFlag: true\nEmpty:\nTime: 12:30:45\n\
             Old: yes\nLong: |\n  a\n  b\nAnchor: &x [1]\nAlias: *x\n",
        )
        .unwrap();
        assert_eq!(
            value,
            json!({
                "Version": "2012-10-17", "Text": "12", "Number": 12, "Flag": true, "Empty": null,
                "Time": "12:30:45", "Old": true, "Long": "a\nb\n", "Anchor": [1], "Alias": [1],
            })
        );
    }

    #[test]
    fn json_is_read_as_json() {
        let value = load("{\"A\": {\"Ref\": \"B\"},\n\t\"C\": \"\\ud83d\\ude00\"}").unwrap();
        assert_eq!(value, json!({ "A": { "Ref": "B" }, "C": "😀" }));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (text, reason) in [
            ("A: 1\nA: 2\n", "A"),
            ("{\"A\": 1, \"A\": 2}", "A is there twice"),
            ("A: !Foo b\n", "!Foo is no intrinsic function"),
            ("A: !GetAtt Role\n", "Resource.Attribute"),
            ("- a\n", "unsupported structure"),
            ("just text", "unsupported structure"),
            ("A: [", "YAML not well-formed"),
            ("{", "JSON not well-formed"),
            ("---\nA: 1\n---\nB: 2\n", "YAML not well-formed"),
            ("A: \"\\0\"\n", "NUL"),
        ] {
            let error = load(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
        assert!(
            load(&"#".repeat(LARGEST + 1))
                .unwrap_err()
                .to_string()
                .contains("51200")
        );
        let deep = "[".repeat(20_000);
        assert!(load(&format!("A: {deep}")).is_err());
        let laughs = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n\
            c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n\
            e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";
        assert!(load(laughs).is_err());
    }
}
