//! Which route a request takes.

use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// A route's key: `$default`, or a method and a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) enum RouteKey {
    /// Takes what no other route takes.
    Default,
    /// A method, or `ANY`, and the segments of a path.
    Path {
        method: String,
        segments: Vec<Segment>,
    },
}

/// A segment of a route's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    Literal(String),
    /// `{name}`: any one segment.
    Variable(String),
    /// `{name+}`: one or more segments to the end.
    Greedy(String),
}

/// Why a text is no route key.
#[derive(Debug, thiserror::Error)]
#[error(
    "The provided route key is not formatted properly for HTTP protocol. Format should be \"<HTTP METHOD> /<RESOURCE PATH>\" or \"$default\""
)]
pub(super) struct BadRouteKey;

const METHODS: [&str; 8] = [
    "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT",
];

impl TryFrom<String> for RouteKey {
    type Error = BadRouteKey;

    fn try_from(text: String) -> Result<Self, BadRouteKey> {
        if text == "$default" {
            return Ok(Self::Default);
        }
        let (method, path) = text.split_once(' ').ok_or(BadRouteKey)?;
        let path = path.strip_prefix('/').ok_or(BadRouteKey)?;
        if !METHODS.contains(&method) || path.contains(' ') {
            return Err(BadRouteKey);
        }
        let segments: Vec<Segment> = path.split('/').map(segment).collect::<Result<_, _>>()?;
        let greedy = segments
            .iter()
            .position(|segment| matches!(segment, Segment::Greedy(_)));
        if greedy.is_some_and(|place| place + 1 < segments.len()) {
            return Err(BadRouteKey);
        }
        Ok(Self::Path {
            method: method.to_owned(),
            segments,
        })
    }
}

fn segment(text: &str) -> Result<Segment, BadRouteKey> {
    let Some(inner) = text.strip_prefix('{') else {
        if text.contains(['{', '}']) {
            return Err(BadRouteKey);
        }
        return Ok(Segment::Literal(text.to_owned()));
    };
    let name = inner.strip_suffix('}').ok_or(BadRouteKey)?;
    let (name, greedy) = match name.strip_suffix('+') {
        Some(name) => (name, true),
        None => (name, false),
    };
    if name.is_empty() || name.contains(['{', '}', '+']) {
        return Err(BadRouteKey);
    }
    let name = name.to_owned();
    Ok(if greedy {
        Segment::Greedy(name)
    } else {
        Segment::Variable(name)
    })
}

impl From<RouteKey> for String {
    fn from(key: RouteKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for RouteKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("$default"),
            Self::Path { method, .. } => write!(formatter, "{method} {}", self.path()),
        }
    }
}

impl RouteKey {
    /// Returns the route's path with its variables, empty for `$default`.
    pub(super) fn path(&self) -> String {
        let Self::Path { segments, .. } = self else {
            return String::new();
        };
        let shown = segments.iter().map(|segment| match segment {
            Segment::Literal(text) => format!("/{text}"),
            Segment::Variable(name) => format!("/{{{name}}}"),
            Segment::Greedy(name) => format!("/{{{name}+}}"),
        });
        shown.collect()
    }

    /// Returns what stands for the route in the source ARN of its invocations.
    pub(super) fn arn_part(&self) -> String {
        match self {
            Self::Default => "$default".to_owned(),
            Self::Path { method, .. } => {
                let method = if method == "ANY" { "*" } else { method };
                format!("{method}{}", self.path())
            }
        }
    }
}

/// Path parameters by name.
pub(super) type Parameters = BTreeMap<String, String>;

/// Finds the route for a request: the most specific path wins, literal before variable before greedy,
/// its own method before `ANY`, and `$default` comes last.
pub(super) fn find<'a, T>(
    routes: impl Iterator<Item = (&'a RouteKey, T)>,
    method: &str,
    path: &str,
) -> Option<(&'a RouteKey, T, Parameters)> {
    let parts: Vec<String> = path
        .strip_prefix('/')
        .unwrap_or(path)
        .split('/')
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    routes
        .filter_map(|(key, route)| {
            let (rank, parameters) = fit(key, method, &parts)?;
            Some((rank, (key, route, parameters)))
        })
        .min_by(|(left, _), (right, _)| left.cmp(right))
        .map(|(_, found)| found)
}

/// Returns how specific a fitting route is, the lower the more, and its parameters.
fn fit(key: &RouteKey, method: &str, parts: &[String]) -> Option<(Vec<u8>, Parameters)> {
    let RouteKey::Path {
        method: own,
        segments,
    } = key
    else {
        return Some((vec![3], Parameters::new()));
    };
    if own != "ANY" && own != method {
        return None;
    }
    let mut rank = Vec::with_capacity(segments.len() + 1);
    let mut parameters = Parameters::new();
    let mut rest = parts;
    for segment in segments {
        let (first, others) = rest.split_first()?;
        match segment {
            Segment::Literal(text) if text == first => rank.push(0),
            Segment::Literal(_) => return None,
            Segment::Variable(_) if first.is_empty() => return None,
            Segment::Variable(name) => {
                parameters.insert(name.clone(), first.clone());
                rank.push(1);
            }
            Segment::Greedy(name) => {
                parameters.insert(name.clone(), rest.join("/"));
                rank.push(2);
                rest = &[];
                break;
            }
        }
        rest = others;
    }
    if !rest.is_empty() {
        return None;
    }
    rank.push(u8::from(own == "ANY"));
    Some((rank, parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> RouteKey {
        RouteKey::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn the_most_specific_route_wins() {
        let keys: Vec<RouteKey> = [
            "$default",
            "ANY /pets/{id}",
            "GET /pets/{id}",
            "GET /pets/dog",
            "ANY /{all+}",
            "POST /classify",
        ]
        .map(key)
        .into();
        let take = |method: &str, path: &str| {
            let routes = keys.iter().map(|key| (key, ()));
            find(routes, method, path).unwrap().0.to_string()
        };
        assert_eq!(take("GET", "/pets/dog"), "GET /pets/dog");
        assert_eq!(take("GET", "/pets/cat"), "GET /pets/{id}");
        assert_eq!(take("PUT", "/pets/cat"), "ANY /pets/{id}");
        assert_eq!(take("PUT", "/pets/cat/tail"), "ANY /{all+}");
        assert_eq!(take("POST", "/classify"), "POST /classify");
        assert_eq!(take("GET", "/classify"), "ANY /{all+}");
    }

    #[test]
    fn parameters_are_decoded() {
        let keys = [key("GET /pets/{id}/{rest+}")];
        let routes = keys.iter().map(|key| (key, ()));
        let (_, (), parameters) = find(routes, "GET", "/pets/a%20b/c/d").unwrap();
        assert_eq!(parameters["id"], "a b");
        assert_eq!(parameters["rest"], "c/d");
    }

    #[test]
    fn nothing_fits_but_what_fits() {
        let keys = [key("POST /classify")];
        for (method, path) in [("GET", "/classify"), ("POST", "/classify/"), ("POST", "/")] {
            let routes = keys.iter().map(|key| (key, ()));
            assert!(find(routes, method, path).is_none(), "{method} {path}");
        }
    }

    #[test]
    fn keys_have_one_form() {
        for bad in [
            "classify",
            "POST",
            "FETCH /x",
            "POST x",
            "GET /{a+}/b",
            "GET /{}",
        ] {
            assert!(RouteKey::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        assert_eq!(key("GET /").to_string(), "GET /");
        assert_eq!(key("ANY /{x+}").arn_part(), "*/{x+}");
    }
}
