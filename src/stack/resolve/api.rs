//! The section `api`.

use super::super::check::Check;
use super::super::document;
use super::super::problem::Problem;
use super::super::resolved::{Api, Route, Throttle};
use super::super::suggest;

/// The methods that a route may have.
const METHODS: [&str; 5] = ["POST", "PUT", "PATCH", "GET", "DELETE"];
/// The longest path of a route.
const MAX_PATH: usize = 200;
/// The rate unless the file says another: generous for a demonstration, cheap if abused.
const DEFAULT_THROTTLE: Throttle = Throttle {
    rate: 50.0,
    burst: 100,
};

/// Resolves the section.
pub(super) fn resolve(check: &mut Check<'_>, api: &document::Api) -> Option<Api> {
    let route = route(check, api.route.as_deref().unwrap_or("POST /classify"));
    let throttle = api.throttle.as_ref();
    let rate = throttle
        .and_then(|t| t.rate)
        .unwrap_or(DEFAULT_THROTTLE.rate);
    let burst = throttle
        .and_then(|t| t.burst)
        .unwrap_or(DEFAULT_THROTTLE.burst);
    Some(Api {
        route: route?,
        throttle: Throttle { rate, burst },
    })
}

fn route(check: &mut Check<'_>, text: &str) -> Option<Route> {
    let field = &["api", "route"];
    let Some((method, path)) = text.split_once(' ') else {
        let problem = Problem::new(format!("`{text}` is no route"))
            .help("write a method and a path, as in `POST /classify`");
        check.fail(field, problem);
        return None;
    };
    let known = METHODS.contains(&method);
    check.require(known, field, || {
        Problem::new(format!("`{method}` is no method for a route"))
            .help(suggest::remedy(&method.to_uppercase(), &METHODS))
    });
    let word = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
    let inside = path.strip_prefix('/').is_some_and(|rest| {
        rest.split('/')
            .all(|part| !part.is_empty() && part.chars().all(word))
    });
    check.require(inside && path.len() <= MAX_PATH, field, || {
        Problem::new(format!("`{path}` is no path for a route")).help(
            "begin with `/`, use letters, digits and `-_.~`, no parameters, no `/` at the end",
        )
    });
    Some(Route {
        method: method.to_owned(),
        path: path.to_owned(),
    })
}
