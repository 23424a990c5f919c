//! The section `api.cors`.

use std::collections::BTreeSet;

use super::super::check::{Check, Field};
use super::super::document;
use super::super::problem::Problem;
use super::super::resolved::{Cors, Route};
use super::super::suggest;
use super::super::units::Timespan;
use super::api::METHODS;
use crate::stack::codes;

/// The longest that a browser may be told to remember: a day.
const MAX_AGE: u64 = 86_400;
/// The headers that a page may send unless the file names others.
const DEFAULT_HEADERS: [&str; 1] = ["content-type"];

/// Resolves the section; `routes` give the methods that it leaves open.
pub(super) fn resolve(check: &mut Check<'_>, cors: &document::Cors, routes: &[Route]) -> Cors {
    let credentials = cors.credentials.unwrap_or(false);
    origins(check, cors, credentials);
    let methods = methods(check, cors, routes);
    let headers = headers(check, cors);
    let field = &["api", "cors", "max_age"];
    let max_age = cors
        .max_age
        .as_ref()
        .and_then(|text| check.parse::<Timespan>(field, text));
    if let Some(span) = max_age {
        check.require(span.seconds() <= MAX_AGE, field, || {
            Problem::new(
                &codes::OUT_OF_RANGE,
                "a browser may remember the answer for at most `1d`",
            )
        });
    }
    Cors {
        origins: cors.origins.clone(),
        methods,
        headers,
        max_age,
        credentials,
    }
}

fn origins(check: &mut Check<'_>, cors: &document::Cors, credentials: bool) {
    each_once(check, &["api", "cors", "origins"], &cors.origins);
    for (index, origin) in cors.origins.iter().enumerate() {
        let index = index.to_string();
        let field = &["api", "cors", "origins", index.as_str()];
        if origin == "*" {
            check.require(!credentials, field, || {
                Problem::new(
                    &codes::CONTRADICTION,
                    "the origin `*` cannot be together with `credentials: true`",
                )
                .because("browsers refuse it: any page could act in the name of its visitor")
                .help("name the origins, or remove `credentials`")
            });
            check.require(cors.origins.len() == 1, field, || {
                Problem::new(&codes::CONTRADICTION, "`*` stands for all origins already")
                    .help("remove the others")
            });
        } else if let Some(right) = bare_origin(origin) {
            check.require(right == *origin, field, || {
                Problem::new(&codes::INVALID_VALUE, format!("`{origin}` is no origin"))
                    .because("an origin has no path, no query and no `/` at the end")
                    .help(format!("write `{right}`"))
            });
        } else {
            let problem = Problem::new(&codes::INVALID_VALUE, format!("`{origin}` is no origin"))
                .help("write scheme and host, as in `https://example.com`, or `*` for all");
            check.fail(field, problem);
        }
    }
}

/// The origin of an address, as browsers send it.
fn bare_origin(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https") && url.host_str().is_some();
    plain.then(|| url.origin().ascii_serialization())
}

fn methods(check: &mut Check<'_>, cors: &document::Cors, routes: &[Route]) -> Vec<String> {
    let Some(given) = &cors.methods else {
        let distinct: BTreeSet<&String> = routes.iter().map(|route| &route.method).collect();
        return distinct.into_iter().cloned().collect();
    };
    each_once(check, &["api", "cors", "methods"], given);
    let mut known = METHODS.to_vec();
    known.extend(["HEAD", "OPTIONS", "*"]);
    for (index, method) in given.iter().enumerate() {
        let index = index.to_string();
        let field = &["api", "cors", "methods", index.as_str()];
        check.require(known.contains(&method.as_str()), field, || {
            Problem::new(&codes::UNKNOWN_VALUE, format!("`{method}` is no method"))
                .help(suggest::remedy(&method.to_uppercase(), &known))
        });
    }
    given.clone()
}

fn headers(check: &mut Check<'_>, cors: &document::Cors) -> Vec<String> {
    let Some(given) = &cors.headers else {
        return DEFAULT_HEADERS.map(str::to_owned).to_vec();
    };
    let lower: Vec<String> = given
        .iter()
        .map(|header| header.to_ascii_lowercase())
        .collect();
    each_once(check, &["api", "cors", "headers"], &lower);
    for (index, header) in lower.iter().enumerate() {
        let index = index.to_string();
        let field = &["api", "cors", "headers", index.as_str()];
        let word = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        check.require(
            !header.is_empty() && header.chars().all(word),
            field,
            || {
                Problem::new(
                    &codes::INVALID_NAME,
                    format!("`{header}` is no name of a header"),
                )
                .help("write names such as `content-type`")
            },
        );
    }
    lower
}

/// Requires that no text of a list is there twice.
fn each_once(check: &mut Check<'_>, field: Field<'_>, list: &[String]) {
    let mut seen = BTreeSet::new();
    let again = list.iter().find(|text| !seen.insert(text.as_str()));
    if let Some(again) = again {
        let problem = Problem::new(
            &codes::DUPLICATE_ENTRY,
            format!("`{again}` is here a second time"),
        )
        .help("keep one");
        check.fail(field, problem);
    }
}
