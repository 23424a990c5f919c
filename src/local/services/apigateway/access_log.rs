//! Access logs: a line for each call, in the format that the stage gives.

use std::fmt::Write as _;

use serde_json::Value;

/// The stream of a group that lines go to.
pub(super) const STREAM: &str = "access";

/// Where a stage's lines go and what they look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AccessLog {
    /// The log group.
    pub(super) group: String,
    /// The line, with `$context.` variables.
    format: String,
}

/// What a call came to, as far as it got.
#[derive(Debug, Default)]
pub(super) struct Call {
    /// The key of the route that it took.
    pub(super) route: Option<String>,
    /// How long the function took, in milliseconds.
    pub(super) function_millis: Option<i64>,
    /// Why the function gave no answer.
    pub(super) function_error: Option<String>,
    /// What the service itself answered with.
    pub(super) refusal: Option<&'static str>,
}

impl AccessLog {
    /// Reads a stage's `AccessLogSettings`.
    ///
    /// # Errors
    /// The destination is no log group, or there is no format.
    pub(super) fn parse(settings: &Value) -> Result<Self, String> {
        let arn = settings["DestinationArn"].as_str().unwrap_or_default();
        let group = arn
            .splitn(7, ':')
            .nth(6)
            .filter(|_| arn.contains(":log-group:"))
            .map(|name| name.trim_end_matches(":*"))
            .filter(|name| !name.is_empty())
            .ok_or_else(|| {
                format!("the local engine writes access logs to log groups only, not to {arn:?}")
            })?;
        let format = settings["Format"].as_str().unwrap_or_default();
        if !format.contains("$context.requestId") && !format.contains("$context.extendedRequestId")
        {
            // As the real service does.
            return Err(
                "AccessLogSettings.Format must have $context.requestId or $context.extendedRequestId"
                    .to_owned(),
            );
        }
        Ok(Self {
            group: group.to_owned(),
            format: format.to_owned(),
        })
    }

    /// Writes the line of a call; `value` knows the variables, and a hyphen stands for the others.
    pub(super) fn line(&self, value: impl Fn(&str) -> Option<String>) -> String {
        let mut line = String::with_capacity(self.format.len() * 2);
        let mut parts = self.format.split("$context.");
        line.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
            let end = part.find(|c| !is_name(c)).unwrap_or(part.len());
            let (name, rest) = part.split_at(end);
            push_escaped(&mut line, value(name).as_deref().unwrap_or("-"));
            line.push_str(rest);
        }
        line
    }
}

/// Appends a value such that a caller cannot end a line or a JSON string with it.
fn push_escaped(line: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '"' | '\\' => {
                line.push('\\');
                line.push(character);
            }
            control if control.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(line, "\\u{:04x}", u32::from(control));
            }
            other => line.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn log(format: &str) -> AccessLog {
        let arn = "arn:aws:logs:eu-west-1:000000000000:log-group:/aws/apis/news:*";
        AccessLog::parse(&json!({ "DestinationArn": arn, "Format": format })).unwrap()
    }

    #[test]
    fn a_line_is_json_whatever_the_caller_sends() {
        let log = log(
            r#"{"id":"$context.requestId","agent":"$context.identity.userAgent","no":"$context.no"}"#,
        );
        let evil = "a\"b\\c\nd\u{7f}";
        let line = log.line(|name| match name {
            "requestId" => Some("1".to_owned()),
            "identity.userAgent" => Some(evil.to_owned()),
            _ => None,
        });
        assert!(!line.contains('\n'), "{line}");
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read, json!({ "id": "1", "agent": evil, "no": "-" }));
        assert_eq!(log.group, "/aws/apis/news");
    }

    #[test]
    fn what_is_no_log_group_or_no_format_is_refused() {
        let firehose = json!({
            "DestinationArn": "arn:aws:firehose:eu-west-1:000000000000:deliverystream/x",
            "Format": "$context.requestId",
        });
        assert!(
            AccessLog::parse(&firehose)
                .unwrap_err()
                .contains("firehose")
        );
        let arn = "arn:aws:logs:eu-west-1:000000000000:log-group:g";
        for format in [json!(null), json!("$context.status")] {
            let settings = json!({ "DestinationArn": arn, "Format": format });
            assert!(
                AccessLog::parse(&settings)
                    .unwrap_err()
                    .contains("requestId")
            );
        }
    }
}
