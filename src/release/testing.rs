//! A release for tests.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Artifact, Model, Object, Provenance, Release, ReleaseId, Stacks, Template};
use crate::bundle::Digest;

/// The `number`th release, whose service stack has this fingerprint.
pub(crate) fn release(number: u32, service: &str) -> Release {
    let digest = |text: &str| Digest::of_bytes(text.as_bytes());
    Release {
        version: Release::VERSION,
        id: ReleaseId::new(number, "f", service),
        stack: "news".into(),
        environment: "staging".into(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        at: Timestamp::UNIX_EPOCH,
        by: "a@mill".into(),
        tool: "0.1.0".into(),
        previous: None,
        model: Model {
            training_key: digest("key"),
            job: Some("news-staging-1".into()),
            artifact: Artifact {
                key: "training/news-staging-1/output/model.tar.gz".into(),
                size: 5,
                sha256: digest("model"),
            },
            metrics: BTreeMap::from([("eval_macro_f1".into(), 0.9)]),
            classes: BTreeMap::new(),
        },
        function: Object {
            key: "function/1.zip".into(),
            sha256: digest("function"),
        },
        stacks: Stacks {
            foundation: Template::of("Resources: {}", "d", "f"),
            service: Template::of("Resources: {}", "d", service),
        },
        endpoint_config: "EndpointConfig-1".into(),
        provenance: Provenance::Deployed,
    }
}
