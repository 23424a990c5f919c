//! The section `api`.

use std::collections::BTreeSet;

use super::super::check::Check;
use super::super::document;
use super::super::problem::Problem;
use super::super::resolved::{Api, Auth, Domain, Route, Throttle};
use super::super::suggest;
use super::arn;
use super::cors;
use super::target::Placement;
use crate::stack::codes;

/// The methods that a route may have.
pub(super) const METHODS: [&str; 5] = ["POST", "PUT", "PATCH", "GET", "DELETE"];
/// The methods that carry a body, which the first route needs.
const WITH_BODY: [&str; 3] = ["POST", "PUT", "PATCH"];
/// The longest path of a route.
const MAX_PATH: usize = 200;
/// The longest name of a host.
const MAX_DOMAIN: usize = 253;
/// The authorizers that an HTTP API takes.
const MAX_AUTHORIZERS: usize = 10;
/// The rate unless the file says another: generous for a demonstration, cheap if abused.
const DEFAULT_THROTTLE: Throttle = Throttle {
    rate: 50.0,
    burst: 100,
};

/// Resolves the section.
pub(super) fn resolve(
    check: &mut Check<'_>,
    api: &document::Api,
    place: Option<&Placement>,
) -> Option<Api> {
    // Where the place has a problem of its own, what is allowed locally makes no second one.
    let local = place.is_none_or(Placement::is_local);
    let throttle = throttle(api.throttle.as_ref(), DEFAULT_THROTTLE);
    let everyone = document::Auth::Word(document::AuthWord::None);
    let auth = api.auth.as_ref().unwrap_or(&everyone);
    let common = resolve_auth(check, &["api", "auth"], auth, local);
    let routes = match &api.routes {
        None => Some(usual(&common)),
        Some(given) => routes(
            check,
            given,
            &Usual {
                auth: &common,
                throttle,
                local,
            },
        ),
    };
    if let Some(routes) = &routes {
        limit_authorizers(check, routes);
    }
    let cors = api
        .cors
        .as_ref()
        .map(|cors| cors::resolve(check, cors, routes.as_deref().unwrap_or_default()));
    let domain = api
        .domain
        .as_ref()
        .map(|domain| resolve_domain(check, domain, place));
    Some(Api {
        routes: routes?,
        domain,
        cors,
        throttle,
        access_logs: api.access_logs.unwrap_or(true),
    })
}

fn resolve_domain(
    check: &mut Check<'_>,
    domain: &document::Domain,
    place: Option<&Placement>,
) -> Domain {
    let name = &domain.name;
    check.require(is_domain(name), &["api", "domain", "name"], || {
        Problem::new(
            &codes::INVALID_VALUE,
            format!("`{name}` is no name of a domain"),
        )
        .help("write it in lower case, without scheme and path, as in `news.example.com`")
    });
    let field = ["api", "domain", "certificate"];
    arn::certificate(check, &field, &domain.certificate, place);
    Domain {
        name: name.clone(),
        certificate: domain.certificate.clone(),
    }
}

/// Whether a text is a whole name of a host: labels of letters, digits and hyphens.
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        (1..=63).contains(&label.len())
            && label.chars().all(word)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= MAX_DOMAIN
        && text.contains('.')
        && text.split('.').all(label)
        && last.chars().any(|c| c.is_ascii_lowercase())
}

/// The routes of a file that names none.
fn usual(auth: &Auth) -> Vec<Route> {
    let route = |method: &str, path: &str| Route {
        method: method.to_owned(),
        path: path.to_owned(),
        auth: auth.clone(),
        throttle: None,
    };
    vec![route("POST", "/classify"), route("GET", "/health")]
}

/// Fills in what a throttle leaves open.
fn throttle(given: Option<&document::Throttle>, otherwise: Throttle) -> Throttle {
    Throttle {
        rate: given.and_then(|t| t.rate).unwrap_or(otherwise.rate),
        burst: given.and_then(|t| t.burst).unwrap_or(otherwise.burst),
    }
}

/// What holds for a route that says nothing of its own.
struct Usual<'a> {
    auth: &'a Auth,
    throttle: Throttle,
    /// Whether the environment is on this machine.
    local: bool,
}

fn routes(
    check: &mut Check<'_>,
    given: &[document::RouteEntry],
    usual: &Usual<'_>,
) -> Option<Vec<Route>> {
    let mut routes = Vec::with_capacity(given.len());
    let mut seen = BTreeSet::new();
    for (index, entry) in given.iter().enumerate() {
        let index = index.to_string();
        let base = ["api", "routes", index.as_str()];
        let inner = ["api", "routes", index.as_str(), "route"];
        let (field, text, settings): (&[&str], _, _) = match entry {
            document::RouteEntry::Text(text) => (&base, text, None),
            document::RouteEntry::Settings(settings) => (&inner, &settings.route, Some(settings)),
        };
        let auth = match settings.and_then(|settings| settings.auth.as_ref()) {
            Some(auth) => {
                let field = ["api", "routes", index.as_str(), "auth"];
                resolve_auth(check, &field, auth, usual.local)
            }
            None => usual.auth.clone(),
        };
        let Some((method, path)) = route(check, field, text) else {
            continue;
        };
        check.require(seen.insert((method.clone(), path.clone())), field, || {
            Problem::new(
                &codes::DUPLICATE_ENTRY,
                format!("the route `{text}` is here a second time"),
            )
            .help("keep one")
        });
        let throttle = settings
            .and_then(|settings| settings.throttle.as_ref())
            .map(|given| throttle(Some(given), usual.throttle));
        routes.push(Route {
            method,
            path,
            auth,
            throttle,
        });
        if routes.len() == 1 {
            first_route(check, field, &routes[0]);
        }
    }
    // One that was left out has a problem of its own.
    (routes.len() == given.len()).then_some(routes)
}

/// Requires that the route which `deploy invoke` calls takes a body.
fn first_route(check: &mut Check<'_>, field: &[&str], route: &Route) {
    let method = route.method.as_str();
    // A method that is none has a problem of its own.
    let right = WITH_BODY.contains(&method) || !METHODS.contains(&method);
    check.require(right, field, || {
        Problem::new(
            &codes::FIRST_ROUTE,
            format!("the first route cannot be a `{}`", route.method),
        )
        .because("it is the one that classifies, and the text is in the request's body")
        .help("put a route with `POST` first")
    });
}

fn route(check: &mut Check<'_>, field: &[&str], text: &str) -> Option<(String, String)> {
    let Some((method, path)) = text.split_once(' ') else {
        let problem = Problem::new(&codes::INVALID_VALUE, format!("`{text}` is no route"))
            .help("write a method and a path, as in `POST /classify`");
        check.fail(field, problem);
        return None;
    };
    let known = METHODS.contains(&method);
    check.require(known, field, || {
        Problem::new(
            &codes::UNKNOWN_VALUE,
            format!("`{method}` is no method for a route"),
        )
        .help(suggest::remedy(&method.to_uppercase(), &METHODS))
    });
    let word = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
    let inside = path.strip_prefix('/').is_some_and(|rest| {
        rest.split('/')
            .all(|part| !part.is_empty() && part.chars().all(word))
    });
    check.require(inside && path.len() <= MAX_PATH, field, || {
        Problem::new(
            &codes::INVALID_VALUE,
            format!("`{path}` is no path for a route"),
        )
        .help("begin with `/`, use letters, digits and `-_.~`, no parameters, no `/` at the end")
    });
    Some((method.to_owned(), path.to_owned()))
}

fn resolve_auth(check: &mut Check<'_>, field: &[&str], auth: &document::Auth, local: bool) -> Auth {
    match auth {
        document::Auth::Word(document::AuthWord::None) => Auth::None,
        document::Auth::Word(document::AuthWord::Iam) => Auth::Iam,
        document::Auth::Token(token) => {
            let mut inner = field.to_vec();
            inner.extend(["jwt", "issuer"]);
            let issuer = &token.jwt.issuer;
            check.require(is_issuer(issuer, local), &inner, || {
                Problem::new(
                    &codes::INVALID_VALUE,
                    format!("`{issuer}` is no issuer of tokens"),
                )
                .because("its keys are fetched from there, over https only")
                .help("write its address, as in `https://login.example.com/`")
            });
            inner.pop();
            inner.push("audience");
            let audience = &token.jwt.audience;
            let distinct: BTreeSet<&String> = audience.iter().collect();
            let fits = |one: &String| {
                !one.trim().is_empty() && one.len() <= 256 && !one.chars().any(char::is_control)
            };
            check.require(
                distinct.len() == audience.len() && audience.iter().all(fits),
                &inner,
                || {
                    Problem::new(
                        &codes::INVALID_VALUE,
                        "an audience is a text of 1 to 256 characters, each once",
                    )
                },
            );
            Auth::Jwt {
                issuer: issuer.clone(),
                audience: audience.clone(),
            }
        }
    }
}

/// Whether a text is an `https` address without query and fragment; an environment on this machine may
/// also have an issuer on it, without TLS.
fn is_issuer(text: &str, local: bool) -> bool {
    let Ok(url) = url::Url::parse(text) else {
        return false;
    };
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let plain = local && loopback && text.starts_with("http://");
    (text.starts_with("https://") || plain)
        && url.host_str().is_some_and(|host| !host.is_empty())
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && text.chars().all(|c| c.is_ascii_graphic())
}

fn limit_authorizers(check: &mut Check<'_>, routes: &[Route]) {
    let mut kinds: Vec<&Auth> = Vec::new();
    for route in routes {
        if matches!(route.auth, Auth::Jwt { .. }) && !kinds.contains(&&route.auth) {
            kinds.push(&route.auth);
        }
    }
    check.require(kinds.len() <= MAX_AUTHORIZERS, &["api", "routes"], || {
        Problem::new(
            &codes::LIMIT_EXCEEDED,
            format!("there are {} kinds of tokens", kinds.len()),
        )
        .because(format!("an HTTP API takes {MAX_AUTHORIZERS}"))
    });
}
