//! What can go wrong on the way to a service and back, and when.

use std::time::Duration;

use http::{Response, StatusCode};
use serde_json::json;

use super::name::Protocol;

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The request never arrives; the client sees a broken connection.
    RequestLost,
    /// The request is carried out; the client sees a broken connection.
    ResponseLost,
    /// The client's process dies when it is about to send the request.
    DiesBefore,
    /// The client's process dies when the request was sent.
    DiesAfter,
    /// The service has had too many requests.
    Throttled,
    /// The service refuses, with this code and these words.
    Refused(&'static str, &'static str),
    /// The service fails, without having done anything.
    ServerError,
    /// The answer ends after so many bytes of its body.
    CutOff(usize),
    /// The answer takes this long.
    Slow(Duration),
    /// The service answers what it answered to the same question before, if it ever did.
    Stale,
    /// The client's credentials are no longer valid.
    Expired,
}

/// Which calls it goes wrong with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum When {
    /// The call with this number, from 1.
    At(usize),
    /// Every call from this number on.
    From(usize),
    /// So many first calls of an operation, e.g. `cloudformation.DescribeStacks`.
    First(String, usize),
    /// Every call that starts so long after the command did.
    After(Duration),
}

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) when: When,
    pub(super) fault: Fault,
}

impl Trouble {
    pub(super) fn at(call: usize, fault: Fault) -> Self {
        let when = When::At(call);
        Self { when, fault }
    }

    pub(super) fn from(call: usize, fault: Fault) -> Self {
        let when = When::From(call);
        Self { when, fault }
    }
}

/// The answer of a service that refuses, in its own protocol.
pub(super) fn refusal(fault: Fault, protocol: Protocol) -> Option<Response<String>> {
    let (status, code) = match (fault, protocol) {
        (Fault::Throttled, Protocol::RestXml) => (503, "SlowDown"),
        (Fault::Throttled, Protocol::RestJson) => (429, "TooManyRequestsException"),
        (Fault::Throttled, Protocol::Plain) => (429, "Too Many Requests"),
        (Fault::Throttled, Protocol::Query) => (400, "Throttling"),
        (Fault::Throttled, Protocol::Json) => (400, "ThrottlingException"),
        (Fault::Refused(code, _), _) => (400, code),
        (Fault::ServerError, Protocol::RestXml) => (500, "InternalError"),
        (Fault::ServerError, _) => (500, "InternalFailure"),
        (Fault::Expired, Protocol::Plain) => return None,
        (Fault::Expired, Protocol::RestXml) => (400, "ExpiredToken"),
        (Fault::Expired, Protocol::Query) => (403, "ExpiredToken"),
        (Fault::Expired, _) => (400, "ExpiredTokenException"),
        _ => return None,
    };
    let message = match fault {
        Fault::Refused(_, message) => message,
        Fault::Throttled => "Rate exceeded",
        Fault::Expired => "The security token included in the request is expired",
        _ => "We encountered an internal error. Please try again.",
    };
    let body = match protocol {
        Protocol::Query => format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}\
             </Message></Error><RequestId>simulated</RequestId></ErrorResponse>"
        ),
        Protocol::RestXml => format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}\
             </Message><RequestId>simulated</RequestId></Error>"
        ),
        Protocol::Json | Protocol::RestJson | Protocol::Plain => {
            json!({ "__type": code, "message": message }).to_string()
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    if protocol == Protocol::RestJson {
        let code = code.parse().unwrap();
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    Some(response)
}
