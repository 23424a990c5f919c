//! STS: who the caller is, and temporary keys for the roles of all accounts.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Response, StatusCode};

use super::iam::Trust;
use crate::local::auth::{Caller, Keys, Session, Temporary, is_account};
use crate::local::clock::iso8601;
use crate::local::policy::{Decision, Question, decide};
use crate::local::wire::query::{Parameters, Xml, answer};
use crate::local::wire::{ApiError, ApiRequest};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// Seconds that a session lasts unless the request says otherwise, and at least ("`AssumeRole`", STS API
/// reference).
const SECONDS: u64 = 3600;
const SECONDS_MIN: u64 = 900;
/// Seconds that a session may last when a session asked for it ("Role chaining", IAM user guide).
const CHAINED: u64 = 3600;
/// The parameters of `AssumeRole` that are not emulated.
const REFUSED: [&str; 8] = [
    "Policy",
    "PolicyArns",
    "ProvidedContexts",
    "SerialNumber",
    "SourceIdentity",
    "Tags",
    "TokenCode",
    "TransitiveTagKeys",
];

/// Finds the role of an ARN in an account.
pub type Roles = Arc<dyn Fn(&str, &str) -> Result<Option<Trust>, ApiError> + Send + Sync>;

/// The STS service.
pub struct Sts {
    /// The roles of all accounts.
    pub roles: Roles,
    /// Makes keys.
    pub keys: Keys,
}

impl Sts {
    /// Answers a request.
    pub fn handle(&self, request: &ApiRequest) -> Response<Body> {
        let parameters = Parameters::parse(if request.body.is_empty() {
            request.query.as_bytes()
        } else {
            &request.body
        });
        let action = parameters.action();
        let result = match action {
            "AssumeRole" => self.assume_role(&request.caller, &parameters),
            "GetCallerIdentity" => Ok(identity(&request.caller)),
            other => Err(ApiError::not_emulated("sts", other)),
        };
        answer(NAMESPACE, action, result)
    }

    fn assume_role(&self, caller: &Caller, parameters: &Parameters) -> Result<Xml, ApiError> {
        if let Some(other) = parameters.carried(&REFUSED).first() {
            return Err(ApiError::not_emulated("sts AssumeRole with", other));
        }
        let arn = parameters.required("RoleArn")?;
        let name = parameters.required("RoleSessionName")?;
        let account = account_of(arn).ok_or_else(|| invalid(format!("{arn} is invalid")))?;
        check_name(name)?;
        let trust = (self.roles)(account, arn)?;
        // Whether there is such a role is nobody's business who may not assume it.
        let trust = trust.ok_or_else(|| refused(caller, arn))?;
        let context = parameters.get("ExternalId");
        let context = context.map(|id| [("sts:ExternalId", id)]);
        let question = Question {
            caller,
            action: "sts:AssumeRole",
            resource: None,
            context: context.as_ref().map_or(&[], |pair| pair),
            public_counts: true,
        };
        let decision = decide(&trust.document, &question);
        let decision = decision.map_err(|part| ApiError::not_emulated("sts", &part.to_string()))?;
        if decision != Decision::Allowed {
            return Err(refused(caller, arn));
        }
        let seconds = seconds(caller, parameters, &trust)?;
        let session = Session {
            role_arn: arn.to_owned(),
            role_id: trust.role_id,
            name: name.to_owned(),
        };
        let assumed = Caller {
            account: account.to_owned(),
            session: Some(session.clone()),
        };
        let made = self.keys.grant(account, session, seconds);
        let made = made.map_err(|error| ApiError::from(std::io::Error::from(error)))?;
        Ok(granted(&assumed, &made))
    }
}

fn identity(caller: &Caller) -> Xml {
    let mut xml = Xml::default();
    xml.text("Arn", caller.arn())
        .text("UserId", caller.user_id())
        .text("Account", &caller.account);
    xml
}

fn granted(assumed: &Caller, made: &Temporary) -> Xml {
    let mut xml = Xml::default();
    xml.element("AssumedRoleUser", |xml| {
        xml.text("AssumedRoleId", assumed.user_id())
            .text("Arn", assumed.arn());
    });
    xml.element("Credentials", |xml| {
        xml.text("AccessKeyId", &made.credentials.access_key)
            .text("SecretAccessKey", &made.credentials.secret_key)
            .text("SessionToken", &made.token)
            .text("Expiration", iso8601(made.expires));
    });
    xml
}

/// Returns how many seconds the session lasts.
fn seconds(caller: &Caller, parameters: &Parameters, trust: &Trust) -> Result<i64, ApiError> {
    let asked = match parameters.get("DurationSeconds") {
        None => SECONDS,
        Some(text) => text
            .parse()
            .map_err(|_| invalid(format!("DurationSeconds: {text} is no number")))?,
    };
    if asked < SECONDS_MIN {
        return Err(invalid(format!(
            "1 validation error detected: Value '{asked}' at 'durationSeconds' failed to satisfy \
             constraint: Member must have value greater than or equal to {SECONDS_MIN}"
        )));
    }
    if caller.session.is_some() && asked > CHAINED {
        return Err(invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role \
             chaining.",
        ));
    }
    let too_long = || {
        invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    };
    if asked > trust.longest_session {
        return Err(too_long());
    }
    i64::try_from(asked).map_err(|_| too_long())
}

/// Returns the account in the ARN of a role.
fn account_of(arn: &str) -> Option<&str> {
    let (account, name) = arn.strip_prefix("arn:aws:iam::")?.split_once(":role/")?;
    (is_account(account) && !name.is_empty()).then_some(account)
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"_=,.@-+".contains(&byte);
    if (2..=64).contains(&name.len()) && name.bytes().all(valid) {
        return Ok(());
    }
    Err(invalid(format!(
        "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [\\w+=,.@-]{{2,64}}"
    )))
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationError", message)
}

fn refused(caller: &Caller, arn: &str) -> ApiError {
    ApiError::with_status(
        StatusCode::FORBIDDEN,
        "AccessDenied",
        format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            caller.arn()
        ),
    )
}
