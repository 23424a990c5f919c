//! The engine's page: what is in it at a glance, and a box to try a text.
//!
//! Purpose: a person sees in a browser what runs. Input: `GET /?key=…` and `GET /_deploy/page.js`, without
//! a signature. Output: HTML that needs nothing from elsewhere, and a small script; without the script
//! everything but the box works. It only reads, and tells summaries: names, statuses, outputs, metrics
//! and the newest log lines of every account and region, no object, no setting and no key. The box calls the API's public route, as
//! anybody can. Must not know: how the services keep what it shows.
//!
//! Guards: other users of this machine can reach the engine too, so the page wants a key that only who reads
//! the engine's credentials can make (`deploy open` does); it is in the address and in no cookie, as cookies
//! of one port are sent to every other, whoever listens there. The server answers only requests for this machine's own names, so that no foreign name leads
//! here; the page cannot be framed, its answers cannot be read by pages of other origins, and what another
//! site's script asks for is refused (Fetch Metadata, W3C).

mod html;
mod render;
mod sagemaker;
mod traffic;
mod words;

pub(crate) use render::Shown;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header,
};

use super::auth::same;
use super::cells::Cells;
use super::clock::Clock;
use traffic::Traffic;

const HTML: &str = "text/html; charset=utf-8";
/// What somebody without the key is told.
const LOCKED: &str = include_str!("locked.html");
const SCRIPT: &str = include_str!("page.js");
/// Where the script is.
const SCRIPT_PATH: &str = "/_deploy/page.js";
/// Newest log lines of each group that are shown.
pub(crate) const LINES: usize = 20;
/// What the page may do: use its own style and script, and ask the engine.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; \
    connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// The page.
pub(crate) struct Page {
    cells: Arc<Cells>,
    /// What the address must have.
    key: String,
    clock: Clock,
    traffic: Traffic,
    began: Instant,
}

impl Page {
    /// Makes the page of all accounts and regions, for whoever has the key.
    pub(crate) fn of(cells: Arc<Cells>, key: String, clock: Clock) -> Self {
        Self {
            cells,
            key,
            clock,
            traffic: Traffic::default(),
            began: Instant::now(),
        }
    }

    /// Counts a call of an HTTP API.
    pub(crate) fn count(&self, took: Duration, status: u16) {
        self.traffic.count(self.began.elapsed(), took, status);
    }

    /// Answers a request for the page or its script; `None` for any other, signed ones included.
    pub(crate) fn answer(&self, request: &Request<Body>) -> Option<Response<Body>> {
        let path = request.uri().path();
        let headers = request.headers();
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let is_signed = headers.contains_key(header::AUTHORIZATION)
            || headers.contains_key("x-amz-content-sha256");
        if !reads || is_signed || !matches!(path, "/" | SCRIPT_PATH) {
            return None;
        }
        // An address with anything else in its query is S3's.
        let key = request
            .uri()
            .query()
            .unwrap_or("key=")
            .strip_prefix("key=")?;
        if is_foreign(headers) {
            let text = "deploy's local engine shows its page to no other site\n";
            return Some(respond(
                StatusCode::FORBIDDEN,
                "text/plain; charset=utf-8",
                text.into(),
            ));
        }
        Some(if path == SCRIPT_PATH {
            respond(
                StatusCode::OK,
                "text/javascript; charset=utf-8",
                SCRIPT.into(),
            )
        } else if same(key, &self.key) {
            respond(StatusCode::OK, HTML, self.html())
        } else {
            respond(StatusCode::FORBIDDEN, HTML, LOCKED.into())
        })
    }

    fn html(&self) -> String {
        let (cells, now) = (self.cells.all(), self.clock.epoch_millis());
        let overview = render::Overview {
            cells: cells
                .iter()
                .map(|cell| cell.services.shown(&cell.id, now))
                .collect(),
            minute: self.traffic.minute(self.began.elapsed()),
            now,
        };
        overview.page(SCRIPT_PATH)
    }
}

/// Whether another site asks: by a script, a picture, a frame. That a person follows a link here, or types
/// the address, is no harm, as nothing here changes anything.
fn is_foreign(headers: &HeaderMap) -> bool {
    let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let foreign = matches!(value("sec-fetch-site"), Some("cross-site" | "same-site"));
    let followed = value("sec-fetch-mode") == Some("navigate")
        && value("sec-fetch-dest").is_none_or(|place| place == "document");
    foreign && !followed
}

fn respond(status: StatusCode, kind: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
