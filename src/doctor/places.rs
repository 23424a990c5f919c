//! The services: whether they can be reached, and what time it is there.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Check, Finding};
use crate::cloud::{Cloud, CloudFault};
use crate::stack::{Stack, dns_suffix};

/// How long a service may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// By how much a clock may be wrong: AWS refuses requests of one that is off by more ("Signature Version 4:
/// troubleshooting" in the IAM user guide).
const TOLERATED: SignedDuration = SignedDuration::from_mins(5);
/// By how much a clock should be wrong at most.
const USUAL: SignedDuration = SignedDuration::from_secs(60);

/// What the ids and titles of these checks begin with, before the service's name.
pub(super) const REACH: &str = "reach";

/// The services that `deploy` talks to: a name, and what their host begins with ("Service endpoints and quotas" in
/// the AWS general reference).
const SERVICES: [(&str, &str); 10] = [
    ("sts", "sts"),
    ("cloudformation", "cloudformation"),
    ("s3", "s3"),
    ("sagemaker", "api.sagemaker"),
    ("sagemaker-runtime", "runtime.sagemaker"),
    ("lambda", "lambda"),
    ("apigateway", "apigateway"),
    ("logs", "logs"),
    ("monitoring", "monitoring"),
    ("servicequotas", "servicequotas"),
];

/// How requests get to the services.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Way {
    /// One address in place of all of them, as `AWS_ENDPOINT_URL` names it.
    pub instead: Option<String>,
    /// The proxy that the environment names.
    pub proxy: Option<String>,
}

/// The addresses of all services in the stack's region.
fn addresses(stack: &Stack, way: &Way) -> Vec<(&'static str, String)> {
    if let Some(url) = &way.instead {
        return vec![("AWS_ENDPOINT_URL", url.clone())];
    }
    let region = stack.region.as_str();
    let suffix = dns_suffix(region);
    let regional =
        SERVICES.map(|(name, host)| (name, format!("https://{host}.{region}.{suffix}/")));
    // IAM is one for all regions of a partition.
    let iam = match suffix {
        "amazonaws.com.cn" => "https://iam.cn-north-1.amazonaws.com.cn/".to_owned(),
        "amazonaws.com" if region.starts_with("us-gov-") => {
            "https://iam.us-gov.amazonaws.com/".to_owned()
        }
        suffix => format!("https://iam.{suffix}/"),
    };
    let mut addresses = regional.to_vec();
    addresses.push(("iam", iam));
    addresses
}

/// A check for each service.
pub fn places<'a>(cloud: &'a Cloud, stack: &Stack, way: &'a Way) -> Vec<Check<'a>> {
    let addresses = addresses(stack, way).into_iter();
    let check = |(name, url): (&str, String)| {
        let looks = async move {
            let found = match cloud.checkup.knock(&url, PATIENCE).await {
                Ok(_) => Finding::ok("it answers"),
                Err(fault) => unreachable(&fault, way.proxy.as_deref()),
            };
            found.at(url)
        };
        Check::new(format!("{REACH}.{name}"), format!("{REACH} {name}"), looks)
    };
    addresses.map(check).collect()
}

/// Says why a service cannot be reached, as far as the words of the connection tell.
fn unreachable(fault: &CloudFault, proxy: Option<&str>) -> Finding {
    let text = fault.message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let by_proxy = proxy
        .map(|proxy| format!(" by the proxy {proxy}"))
        .unwrap_or_default();
    let (what, fix) = if says(&["dns error", "lookup address", "name or service not known"]) {
        (
            "its name is not found",
            "look at DNS, and at a VPN if there is one",
        )
    } else if says(&["certificate", "tls", "handshake", "unknownissuer"]) {
        (
            "the encrypted connection is refused",
            "a proxy or firewall that reads along needs its certificate among those of the system",
        )
    } else if says(&["proxy"]) {
        (
            "the proxy does not let it through",
            "look at HTTPS_PROXY and NO_PROXY",
        )
    } else if says(&["timed out", "no answer"]) {
        (
            "no answer",
            "a firewall may drop it: open port 443, or name a proxy in HTTPS_PROXY",
        )
    } else {
        (
            "no connection",
            "look at the network, and at HTTPS_PROXY if there is a proxy",
        )
    };
    Finding::failed(format!("{what}{by_proxy} ({})", fault.message), fix)
}

/// Whether this machine's clock is that of AWS.
pub async fn clock(
    cloud: &Cloud,
    stack: &Stack,
    way: &Way,
    now: impl Fn() -> Timestamp,
) -> Finding {
    let Some((_, url)) = addresses(stack, way).into_iter().next() else {
        return Finding::skipped("there is nobody to ask");
    };
    let before = now();
    match cloud.checkup.knock(&url, PATIENCE).await {
        Ok(Some(theirs)) => {
            // The answer was given some time between question and answer.
            let ours = before + now().duration_since(before) / 2;
            skew(ours.duration_since(theirs))
        }
        Ok(None) => Finding::skipped(format!("{url} does not tell the time")),
        Err(fault) => Finding::skipped(format!("{url} does not answer: {}", fault.message)),
    }
}

/// Judges by how much our clock is ahead of theirs, which tells whole seconds only.
fn skew(ahead: SignedDuration) -> Finding {
    let seconds = ahead.as_secs();
    let found = match seconds {
        -1..=1 => return Finding::ok("as that of AWS"),
        seconds if seconds > 0 => format!("{seconds} s ahead of AWS"),
        seconds => format!("{} s behind AWS", -seconds),
    };
    let fix = "set the clock of this machine (in a container: of its host), or let NTP do it";
    if ahead.abs() >= TOLERATED {
        Finding::failed(format!("{found}: AWS refuses what is signed with it"), fix)
    } else if ahead.abs() >= USUAL {
        Finding::warning(found, fix)
    } else {
        Finding::ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::FaultKind;
    use crate::doctor::State;
    use crate::stack::StackFile;

    fn shipped() -> Stack {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = StackFile::read(&root.join("stacks/news-classifier/stack.yaml")).unwrap();
        file.environment("staging").unwrap()
    }

    #[test]
    fn every_service_has_its_address() {
        let mut stack = shipped();
        let all = addresses(&stack, &Way::default());
        assert_eq!(all.len(), SERVICES.len() + 1);
        assert!(all.contains(&(
            "sagemaker",
            "https://api.sagemaker.eu-west-1.amazonaws.com/".into()
        )));
        assert!(all.contains(&("iam", "https://iam.amazonaws.com/".into())));
        stack.region = "cn-north-1".parse().unwrap();
        let all = addresses(&stack, &Way::default());
        assert!(all.contains(&("iam", "https://iam.cn-north-1.amazonaws.com.cn/".into())));
        let way = Way {
            instead: Some("http://127.0.0.1:1".into()),
            proxy: None,
        };
        assert_eq!(addresses(&stack, &way).len(), 1);
    }

    #[test]
    fn seconds_are_told_and_minutes_are_too_much() {
        let judge = |seconds| skew(SignedDuration::from_secs(seconds));
        assert_eq!(judge(1).state, State::Ok);
        assert_eq!(judge(-30), Finding::ok("30 s behind AWS"));
        assert_eq!(judge(90).state, State::Warning);
        let wrong = judge(-720);
        assert_eq!(wrong.state, State::Failed);
        assert!(wrong.found.starts_with("720 s behind AWS"), "{wrong:?}");
    }

    #[test]
    fn what_keeps_a_service_away_is_told_apart() {
        let told = |message: &str, proxy| {
            let fault = CloudFault {
                kind: FaultKind::Unavailable,
                operation: "GET",
                code: String::new(),
                message: message.to_owned(),
            };
            unreachable(&fault, proxy).found
        };
        for (message, part) in [
            (
                "dispatch failure: dns error: failed to lookup address information",
                "name is not found",
            ),
            (
                "invalid peer certificate: UnknownIssuer",
                "encrypted connection",
            ),
            ("timed out after 10 s", "no answer"),
            ("Connection refused (os error 111)", "no connection"),
        ] {
            assert!(told(message, None).contains(part), "{message}");
        }
        assert!(told("timed out", Some("http://p:3128")).contains("by the proxy http://p:3128"));
    }
}
