//! The section `function`.

use super::super::check::Check;
use super::super::document;
use super::super::facts;
use super::super::problem::Problem;
use super::super::resolved::Function;
use super::super::suggest;
use super::super::units::{Size, Timespan};
use crate::stack::codes;

/// The longest that the function may take: the API gives up after 30 s, and the function should
/// say so first.
const MAX_TIMEOUT: u64 = 29;
/// The memory that Lambda takes, in MiB.
const MEMORY: std::ops::RangeInclusive<u64> = 128..=10_240;

/// Resolves the section `function`.
pub(super) fn resolve(check: &mut Check<'_>, function: &document::Function) -> Option<Function> {
    let code = check.folder(&["function", "code"], &function.code);
    handler(check, function, code.as_deref());
    let runtime = function.runtime.as_deref().unwrap_or("python3.12");
    self::runtime(check, runtime);
    let memory: Option<Size> = check.parse(
        &["function", "memory"],
        function.memory.as_deref().unwrap_or("256 MiB"),
    );
    if let Some(memory) = memory {
        check.require(
            MEMORY.contains(&memory.mib()),
            &["function", "memory"],
            || {
                Problem::new(
                    &codes::OUT_OF_RANGE,
                    "a function has from `128 MiB` to `10 GiB` of memory",
                )
            },
        );
    }
    let timeout: Option<Timespan> = check.parse(
        &["function", "timeout"],
        function.timeout.as_deref().unwrap_or("25s"),
    );
    if let Some(timeout) = timeout {
        let fits = (1..=MAX_TIMEOUT).contains(&timeout.seconds());
        check.require(fits, &["function", "timeout"], || {
            Problem::new(
                &codes::OUT_OF_RANGE,
                format!("a function behind the API may take `1s` to `{MAX_TIMEOUT}s`"),
            )
            .because("an HTTP API gives up after 30 seconds, and that cannot be raised")
        });
    }
    Some(Function {
        code: code?,
        handler: function.handler.clone(),
        runtime: runtime.to_owned(),
        memory: memory?,
        timeout: timeout?,
        concurrency: function.concurrency,
    })
}

/// Requires a runtime that Lambda still offers and the handler is written for.
fn runtime(check: &mut Check<'_>, runtime: &str) {
    let field = &["function", "runtime"];
    if facts::OLD_RUNTIMES.contains(&runtime) {
        let problem = Problem::new(
            &codes::OLD_RUNTIME,
            format!("the runtime `{runtime}` is too old"),
        )
        .because("it is deprecated, or soon will be: functions on it can no longer be changed")
        .help(format!(
            "choose one of {}",
            suggest::listed(&facts::RUNTIMES)
        ));
        check.fail(field, problem);
        return;
    }
    check.require(facts::RUNTIMES.contains(&runtime), field, || {
        Problem::new(
            &codes::UNKNOWN_VALUE,
            format!("`{runtime}` is no runtime for this handler"),
        )
        .help(suggest::remedy(runtime, &facts::RUNTIMES))
    });
}

fn handler(check: &mut Check<'_>, function: &document::Function, code: Option<&std::path::Path>) {
    let field = &["function", "handler"];
    let handler = &function.handler;
    let identifier = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    match handler.split_once('.') {
        Some((module, name)) if identifier(module) && identifier(name) => {
            if let Some(code) = code {
                let file = code.join(format!("{module}.py"));
                check.require(file.is_file(), field, || {
                    Problem::new(
                        &codes::MISSING_FILE,
                        format!("there is no `{module}.py` in `{}`", function.code),
                    )
                    .because(format!("looked for {}", file.display()))
                });
            }
        }
        _ => {
            let summary = format!("`{handler}` is no handler");
            let help = "write `module.function`, as in `lambda_function.handler`";
            check.fail(
                field,
                Problem::new(&codes::INVALID_VALUE, summary).help(help),
            );
        }
    }
}
