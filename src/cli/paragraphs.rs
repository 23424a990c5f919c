//! Paragraphs of the help: written in lines of the source, shown in those of the terminal.

use clap::Command;

/// The command whose texts after the options flow: clap breaks long lines, but keeps short ones short.
pub(super) fn flowing(mut command: Command) -> Command {
    if let Some(text) = command.get_after_help().map(ToString::to_string) {
        command = command.after_help(joined(&text));
    }
    let names: Vec<String> = command
        .get_subcommands()
        .map(|inner| inner.get_name().to_owned())
        .collect();
    for name in names {
        command = command.mut_subcommand(name, flowing);
    }
    command
}

/// Joins the lines of each paragraph; what is indented, such as examples, stays as it is.
fn joined(text: &str) -> String {
    let mut out = String::new();
    let mut goes_on = false;
    for line in text.lines() {
        let flows = !line.is_empty() && !line.starts_with(' ');
        if !out.is_empty() {
            out.push(if goes_on && flows { ' ' } else { '\n' });
        }
        out.push_str(line);
        goes_on = flows && !line.ends_with(':');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_flow_and_examples_stand() {
        let text = "One sentence that\ngoes on.\n\nAnother.\n\nExamples:\n  deploy up   it\n              all";
        assert_eq!(
            joined(text),
            "One sentence that goes on.\n\nAnother.\n\nExamples:\n  deploy up   it\n              all"
        );
    }
}
