//! The container images: whether AWS still mends them.

use jiff::civil::Date;

use super::Finding;
use crate::stack::{Image, Stack};

/// A finding for each image that the stack names, by the section that names it. What is known of them is what the
/// stack's table of images knows, with its date.
pub fn images(stack: &Stack, today: Date) -> Vec<(&'static str, Finding)> {
    let training = stack
        .training()
        .filter(|_| stack.promotion.is_none())
        .map(|training| ("training", &training.image));
    let images = training
        .into_iter()
        .chain([("endpoint", &stack.endpoint.image)]);
    images
        .map(|(section, image)| (section, judged(section, image, today)))
        .collect()
}

fn judged(section: &str, image: &Image, today: Date) -> Finding {
    let name = image.uri.rsplit('/').next().unwrap_or(&image.uri);
    match image.patched_until {
        Some(until) if until < today => Finding::warning(
            format!("{name}: AWS patches it no more since {until}"),
            format!("choose newer versions in `{section}.image`, or an image of your own"),
        ),
        Some(until) => Finding::ok(format!("{name}: patched until {until}")),
        None => Finding::skipped(format!("{name}: how long it is patched is not known")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;
    use crate::stack::StackFile;

    #[test]
    fn an_image_is_good_until_the_last_day_of_its_patches() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = StackFile::read(&root.join("stacks/news-classifier/stack.yaml")).unwrap();
        let states = |environment: &str, today: &str| {
            let stack = file.environment(environment).unwrap();
            let found = images(&stack, today.parse().unwrap()).into_iter();
            found
                .map(|(section, finding)| (section, finding.state))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            states("staging", "2026-06-30"),
            [("training", State::Ok), ("endpoint", State::Ok)]
        );
        assert_eq!(
            states("staging", "2026-07-01"),
            [("training", State::Ok), ("endpoint", State::Warning)]
        );
        // It never trains.
        assert_eq!(states("prod", "2026-11-26"), [("endpoint", State::Warning)]);
        assert_eq!(states("local", "2026-11-26")[0].1, State::Skipped);
    }
}
