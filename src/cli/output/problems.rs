//! Shows the mistakes of a stack file like a compiler: place, underlined text, reason, remedy.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{renderer, to_stderr};
use crate::stack::{Problem, Problems};

/// Prints every problem.
pub(in crate::cli) fn problems(problems: &Problems) {
    let renderer = renderer();
    for problem in problems.list() {
        to_stderr(&render(&renderer, problems, problem));
    }
    let count = problems.list().len();
    let path = problems.source().path.display();
    to_stderr(&format!(
        "{path}: {count} {}",
        if count == 1 { "problem" } else { "problems" }
    ));
}

fn render(renderer: &Renderer, problems: &Problems, problem: &Problem) -> String {
    let source = problems.source();
    let path = source.path.display().to_string();
    let title = Level::ERROR
        .primary_title(problem.summary.as_str())
        .id(problem.code.name);
    let mut group = match &problem.place {
        Some(place) if place.bytes.end <= source.text.len() => {
            let label = problem.why.as_deref().unwrap_or_default();
            let span = AnnotationKind::Primary
                .span(place.bytes.clone())
                .label(label);
            let snippet = Snippet::source(source.text.as_str())
                .path(&path)
                .annotation(span);
            title.element(snippet)
        }
        _ => {
            let place = problem.place.as_ref();
            let line = place.map_or(String::new(), |p| format!(":{}:{}", p.line, p.column));
            let mut group = title.element(Level::NOTE.message(format!("in {path}{line}")));
            if let Some(why) = &problem.why {
                group = group.element(Level::NOTE.message(why.as_str()));
            }
            group
        }
    };
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::codes::UNKNOWN_FIELD;
    use crate::stack::{Place, Source};
    use std::sync::Arc;

    #[test]
    fn the_text_is_underlined_with_reason_and_remedy() {
        let text = "stack: news\nendpiont: {}\n";
        let source = Arc::new(Source {
            path: "stack.yaml".into(),
            text: text.into(),
        });
        let place = Place {
            line: 2,
            column: 1,
            bytes: 12..20,
        };
        let problem = Problem::new(&UNKNOWN_FIELD, "unknown field `endpiont`")
            .at(place)
            .because("no such field")
            .help("did you mean `endpoint`?");
        let problems = Problems::new(source, vec![problem.clone()]);
        let shown = render(&Renderer::plain(), &problems, &problem);
        let expected = "\
error[unknown-field]: unknown field `endpiont`
 --> stack.yaml:2:1
  |
2 | endpiont: {}
  | ^^^^^^^^ no such field
  |
  = help: did you mean `endpoint`?";
        assert_eq!(shown, expected);
    }
}
