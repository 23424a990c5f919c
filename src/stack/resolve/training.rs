//! The section `training`.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use regex::Regex;

use super::super::check::Check;
use super::super::document::{self, Scalar};
use super::super::facts::Use;
use super::super::problem::Problem;
use super::super::resolved::Training;
use super::super::units::Size;
use super::target::Placement;
use super::{container, gates, image, instance, launch, limits};
use crate::stack::codes;

/// Limits of `CreateTrainingJob`: hyperparameters, length of their keys and values.
pub(super) const MAX_HYPERPARAMETERS: usize = 100;
const MAX_KEY: usize = 256;
const MAX_VALUE: usize = 2_500;
/// Limits of `CreateTrainingJob`: metrics, length of their names and expressions.
const MAX_METRICS: usize = 40;
const MAX_METRIC_NAME: usize = 255;
const MAX_REGEX: usize = 500;
/// The largest volume that SageMaker takes, in GiB.
const MAX_VOLUME: u64 = 16_384;
/// What placeholders of a rendered request begin with.
const PLACEHOLDER: &str = "${deploy:";

/// Resolves the section.
pub(super) fn resolve(
    check: &mut Check<'_>,
    training: &document::Training,
    place: Option<&Placement>,
) -> Option<Training> {
    let code = check.folder(&["training", "code"], &training.code);
    entry_point(check, training, code.as_deref());
    let types = training.instance.list();
    instance::check(
        check,
        &["training", "instance"],
        &training.instance,
        Use::Training,
        place,
    );
    let image = image::resolve(check, "training", &training.image, types, place);
    let volume = volume(check, training.volume.as_deref());
    let limits = limits::resolve(check, training);
    let none = IndexMap::new();
    let given = training.hyperparameters.as_ref().unwrap_or(&none);
    let hyperparameters = hyperparameters(check, given);
    let launch = launch::resolve(check, training, &hyperparameters);
    let metrics = training.metrics.clone().unwrap_or_default();
    self::metrics(check, &metrics);
    let (gates, regression) = gates::resolve(check, "training", training.gates.as_ref(), &metrics);
    let environment = container::environment(check, training.environment.as_ref());
    let count = training.count.unwrap_or(1);
    let network = container::network(check, training.network.as_ref(), count);
    let encryption = container::encryption(check, training, place);
    let limits = limits?;
    Some(Training {
        code: code?,
        entry_point: training.entry_point.clone(),
        launch,
        image: image?,
        instances: types.to_vec(),
        count,
        spot: limits.spot,
        volume: volume?,
        max_run: limits.max_run,
        max_pending: limits.max_pending,
        keep_alive: limits.keep_alive,
        retries: training.retries,
        environment,
        hyperparameters,
        metrics,
        gates,
        regression,
        network: network?,
        encryption,
    })
}

fn entry_point(
    check: &mut Check<'_>,
    training: &document::Training,
    code: Option<&std::path::Path>,
) {
    let field = &["training", "entry_point"];
    let entry_point = &training.entry_point;
    let inside = entry_point
        .split('/')
        .all(|part| !matches!(part, "" | "." | ".."));
    let python = entry_point
        .strip_suffix(".py")
        .is_some_and(|stem| !stem.is_empty());
    if !inside || !python || entry_point.starts_with('-') {
        let summary = format!("`{entry_point}` is no Python script inside the code folder");
        let help = "name a `.py` file by its path in the code folder";
        check.fail(
            field,
            Problem::new(&codes::INVALID_VALUE, summary).help(help),
        );
    } else if let Some(code) = code {
        let file = code.join(entry_point);
        check.require(file.is_file(), field, || {
            Problem::new(
                &codes::MISSING_FILE,
                format!("there is no `{entry_point}` in `{}`", training.code),
            )
            .because(format!("looked for {}", file.display()))
        });
    }
}

fn volume(check: &mut Check<'_>, text: Option<&str>) -> Option<Size> {
    let field = &["training", "volume"];
    let size: Size = check.parse(field, text.unwrap_or("50 GiB"))?;
    let fits = size
        .whole_gib()
        .is_some_and(|gib| (1..=MAX_VOLUME).contains(&gib));
    check.require(fits, field, || {
        Problem::new(
            &codes::OUT_OF_RANGE,
            format!("the volume must be 1 to {MAX_VOLUME} whole GiB"),
        )
    });
    Some(size)
}

fn hyperparameters(
    check: &mut Check<'_>,
    given: &IndexMap<String, Scalar>,
) -> BTreeMap<String, String> {
    check.require(
        given.len() <= MAX_HYPERPARAMETERS,
        &["training", "hyperparameters"],
        || {
            Problem::new(
                &codes::LIMIT_EXCEEDED,
                format!("there are {} hyperparameters", given.len()),
            )
            .because(format!("SageMaker takes {MAX_HYPERPARAMETERS}"))
        },
    );
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut strings = BTreeMap::new();
    for (key, value) in given {
        let field = &["training", "hyperparameters", key.as_str()];
        let value = value.to_text();
        let starts = key.starts_with(|c: char| c.is_ascii_alphanumeric());
        check.require(
            starts && key.len() <= MAX_KEY && key.chars().all(word),
            field,
            || {
                Problem::new(
                    &codes::INVALID_NAME,
                    format!("`{key}` is no name for a hyperparameter"),
                )
                .because("scripts get it as the option `--<name>`")
                .help(format!(
                    "use letters, digits, `_`, `-` and `.`, at most {MAX_KEY}"
                ))
            },
        );
        check.require(!key.starts_with("sagemaker_"), field, || {
            Problem::new(
                &codes::RESERVED_NAME,
                format!("the hyperparameter `{key}` is reserved"),
            )
            .because("containers keep names with `sagemaker_` for themselves")
            .help("rename it")
        });
        let length = value.chars().count();
        check.require(length <= MAX_VALUE, field, || {
            Problem::new(
                &codes::LIMIT_EXCEEDED,
                format!("the value of `{key}` has {length} characters"),
            )
            .because(format!("SageMaker takes {MAX_VALUE}"))
        });
        check.require(!value.chars().any(char::is_control), field, || {
            Problem::new(
                &codes::INVALID_VALUE,
                format!("the value of `{key}` has a line break or control character"),
            )
            .because(
                "SageMaker takes values of one line; everything else is safe, since the \
                     script reads its settings from a file and no shell ever sees them",
            )
            .help("put long texts into a file of the training code")
        });
        no_placeholder(check, field, &value);
        strings.insert(key.clone(), value);
    }
    strings
}

fn metrics(check: &mut Check<'_>, metrics: &IndexMap<String, String>) {
    check.require(
        metrics.len() <= MAX_METRICS,
        &["training", "metrics"],
        || {
            Problem::new(
                &codes::LIMIT_EXCEEDED,
                format!("there are {} metrics", metrics.len()),
            )
            .because(format!("SageMaker takes {MAX_METRICS}"))
        },
    );
    for (name, expression) in metrics {
        let field = &["training", "metrics", name.as_str()];
        let fits = !name.is_empty() && name.chars().count() <= MAX_METRIC_NAME;
        check.require(fits && !name.chars().any(char::is_control), field, || {
            Problem::new(
                &codes::LIMIT_EXCEEDED,
                format!("a metric's name has 1 to {MAX_METRIC_NAME} characters"),
            )
        });
        let length = expression.chars().count();
        check.require((1..=MAX_REGEX).contains(&length), field, || {
            Problem::new(
                &codes::LIMIT_EXCEEDED,
                format!("the expression of `{name}` has {length} characters"),
            )
            .because(format!("SageMaker takes 1 to {MAX_REGEX}"))
        });
        no_placeholder(check, field, name);
        no_placeholder(check, field, expression);
        match Regex::new(expression) {
            // Group 0 is the whole match.
            Ok(regex) => check.require(regex.captures_len() > 1, field, || {
                Problem::new(
                    &codes::METRIC_PATTERN,
                    format!("the expression of `{name}` has no group"),
                )
                .because("the first group is the metric's value")
                .help("put the number into parentheses, as in `loss=([0-9.]+)`")
            }),
            Err(error) => {
                let text = error.to_string();
                let why = text.lines().last().unwrap_or_default().trim();
                let summary = format!("the expression of `{name}` is no regular expression");
                check.fail(
                    field,
                    Problem::new(&codes::METRIC_PATTERN, summary).because(why),
                );
            }
        }
    }
}

/// Refuses a text that would be taken for a placeholder of the rendered request.
pub(super) fn no_placeholder(check: &mut Check<'_>, field: &[&str], text: &str) {
    check.require(!text.contains(PLACEHOLDER), field, || {
        Problem::new(
            &codes::RESERVED_NAME,
            format!("`{PLACEHOLDER}` cannot be part of a value"),
        )
        .because("it marks what is filled in when the job is started")
    });
}
