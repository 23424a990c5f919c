//! The section `api`.

use schemars::JsonSchema;
use serde::Deserialize;

/// The public HTTP API.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Api {
    /// What can be called: method and path, all leading to the function. `deploy invoke` calls the
    /// first; `GET` of a path that ends in `/health` is answered without the model.
    #[schemars(length(min = 1, max = 50), extend("default" = ["POST /classify", "GET /health"], "examples" = [["POST /classify", { "route": "GET /health", "auth": "none" }]]))]
    pub(in crate::stack) routes: Option<Vec<RouteEntry>>,
    /// Who may call: `none` (everyone), `iam` (who signs requests), or holders of a token.
    #[schemars(extend("default" = "none", "examples" = ["iam", { "jwt": { "issuer": "https://login.example.com/", "audience": ["news"] } }]))]
    pub(in crate::stack) auth: Option<Auth>,
    /// Lets pages of other origins call; without it, browsers refuse.
    #[schemars(extend("default" = null, "examples" = [{ "origins": ["https://example.com"] }]))]
    pub(in crate::stack) cors: Option<Cors>,
    /// How often callers may call.
    #[schemars(extend("default" = { "rate": 50, "burst": 100 }, "examples" = [{ "rate": 10, "burst": 20 }]))]
    pub(in crate::stack) throttle: Option<Throttle>,
    /// A name of your own for the API; without it, it has the name that AWS gives.
    #[schemars(extend("default" = null, "examples" = [{ "name": "news.example.com", "certificate": "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d-0000-1111-2222-0123456789ab" }]))]
    pub(in crate::stack) domain: Option<Domain>,
    /// Whether every call is written to a log.
    #[schemars(extend("default" = true, "examples" = [false]))]
    pub(in crate::stack) access_logs: Option<bool>,
}

/// A name of one's own for the API.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Domain {
    /// The name, in lower case. Lead it to the output `DomainTarget` where your DNS is kept.
    #[schemars(length(min = 1, max = 253), extend("examples" = ["news.example.com"]))]
    pub(in crate::stack) name: String,
    /// The ARN of its certificate in ACM, of the environment's region and account.
    #[schemars(extend("examples" = ["arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d-0000-1111-2222-0123456789ab"]))]
    pub(in crate::stack) certificate: String,
}

/// A route: method and path, alone or with settings of its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::stack) enum RouteEntry {
    /// Method and path.
    Text(String),
    /// Method and path with settings.
    Settings(RouteSettings),
}

/// A route with settings of its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct RouteSettings {
    /// Method and path.
    #[schemars(extend("examples" = ["GET /health"]))]
    pub(in crate::stack) route: String,
    /// Who may call it; without it, as the API says.
    #[schemars(extend("default" = null, "examples" = ["none"]))]
    pub(in crate::stack) auth: Option<Auth>,
    /// How often it may be called; without it, as the API says.
    #[schemars(extend("default" = null, "examples" = [{ "rate": 5, "burst": 10 }]))]
    pub(in crate::stack) throttle: Option<Throttle>,
}

/// Who may call.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::stack) enum Auth {
    /// Everyone, or who signs requests.
    Word(AuthWord),
    /// Who holds a token.
    Token(Token),
}

/// The kinds of authorization that need no more than a word.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(in crate::stack) enum AuthWord {
    /// Everyone.
    None,
    /// Who signs requests with AWS credentials that allow it.
    Iam,
}

/// Authorization by a token.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Token {
    /// The tokens that are taken.
    #[schemars(extend("examples" = [{ "issuer": "https://login.example.com/", "audience": ["news"] }]))]
    pub(in crate::stack) jwt: Jwt,
}

/// The tokens that are taken.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Jwt {
    /// The `https` address of who issues them, exactly as in their field `iss`; on the local engine
    /// also an `http` address of this machine.
    #[schemars(extend("examples" = ["https://login.example.com/"]))]
    pub(in crate::stack) issuer: String,
    /// For whom they are issued: one of these must be in their field `aud`.
    #[schemars(length(min = 1, max = 50), extend("examples" = [["news"]]))]
    pub(in crate::stack) audience: Vec<String>,
}

/// Which pages of other origins may call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Cors {
    /// The origins, such as `https://example.com`, or `*` for all.
    #[schemars(length(min = 1, max = 50), extend("examples" = [["https://example.com"]]))]
    pub(in crate::stack) origins: Vec<String>,
    /// The methods; without them, those of the routes.
    #[schemars(length(min = 1, max = 9), extend("default" = null, "examples" = [["POST"]]))]
    pub(in crate::stack) methods: Option<Vec<String>>,
    /// The headers that a page may send.
    #[schemars(length(min = 1, max = 50), extend("default" = ["content-type"], "examples" = [["content-type", "authorization"]]))]
    pub(in crate::stack) headers: Option<Vec<String>>,
    /// How long a browser may remember the answer, at most `1d`; without it, as it likes.
    #[schemars(extend("default" = null, "examples" = ["1h"]))]
    pub(in crate::stack) max_age: Option<String>,
    /// Whether cookies and the like may be sent; not with the origin `*`.
    #[schemars(extend("default" = false, "examples" = [true]))]
    pub(in crate::stack) credentials: Option<bool>,
}

/// How often callers may call.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::stack) struct Throttle {
    /// Calls a second, sustained.
    #[schemars(range(min = 0.1, max = 10_000), extend("default" = 50, "examples" = [10]))]
    pub(in crate::stack) rate: Option<f64>,
    /// Calls at once.
    #[schemars(range(min = 1, max = 5_000), extend("default" = 100, "examples" = [20]))]
    pub(in crate::stack) burst: Option<u32>,
}
