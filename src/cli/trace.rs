//! `-v` and `-vv`: what the libraries below say of their work, with everything secret taken out.
//!
//! The SDK tells of requests as they are: headers with signatures and tokens, addresses that are signed,
//! keys that are used to sign. Only some of its parts are listened to, and each line passes by [`redacted`]
//! before it is written.

use std::io::{self, Write};
use std::sync::LazyLock;

use regex::Regex;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::output;

/// Stands for what was taken out.
const BLOT: &str = "[redacted]";

/// What is secret, wherever it stands: the first group is kept, the rest of the match is not.
static SECRETS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    // What may stand between a name and its value: `: `, ` = `, `": HeaderValue { _private: H1("`.
    let between = r#"\\?["']?\s*[:=>]\s*(?:\w+(?:\s*\{\s*\w+:\s*|\())*\\?["']?"#;
    let names = "[a-z_-]*token|x-api-key|set-cookie|cookie|secret_?access_?key|secret_?key|client_?secret|\
                 password";
    let patterns = [
        // Bodies, whole: they hold texts, and the keys that a role or a login gives.
        r#"(?s)(inner: Once\(Some\(b")(?:[^"\\]|\\.)+"#.to_owned(),
        // Headers and fields, as text, as Rust writes them, and as JSON: up to the end of the value.
        format!(r#"(?i)((?:{names}){between})[^"',;&\s}})]+"#),
        format!(r#"(?i)(authorization{between})[^"'\r\n]+"#),
        // Signed addresses.
        r"(?i)((?:X-Amz-Signature|X-Amz-Credential|X-Amz-Security-Token|Signature|AWSAccessKeyId|key)=)[^&\s\x22']+".to_owned(),
        // What a request is signed with.
        r"(?i)(AWS4-HMAC-SHA256\s+Credential=)\S+(?:\s+\S+){0,2}".to_owned(),
        r"(?i)(signature\s*[:=]\s*\x22?)[0-9a-f]{64}".to_owned(),
        r"(?i)(bearer\s+)[A-Za-z0-9._~+/=-]+".to_owned(),
        // Access key ids, on their own.
        r"()\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b".to_owned(),
    ];
    let compiled = patterns.iter().map(|pattern| Regex::new(pattern));
    compiled
        .map(|regex| regex.expect("it is a constant"))
        .collect()
});

/// Begins to say so much: nothing at 0, requests at 1, their making at 2.
pub(super) fn begin(verbosity: u8) {
    let Some(targets) = targets(verbosity) else {
        return;
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .without_time()
        .with_writer(Redacting);
    // Whoever has set another subscriber first is another part of this process, and listened to already.
    let _ = tracing_subscriber::registry()
        .with(targets)
        .with(lines)
        .try_init();
}

/// The parts that are listened to, and how closely; `None` for none.
fn targets(verbosity: u8) -> Option<Targets> {
    let (own, sdk) = match verbosity {
        0 => return None,
        1 => (LevelFilter::DEBUG, LevelFilter::OFF),
        _ => (LevelFilter::TRACE, LevelFilter::TRACE),
    };
    let parts = [
        "aws_config",
        "aws_runtime",
        "aws_smithy_runtime",
        "aws_smithy_http_client",
    ];
    let mut targets = Targets::new().with_target("deploy", own);
    for part in parts {
        targets = targets.with_target(part, sdk);
    }
    Some(targets)
}

/// A line without what is secret in it.
pub(super) fn redacted(line: &str) -> String {
    SECRETS.iter().fold(line.to_owned(), |line, secret| {
        secret
            .replace_all(&line, |found: &regex::Captures<'_>| {
                format!("{}{BLOT}", &found[1])
            })
            .into_owned()
    })
}

/// Writes events as notes on stderr, without what is secret.
struct Redacting;

impl<'a> MakeWriter<'a> for Redacting {
    type Writer = Event;

    fn make_writer(&'a self) -> Event {
        Event(Vec::new())
    }
}

/// One event, which is written when it is whole.
struct Event(Vec<u8>);

impl Write for Event {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.0);
        if !text.trim().is_empty() {
            output::detail(redacted(text.trim_end()).trim_start());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
    const TOKEN: &str = "IQoJb3JpZ2luX2VjEJr//////////wEaCWV1";
    const SIGNATURE: &str = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";

    #[test]
    fn nothing_secret_is_left_in_a_line() {
        let lines = [
            format!(
                "Request {{ headers: {{ \"authorization\": \"AWS4-HMAC-SHA256 Credential={KEY}/20261126/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature={SIGNATURE}\", \"x-amz-security-token\": \"{TOKEN}\" }} }}"
            ),
            format!(
                "authorization: AWS4-HMAC-SHA256 Credential={KEY}/20261126/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature={SIGNATURE}"
            ),
            format!(
                "GET /k?X-Amz-Credential={KEY}%2F20261126&X-Amz-Security-Token={TOKEN}&X-Amz-Signature={SIGNATURE}&x-id=GetObject"
            ),
            format!("\"x-amz-security-token\": HeaderValue {{ _private: H1(\"{TOKEN}\") }}"),
            format!(
                "\"authorization\": HeaderValue {{ _private: H1(\"AWS4-HMAC-SHA256 Credential={KEY}/20261126/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature={SIGNATURE}\") }}"
            ),
            format!(
                "Credentials {{ access_key_id: \"{KEY}\", secret_access_key: \"{TOKEN}\", session_token: Some(\"{TOKEN}\") }}"
            ),
            format!("signature: \"{SIGNATURE}\""),
            format!("Authorization: Bearer {TOKEN}"),
            format!(
                "{{\"SecretAccessKey\":\"{TOKEN}\",\"SessionToken\":\"{TOKEN}\",\"password\":\"{TOKEN}\"}}"
            ),
            format!("http://127.0.0.1:4599/?key={TOKEN}"),
            format!(
                "<SecretAccessKey>{TOKEN}</SecretAccessKey><SessionToken>{TOKEN}</SessionToken>"
            ),
            format!(
                "body: SdkBody {{ inner: Once(Some(b\"{{\\\"anything\\\": \\\"{TOKEN}\\\"}}\")), retryable: true }}"
            ),
        ];
        for line in lines {
            let left = redacted(&line);
            for secret in [KEY, TOKEN, SIGNATURE] {
                assert!(!left.contains(secret), "{secret} is left in {left}");
            }
            assert!(left.contains(BLOT), "{left}");
        }
    }

    #[test]
    fn what_is_not_secret_stays() {
        let line =
            "PutObject s3://news/data/1/rows.csv: 200 in 41 ms, x-amz-request-id: 4F2A91BC04DE77AA";
        assert_eq!(redacted(line), line);
    }

    #[test]
    fn nobody_is_listened_to_unless_asked() {
        assert!(targets(0).is_none());
        let whole = targets(2).unwrap();
        assert!(whole.would_enable("aws_smithy_runtime::client", &tracing::Level::TRACE));
        // It says what is signed, and with what.
        assert!(!whole.would_enable("aws_sigv4::http_request::sign", &tracing::Level::TRACE));
        assert!(!whole.would_enable("rustls::client", &tracing::Level::ERROR));
    }
}
