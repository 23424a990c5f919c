//! The container images: whether AWS still mends them.

use jiff::civil::Date;

use super::Finding;
use crate::stack::{Image, ImagePurpose, Stack, newest_patched};

/// A finding for each image that is pulled, by the section of the stack file that names it. What is known of them is
/// what the stack's table of images knows, with its date.
pub fn images(stack: &Stack, today: Date) -> Vec<(&'static str, Finding)> {
    // What takes over models never trains.
    let training = stack
        .training()
        .filter(|_| stack.promotion.is_none())
        .map(|training| ("training", ImagePurpose::Training, &training.image));
    let endpoint = ("endpoint", ImagePurpose::Inference, &stack.endpoint.image);
    let images = training.into_iter().chain([endpoint]);
    images
        .map(|(section, purpose, image)| {
            let finding = match image.patched_until {
                Some(until) if until < today => out_of_date(section, purpose, image, until, today),
                Some(until) => Finding::ok(format!("{}: patched until {until}", name(image))),
                None => Finding::skipped(format!(
                    "{}: how long it is patched is not known",
                    name(image)
                )),
            };
            (section, finding)
        })
        .collect()
}

fn out_of_date(
    section: &str,
    purpose: ImagePurpose,
    image: &Image,
    until: Date,
    today: Date,
) -> Finding {
    let fix = match newest_patched(purpose, today) {
        Some((pytorch, transformers)) => format!(
            "choose `{section}.image: {{ pytorch: \"{pytorch}\", transformers: \"{transformers}\" }}`, if your code \
             works with them"
        ),
        None => format!(
            "AWS patches none of the images that deploy knows: use it until there is a newer one, or name one of \
             your own in `{section}.image: {{ uri: … }}`"
        ),
    };
    let found = format!(
        "{}: AWS patches it no more since {until}; it still works, but weaknesses that are found in it stay",
        name(image)
    );
    Finding::warning(found, fix)
}

/// What people know an image by.
fn name(image: &Image) -> &str {
    image.uri.rsplit('/').next().unwrap_or(&image.uri)
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
        let stack = file.environment("staging").unwrap();
        let fix = |today: &str| images(&stack, today.parse().unwrap())[0].1.fix.clone();
        assert!(
            fix("2026-08-07").unwrap().contains("pytorch: \"2.9.0\""),
            "there is a newer one"
        );
        assert!(
            fix("2026-10-16").unwrap().contains("uri: "),
            "there is none"
        );
    }
}
