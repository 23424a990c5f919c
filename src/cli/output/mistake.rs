//! Shows a mistake in a template like a compiler: place, underlined text, what is known, remedy.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{renderer, to_stderr};
use crate::code::Code;
use crate::render::Mistake;

/// Prints a mistake.
pub(in crate::cli) fn mistake(code: &Code, mistake: &Mistake) {
    let renderer = renderer();
    to_stderr(&render(&renderer, code, mistake));
}

fn render(renderer: &Renderer, code: &Code, mistake: &Mistake) -> String {
    let span = AnnotationKind::Primary.span(mistake.bytes.clone());
    let snippet = Snippet::source(mistake.text.as_str())
        .path(&mistake.template)
        .annotation(span);
    let mut group = Level::ERROR
        .primary_title(mistake.message.as_str())
        .id(code.name)
        .element(snippet);
    for note in &mistake.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    if let Some(help) = &mistake.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_underlined_with_notes_and_remedy() {
        let text = "A:\n  B: {{ endpont }}\n";
        let start = text.find("endpont").unwrap();
        let mistake = Mistake {
            template: "service.yaml.tera".into(),
            text: text.into(),
            line: 2,
            column: 9,
            bytes: start..start + 7,
            message: "there is no value `endpont`".into(),
            notes: vec!["it wrote this".into()],
            help: Some("did you mean `endpoint`?".into()),
        };
        let shown = render(
            &Renderer::plain(),
            &crate::render::codes::TEMPLATE_MISTAKE,
            &mistake,
        );
        for part in [
            "error[template-mistake]: there is no value `endpont`",
            "service.yaml.tera:2:9",
            "^^^^^^^",
            "note: it wrote this",
            "help: did you mean `endpoint`?",
        ] {
            assert!(shown.contains(part), "{part} is not in:\n{shown}");
        }
    }
}
