//! The section `endpoint`.

use super::super::check::Check;
use super::super::document::{self, Document};
use super::super::facts::Use;
use super::super::problem::Problem;
use super::super::resolved::{
    Autoscaling, Capacity, Capture, Endpoint, InstanceCapacity, Serverless,
};
use super::super::units::{Size, Timespan};
use super::target::Placement;
use super::{arn, extras, image, instance, rollout};
use crate::stack::codes;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Resolves the section of a document.
pub(super) fn resolve(
    check: &mut Check<'_>,
    document: &Document,
    endpoint: &document::Endpoint,
    place: Option<&Placement>,
) -> Option<Endpoint> {
    let none = Vec::new();
    let types = match (&endpoint.instance, &endpoint.serverless) {
        (Some(instance), None) => instance.list(),
        _ => &none,
    };
    let image = image::resolve(check, "endpoint", &endpoint.image, types, place);
    let capacity = match &endpoint.serverless {
        Some(serverless) => self::serverless(check, endpoint, serverless).map(Capacity::Serverless),
        None => instances(check, document, endpoint, place).map(Capacity::Instances),
    };
    let field = &["endpoint", "startup_timeout"];
    let text = endpoint.startup_timeout.as_deref().unwrap_or("5m");
    let startup_timeout: Option<Timespan> = check.parse(field, text);
    if let Some(span) = startup_timeout {
        check.require((60..=3_600).contains(&span.seconds()), field, || {
            Problem::new(
                &codes::OUT_OF_RANGE,
                "a container gets from `60s` to `1h` to start",
            )
        });
    }
    let key = endpoint
        .encryption
        .as_ref()
        .and_then(|encryption| encryption.volume_key.clone());
    if let Some(key) = &key {
        let field = &["endpoint", "encryption", "volume_key"];
        arn::kms(check, field, key, place);
        instance::no_key_for_own_disks(check, field, types);
    }
    let capture = endpoint.capture.as_ref();
    let capture = capture.map(|given| self::capture(check, endpoint, given, place));
    let field = &["endpoint", "encryption", "capture_key"];
    let encryption = endpoint.encryption.as_ref();
    let key_of_capture = encryption.and_then(|encryption| encryption.capture_key.as_ref());
    check.require(key_of_capture.is_none() || capture.is_some(), field, || {
        Problem::new(
            &codes::INCOMPLETE,
            "`capture_key` is for `capture`, which is not there",
        )
        .help("add `capture: {}`, or remove the key")
    });
    Some(Endpoint {
        image: image?,
        capacity: capacity?,
        startup_timeout: startup_timeout?,
        volume_key: key,
        capture: match capture {
            Some(resolved) => Some(resolved?),
            None => None,
        },
    })
}

/// Resolves an endpoint on instances.
fn instances(
    check: &mut Check<'_>,
    document: &Document,
    endpoint: &document::Endpoint,
    place: Option<&Placement>,
) -> Option<InstanceCapacity> {
    let types = endpoint.instance.as_ref();
    match types {
        Some(types) => {
            instance::check(check, &["endpoint", "instance"], types, Use::Hosting, place);
        }
        None => check.fail(
            &["endpoint"],
            Problem::new(&codes::MISSING_FIELD, "`endpoint` lacks `instance`").help(
                "add `instance: ml.m5.large`, or `serverless: { memory: 4 GiB }` to serve \
                 without instances",
            ),
        ),
    }
    let autoscaling = endpoint.autoscaling.as_ref();
    let autoscaling = autoscaling.map(|given| self::autoscaling(check, endpoint, given));
    let scaling = autoscaling.flatten();
    let fewest = scaling.map_or(endpoint.count.unwrap_or(1), |scaling| scaling.min);
    let rollout = rollout::resolve(check, document, endpoint.rollout.as_ref(), fewest);
    Some(InstanceCapacity {
        instances: types?.list().to_vec(),
        count: endpoint.count.unwrap_or(fewest),
        autoscaling: match autoscaling {
            Some(resolved) => Some(resolved?),
            None => None,
        },
        rollout: rollout?,
    })
}

/// Resolves what is kept of requests and answers.
fn capture(
    check: &mut Check<'_>,
    endpoint: &document::Endpoint,
    given: &document::Capture,
    place: Option<&Placement>,
) -> Option<Capture> {
    let sample = given.sample.as_deref().unwrap_or("100%");
    let percent = extras::percent(check, &["endpoint", "capture", "sample"], sample);
    let field = &["endpoint", "capture", "retention"];
    let retention: Option<Timespan> =
        check.parse(field, given.retention.as_deref().unwrap_or("30d"));
    let days = retention.and_then(|span| {
        let days = span.seconds() / DAY;
        let whole = span.seconds().is_multiple_of(DAY) && (1..=3_650).contains(&days);
        check.require(whole, field, || {
            Problem::new(
                &codes::OUT_OF_RANGE,
                "requests are kept for whole days, `1d` to `3650d`",
            )
        });
        u32::try_from(days).ok()
    });
    let encryption = endpoint.encryption.as_ref();
    let key = encryption.and_then(|encryption| encryption.capture_key.clone());
    if let Some(key) = &key {
        arn::kms(
            check,
            &["endpoint", "encryption", "capture_key"],
            key,
            place,
        );
    }
    Some(Capture {
        percent: percent?,
        retention_days: days?,
        key,
    })
}

fn autoscaling(
    check: &mut Check<'_>,
    endpoint: &document::Endpoint,
    given: &document::Autoscaling,
) -> Option<Autoscaling> {
    let (min, max) = (given.min, given.max);
    check.require(min <= max, &["endpoint", "autoscaling", "min"], || {
        Problem::new(
            &codes::CONTRADICTION,
            format!("`min` ({min}) is more than `max` ({max})"),
        )
    });
    if let Some(count) = endpoint.count.filter(|_| min <= max) {
        check.require((min..=max).contains(&count), &["endpoint", "count"], || {
            Problem::new(
                &codes::OUT_OF_RANGE,
                format!("`count` must be between `min` and `max` of `autoscaling`, {min} to {max}"),
            )
            .because("it is the number to start with, and scaling keeps to its bounds")
            .help("remove `count`, or change it")
        });
    }
    let mut cooldown = |name: &str, text: Option<&str>, default: &str| {
        let field = &["endpoint", "autoscaling", name];
        let span: Timespan = check.parse(field, text.unwrap_or(default))?;
        check.require(span.seconds() <= 3_600, field, || {
            Problem::new(&codes::OUT_OF_RANGE, format!("`{name}` is at most `1h`"))
        });
        Some(span)
    };
    let scale_out_after = cooldown("scale_out_after", given.scale_out_after.as_deref(), "1m");
    let scale_in_after = cooldown("scale_in_after", given.scale_in_after.as_deref(), "10m");
    Some(Autoscaling {
        min,
        max,
        invocations_per_instance: given.invocations_per_instance,
        scale_out_after: scale_out_after?,
        scale_in_after: scale_in_after?,
    })
}

/// Resolves a serverless endpoint, which has none of what instances have.
fn serverless(
    check: &mut Check<'_>,
    endpoint: &document::Endpoint,
    given: &document::Serverless,
) -> Option<Serverless> {
    for (name, there) in [
        ("instance", endpoint.instance.is_some()),
        ("count", endpoint.count.is_some()),
        ("autoscaling", endpoint.autoscaling.is_some()),
        ("rollout", endpoint.rollout.is_some()),
        ("capture", endpoint.capture.is_some()),
    ] {
        check.require(!there, &["endpoint", name], || {
            Problem::new(
                &codes::CONTRADICTION,
                format!("`{name}` cannot be together with `serverless`"),
            )
            .because(if name == "capture" {
                "SageMaker keeps no requests of serverless endpoints"
            } else {
                "a serverless endpoint has no instances"
            })
            .help(format!(
                "remove one of the two; an environment removes what the stack has with \
                     `{name}: null`"
            ))
        });
    }
    let field = &["endpoint", "serverless", "memory"];
    let memory: Option<Size> = check.parse(field, given.memory.as_deref().unwrap_or("4 GiB"));
    if let Some(memory) = memory {
        let fits = memory.whole_gib().is_some_and(|gib| (1..=6).contains(&gib));
        check.require(fits, field, || {
            Problem::new(
                &codes::OUT_OF_RANGE,
                "a serverless container has 1 to 6 whole GiB of memory",
            )
        });
    }
    let max_concurrency = given.max_concurrency.unwrap_or(5);
    if let Some(provisioned) = given.provisioned_concurrency {
        let field = &["endpoint", "serverless", "provisioned_concurrency"];
        check.require(provisioned <= max_concurrency, field, || {
            Problem::new(
                &codes::CONTRADICTION,
                format!(
                    "`provisioned_concurrency` ({provisioned}) is more than `max_concurrency` \
                 ({max_concurrency})"
                ),
            )
        });
    }
    Some(Serverless {
        memory: memory?,
        max_concurrency,
        provisioned_concurrency: given.provisioned_concurrency,
    })
}
