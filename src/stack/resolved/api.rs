//! The HTTP API, resolved.

use crate::stack::units::Timespan;

/// The HTTP API.
#[derive(Debug, Clone, PartialEq)]
pub struct Api {
    /// What can be called, at least one; the first is the one that classifies.
    pub routes: Vec<Route>,
    /// Which pages of other origins may call; `None` for none.
    pub cors: Option<Cors>,
    /// How often callers may call.
    pub throttle: Throttle,
    /// A name of one's own; `None` for the one that AWS gives.
    pub domain: Option<Domain>,
    /// Whether every call is written to a log.
    pub access_logs: bool,
}

/// A name of one's own for the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// The name, in lower case.
    pub name: String,
    /// The ARN of its certificate.
    pub certificate: String,
}

/// A method and a path with who may call it.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The HTTP method in capitals.
    pub method: String,
    /// The path, from its `/` on.
    pub path: String,
    /// Who may call it.
    pub auth: Auth,
    /// How often it may be called; `None` for as the API says.
    pub throttle: Option<Throttle>,
}

impl Route {
    /// The route as it is written: method, space, path.
    pub fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Who may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// Everyone.
    None,
    /// Who signs requests with AWS credentials that allow it.
    Iam,
    /// Who holds a token.
    Jwt {
        /// Who issues the tokens, as an `https` address.
        issuer: String,
        /// For whom they are issued: one of these.
        audience: Vec<String>,
    },
}

/// Which pages of other origins may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// The origins, or only `*`.
    pub origins: Vec<String>,
    /// The methods in capitals.
    pub methods: Vec<String>,
    /// The headers that a page may send, in lower case.
    pub headers: Vec<String>,
    /// How long a browser may remember the answer.
    pub max_age: Option<Timespan>,
    /// Whether cookies and the like may be sent.
    pub credentials: bool,
}

/// The rate at which calls are let through.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Throttle {
    /// Calls a second, sustained.
    pub rate: f64,
    /// Calls at once.
    pub burst: u32,
}
