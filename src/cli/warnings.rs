//! What is not wrong, but should be known: images that are not patched any more.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::context::{Environment, Global};
use super::output::{self, Format};
use crate::stack::{Image, Stack};

/// Everything to be warned of at a time.
pub(super) fn of(stack: &Stack, now: Timestamp) -> Vec<String> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let image = |section: &str, image: &Image| {
        let until = image.patched_until.filter(|until| *until < today)?;
        Some(format!(
            "AWS patches the image of `{section}.image` no more since {until}: it can still be used, but \
             weaknesses that are found in it stay; choose newer versions, or an image of your own"
        ))
    };
    [
        image("training", &stack.training.image),
        image("endpoint", &stack.endpoint.image),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Shows people the warnings of an environment; programs get them with the result.
pub(super) fn show(global: &Global, environment: &Environment) {
    if global.output == Format::Json {
        return;
    }
    for warning in of(&environment.stack, environment.station.witness.now()) {
        output::warning(&warning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::StackFile;

    fn warned(environment: &str, now: &str) -> Vec<String> {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = StackFile::read(&root.join("stacks/news-classifier/stack.yaml")).unwrap();
        of(
            &file.environment(environment).unwrap(),
            now.parse().unwrap(),
        )
    }

    #[test]
    fn an_image_is_warned_of_from_the_day_after_its_last_patch() {
        assert_eq!(warned("staging", "2026-06-30T23:59:59Z"), [""; 0]);
        let one = warned("staging", "2026-07-01T00:00:00Z");
        assert!(
            one[0].contains("`endpoint.image` no more since 2026-06-30"),
            "{one:?}"
        );
        assert_eq!(warned("staging", "2026-11-26T00:00:00Z").len(), 2);
        // The local engine pulls no image.
        assert_eq!(warned("local", "2026-11-26T00:00:00Z"), [""; 0]);
    }
}
