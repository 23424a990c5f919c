//! The section `endpoint`.

use super::super::check::Check;
use super::super::document;
use super::super::problem::Problem;
use super::super::resolved::Endpoint;
use super::super::units::Timespan;
use super::target::Placement;
use super::{image, training};

/// Resolves the section.
pub(super) fn resolve(
    check: &mut Check<'_>,
    endpoint: &document::Endpoint,
    place: Option<&Placement>,
) -> Option<Endpoint> {
    training::instance(check, &["endpoint", "instance"], &endpoint.instance);
    let image = image::resolve(
        check,
        "endpoint",
        &endpoint.image,
        &endpoint.instance,
        place,
    );
    let field = &["endpoint", "startup_timeout"];
    let text = endpoint.startup_timeout.as_deref().unwrap_or("5m");
    let startup_timeout: Option<Timespan> = check.parse(field, text);
    if let Some(span) = startup_timeout {
        check.require((60..=3_600).contains(&span.seconds()), field, || {
            Problem::new("a container gets from `60s` to `1h` to start")
        });
    }
    Some(Endpoint {
        image: image?,
        instance: endpoint.instance.clone(),
        count: endpoint.count.unwrap_or(1),
        startup_timeout: startup_timeout?,
    })
}
