//! Who may invoke a function: the statements of its resource policy.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One statement: a principal may perform an action, from a source perhaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Statement {
    pub(super) action: String,
    pub(super) principal: String,
    pub(super) source_arn: Option<String>,
    pub(super) source_account: Option<String>,
}

/// A service that wants to invoke a function.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// Service principal, e.g. `apigateway.amazonaws.com`.
    pub principal: &'a str,
    /// ARN of what makes the service call.
    pub source_arn: &'a str,
    /// Account that it belongs to.
    pub source_account: &'a str,
}

impl Statement {
    /// Tells whether the statement lets the caller invoke.
    pub(super) fn allows(&self, caller: &Caller<'_>) -> bool {
        let action = matches!(
            self.action.as_str(),
            "lambda:InvokeFunction" | "lambda:*" | "*"
        );
        let principal = self.principal == "*" || self.principal == caller.principal;
        let source = self
            .source_arn
            .as_ref()
            .is_none_or(|pattern| arn_like(pattern, caller.source_arn));
        let account = self
            .source_account
            .as_ref()
            .is_none_or(|account| account == caller.source_account);
        action && principal && source && account
    }

    /// Returns the statement as policies show it.
    pub(super) fn shown(&self, sid: &str, function_arn: &str) -> Value {
        let mut statement = json!({
            "Sid": sid,
            "Effect": "Allow",
            "Principal": if self.principal.contains(".amazonaws.com") {
                json!({ "Service": self.principal })
            } else if self.principal == "*" {
                json!("*")
            } else {
                json!({ "AWS": self.principal })
            },
            "Action": self.action,
            "Resource": function_arn,
        });
        if let Some(account) = &self.source_account {
            statement["Condition"]["StringEquals"]["AWS:SourceAccount"] = json!(account);
        }
        if let Some(arn) = &self.source_arn {
            statement["Condition"]["ArnLike"]["AWS:SourceArn"] = json!(arn);
        }
        statement
    }
}

/// Matches an ARN against a pattern with `*` and `?`.
fn arn_like(pattern: &str, arn: &str) -> bool {
    let (pattern, arn) = (pattern.as_bytes(), arn.as_bytes());
    let (mut p, mut a) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while a < arn.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, a));
                p += 1;
            }
            Some(byte) if *byte == b'?' || *byte == arn[a] => {
                p += 1;
                a += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    a = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTE: &str = "arn:aws:execute-api:us-east-1:000000000000:abc/$default/POST/classify";

    fn statement(source: Option<&str>) -> Statement {
        Statement {
            action: "lambda:InvokeFunction".to_owned(),
            principal: "apigateway.amazonaws.com".to_owned(),
            source_arn: source.map(str::to_owned),
            source_account: Some("000000000000".to_owned()),
        }
    }

    fn caller(account: &str) -> Caller<'_> {
        Caller {
            principal: "apigateway.amazonaws.com",
            source_arn: ROUTE,
            source_account: account,
        }
    }

    #[test]
    fn sources_are_patterns() {
        for (pattern, allowed) in [
            (
                "arn:aws:execute-api:us-east-1:000000000000:abc/*/*/classify",
                true,
            ),
            ("arn:aws:execute-api:us-east-1:000000000000:abc/*", true),
            (
                "arn:aws:execute-api:us-east-1:000000000000:abc/*/GET/*",
                false,
            ),
            ("arn:aws:execute-api:us-east-1:000000000000:xyz/*", false),
            (ROUTE, true),
        ] {
            let allows = statement(Some(pattern)).allows(&caller("000000000000"));
            assert_eq!(allows, allowed, "{pattern}");
        }
    }

    #[test]
    fn the_account_counts() {
        assert!(statement(None).allows(&caller("000000000000")));
        assert!(!statement(None).allows(&caller("111111111111")));
    }
}
