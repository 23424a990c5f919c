//! The Query protocol: a form body in, XML out (CloudFormation, IAM, STS).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

use super::ApiError;
use crate::local::ids;

/// The parameters of one Query request, by their flattened names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads a form body, or a query string.
    pub fn parse(form: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(form).into_owned().collect())
    }

    /// Returns the operation's name; empty when there is none.
    pub fn action(&self) -> &str {
        self.get("Action").unwrap_or_default()
    }

    /// Returns a parameter that is there and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Returns a parameter that must be there.
    ///
    /// # Errors
    /// `ValidationError` that names the parameter.
    pub fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| {
            ApiError::client(
                "ValidationError",
                format!("1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"),
            )
        })
    }

    /// Returns a boolean parameter; absent means `false`.
    ///
    /// # Errors
    /// `ValidationError` when the value is neither `true` nor `false`.
    pub fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(ApiError::client(
                "ValidationError",
                format!("{name} must be true or false, not {other}"),
            )),
        }
    }

    /// Returns the strings of the list `name`, in the order of their numbers.
    pub fn strings(&self, name: &str) -> Vec<String> {
        let prefix = format!("{name}.member.");
        let mut found: Vec<(u32, String)> = self
            .0
            .iter()
            .filter_map(|(key, value)| {
                let index = key.strip_prefix(&prefix)?.parse().ok()?;
                Some((index, value.clone()))
            })
            .collect();
        found.sort_by_key(|(index, _)| *index);
        found.into_iter().map(|(_, value)| value).collect()
    }

    /// Returns the structures of the list `name`, in the order of their numbers.
    pub fn structures(&self, name: &str) -> Vec<Parameters> {
        let prefix = format!("{name}.member.");
        let mut found: BTreeMap<u32, Parameters> = BTreeMap::new();
        for (key, value) in &self.0 {
            let Some((index, member)) = key
                .strip_prefix(&prefix)
                .and_then(|rest| rest.split_once('.'))
            else {
                continue;
            };
            if let Ok(index) = index.parse() {
                found
                    .entry(index)
                    .or_default()
                    .0
                    .insert(member.to_owned(), value.clone());
            }
        }
        found.into_values().collect()
    }

    /// Returns those of `names` that the request carries, as such or as a list or structure.
    pub fn carried<'a>(&self, names: &[&'a str]) -> Vec<&'a str> {
        let carries = |name: &str| {
            self.0.keys().any(|key| {
                key.strip_prefix(name)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        names.iter().copied().filter(|name| carries(name)).collect()
    }
}

/// Collects the content of an XML answer.
#[derive(Debug, Default)]
pub struct Xml(String);

impl Xml {
    /// Adds `<tag>value</tag>`.
    pub fn text(&mut self, tag: &str, value: impl std::fmt::Display) -> &mut Self {
        let value = escape(&value.to_string());
        self.raw(format_args!("<{tag}>{value}</{tag}>"))
    }

    /// Adds `<tag>value</tag>` when there is a value.
    pub fn optional(&mut self, tag: &str, value: Option<impl std::fmt::Display>) -> &mut Self {
        match value {
            Some(value) => self.text(tag, value),
            None => self,
        }
    }

    /// Adds `<tag>...</tag>` around what `fill` adds.
    pub fn element(&mut self, tag: &str, fill: impl FnOnce(&mut Self)) -> &mut Self {
        self.raw(format_args!("<{tag}>"));
        fill(self);
        self.raw(format_args!("</{tag}>"))
    }

    /// Adds a list: `<tag>` with one `<member>` for each item.
    pub fn list<T>(
        &mut self,
        tag: &str,
        items: impl IntoIterator<Item = T>,
        mut fill: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.element(tag, |xml| {
            for item in items {
                xml.element("member", |xml| fill(xml, item));
            }
        })
    }

    /// Adds a list of plain values.
    pub fn values<T: std::fmt::Display>(
        &mut self,
        tag: &str,
        items: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        self.element(tag, |xml| {
            for item in items {
                xml.text("member", item);
            }
        })
    }

    fn raw(&mut self, text: std::fmt::Arguments<'_>) -> &mut Self {
        // Writing to a String cannot fail.
        let _ = self.0.write_fmt(text);
        self
    }
}

/// Answers a Query request in the form of the service with the given XML namespace.
pub fn answer(namespace: &str, action: &str, result: Result<Xml, ApiError>) -> Response<Body> {
    let request = ids::uuid();
    let (status, body) = match result {
        Ok(Xml(content)) => (
            StatusCode::OK,
            format!(
                "<{action}Response xmlns=\"{namespace}\"><{action}Result>{content}</{action}Result>\
                 <ResponseMetadata><RequestId>{request}</RequestId></ResponseMetadata></{action}Response>"
            ),
        ),
        Err(error) => (
            error.status,
            format!(
                "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{}</Type><Code>{}</Code>\
                 <Message>{}</Message></Error><RequestId>{request}</RequestId></ErrorResponse>",
                if error.status.is_server_error() {
                    "Receiver"
                } else {
                    "Sender"
                },
                escape(&error.code),
                escape(&error.message),
            ),
        ),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}

/// Escapes text for XML; characters that XML 1.0 cannot carry become U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#13;"),
            '\t' | '\n' => escaped.push(character),
            other if other < ' ' || matches!(other, '\u{fffe}' | '\u{ffff}') => {
                escaped.push('\u{fffd}');
            }
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_in_the_order_of_their_numbers() {
        let parameters = Parameters::parse(
            b"Action=X&C.member.10=ten&C.member.2=two&T.member.1.Key=a&T.member.1.Value=b+c%26&Empty=",
        );
        assert_eq!(parameters.action(), "X");
        assert_eq!(parameters.strings("C"), ["two", "ten"]);
        let tags = parameters.structures("T");
        assert_eq!(tags[0].get("Value"), Some("b c&"));
        assert_eq!(parameters.get("Empty"), None);
        assert!(
            parameters
                .required("Name")
                .unwrap_err()
                .message
                .contains("'Name'")
        );
        assert_eq!(
            parameters.carried(&["T", "C.member.2", "Other"]),
            ["T", "C.member.2"]
        );
    }

    #[tokio::test]
    async fn content_is_escaped() {
        let mut xml = Xml::default();
        xml.text("Name", "a<b>&\u{1}")
            .optional("None", None::<&str>);
        xml.list("Items", [1, 2], |xml, item| {
            xml.text("Id", item);
        });
        let response = answer("ns", "Get", Ok(xml));
        let body = axum::body::to_bytes(response.into_body(), 10_000)
            .await
            .unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(
            body.contains("<GetResult><Name>a&lt;b&gt;&amp;\u{fffd}</Name><Items>"),
            "{body}"
        );
        assert!(
            body.contains("<member><Id>1</Id></member><member><Id>2</Id></member>"),
            "{body}"
        );
    }
}
