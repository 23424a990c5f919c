//! What is not wrong, but should be known: images that are not patched any more, and protected
//! environments whose API anybody may call.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::context::{Environment, Global};
use super::output::{self, Format};
use crate::doctor;
use crate::stack::{Auth, Protection, Stack, Target};

/// Everything to be warned of at a time.
pub(super) fn of(stack: &Stack, now: Timestamp) -> Vec<String> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let images = doctor::images(stack, today)
        .into_iter()
        .filter_map(|(section, finding)| {
            let fix = finding.fix?;
            Some(format!("`{section}.image` {}; {fix}", finding.found))
        });
    images
        .chain(stand_in(stack))
        .chain(open_to_everyone(stack))
        .collect()
}

/// Says what stands for an image of the user's own on this machine.
fn stand_in(stack: &Stack) -> Option<String> {
    let Target::Local(_) = stack.target else {
        return None;
    };
    let training = stack
        .training()
        .map(|training| ("training", &training.image));
    let images = training
        .into_iter()
        .chain([("endpoint", &stack.endpoint.image)]);
    let own: Vec<String> = images
        .filter(|(_, image)| image.is_foreign())
        .map(|(section, _)| format!("`{section}.image`"))
        .collect();
    (!own.is_empty()).then(|| {
        format!(
            "no container is run on this machine: the Python of `local.python` stands for {}, with the same \
             code under the same contract; give it the packages that the image has",
            own.join(" and ")
        )
    })
}

/// Says that everyone may call a protected environment, unless somebody gave a reason for it.
fn open_to_everyone(stack: &Stack) -> Option<String> {
    let said = stack.waivers.contains_key("API-PUBLIC");
    if stack.protection == Protection::Unprotected || said {
        return None;
    }
    let routes = stack.api.routes.iter();
    let open: Vec<String> = routes
        .filter(|route| route.auth == Auth::None)
        .map(|route| format!("`{}`", route.key()))
        .collect();
    (!open.is_empty()).then(|| {
        format!(
            "`{}` is protected, but anybody on the internet may call {}, at your cost: set `api.auth` to \
             `iam` or `jwt`, or waive API-PUBLIC in `checks.waive` with a reason",
            stack.environment,
            open.join(", ")
        )
    })
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
            one[0].starts_with("`endpoint.image` huggingface-pytorch-inference:2.6.0")
                && one[0].contains("no more since 2026-06-30"),
            "{one:?}"
        );
        assert_eq!(warned("staging", "2026-11-26T00:00:00Z").len(), 2);
    }

    #[test]
    fn a_protected_environment_that_anybody_may_call_is_warned_of() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let file = StackFile::read(&root.join("stacks/news-classifier/stack.yaml")).unwrap();
        let mut prod = file.environment("prod").unwrap();
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let warning = of(&prod, now).pop().unwrap();
        for text in [
            "`prod` is protected",
            "`POST /classify`, `GET /health`",
            "api.auth",
        ] {
            assert!(warning.contains(text), "{warning}");
        }
        for route in &mut prod.api.routes {
            route.auth = Auth::Iam;
        }
        assert_eq!(of(&prod, now), [""; 0]);
        prod.api.routes[0].auth = Auth::None;
        let reason = "a public demonstration".to_owned();
        prod.waivers.insert("API-PUBLIC".to_owned(), reason);
        assert_eq!(of(&prod, now), [""; 0]);
    }

    #[test]
    fn the_local_engine_pulls_no_image() {
        assert_eq!(warned("local", "2026-11-26T00:00:00Z"), [""; 0]);
    }
}
