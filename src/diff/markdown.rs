//! A report as Markdown for a comment in a pull request.
//!
//! Whatever a user wrote stands in code, where nothing of it is Markdown, HTML or a mention.

use std::fmt::Write as _;

use super::canonical::{scalar, text};
use super::change::{
    Change, ContentChange, ContentState, Difference, EnvironmentDiff, Presence, PropertyChange,
    Report, SettingChange, Severity,
};
use super::consequences::sentence;
use super::human::{content_word, place, reason, summary, title, word};
use super::model;
use super::words::{clean, count, short};

/// The most characters that a comment may have on GitHub; bytes are counted, which are never fewer.
pub const MARKDOWN_LIMIT: usize = 65_536;
/// Room for the line that says what is left out.
const RESERVE: usize = 600;
/// The longest value in a table, in characters.
const VALUE: usize = 160;
/// The longest value in the table of changes, in characters.
const SCALAR: usize = 40;
/// The most properties of one change that are listed.
const PROPERTIES: usize = 60;

/// Writes a report as Markdown, never longer than a comment may be.
pub fn markdown(report: &Report) -> String {
    let mut page = Page::default();
    let base = short(&report.base, VALUE);
    let [stack, subject] = [&report.stack, &report.subject].map(|text| code(&short(text, VALUE)));
    page.add(
        &format!(
            "### deploy diff: {stack}, {subject} against {}\n\n",
            code(&base)
        ),
        0,
    );
    let changed = || report.environments.iter().filter(|one| one.is_changed());
    let line: Vec<String> = changed()
        .map(|one| format!("**{}**: {}", prose(&one.environment), prose(&summary(one))))
        .collect();
    if line.is_empty() {
        page.add("No differences.\n", 0);
    } else {
        page.add(&format!("{}\n", line.join("; ")), 1);
    }
    for environment in &report.environments {
        page.consequences(environment);
    }
    for environment in &report.environments {
        page.model(environment);
    }
    page.table(report);
    for environment in &report.environments {
        page.details(environment);
    }
    for note in &report.notes {
        page.add(&format!("\n_{}_\n", prose(note)), 1);
    }
    page.finish(&base)
}

/// A page that never grows over the limit.
#[derive(Default)]
struct Page {
    text: String,
    /// Changes and consequences that had no room.
    left_out: usize,
}

impl Page {
    /// Adds a text whole or not at all; what is left out counts as so many things.
    fn add(&mut self, text: &str, things: usize) -> bool {
        if self.text.len() + text.len() > MARKDOWN_LIMIT - RESERVE {
            self.left_out += things;
            return false;
        }
        self.text.push_str(text);
        true
    }

    fn consequences(&mut self, environment: &EnvironmentDiff) {
        if environment.consequences.is_empty() {
            return;
        }
        self.add(&format!("\n**{}**\n\n", prose(&environment.environment)), 0);
        for consequence in &environment.consequences {
            let mark = match consequence.severity {
                Severity::Danger => ":red_circle: ",
                Severity::Caution => ":warning: ",
                Severity::Info => "",
            };
            self.add(&format!("- {mark}{}\n", prose(&consequence.text)), 1);
        }
    }

    /// The models side by side.
    fn model(&mut self, environment: &EnvironmentDiff) {
        let Some(model) = &environment.model else {
            return;
        };
        let mut text = "\n| model | before | after | change |\n|---|---|---|---|\n".to_owned();
        for row in model.rows() {
            let [name, before, after, change] = row.map(|cell| {
                let cell = short(&cell, VALUE);
                if cell.is_empty() { cell } else { code(&cell) }
            });
            let _ = writeln!(text, "| {name} | {before} | {after} | {change} |");
        }
        self.add(&text, 1);
    }

    /// One row for each change; of an environment that is new or gone the sentence is enough.
    fn table(&mut self, report: &Report) {
        let both = |one: &&EnvironmentDiff| one.presence == Presence::Both;
        let mut rows = Vec::new();
        for environment in report.environments.iter().filter(both) {
            let place = code(&environment.environment);
            for document in &environment.documents {
                let place = format!("{}/{}", environment.environment, document.document);
                let changes = document.changes.iter();
                rows.extend(changes.map(|change| change_row(&code(&place), change)));
            }
            let content = environment.content.iter();
            rows.extend(content.map(|content| content_row(&place, content)));
            let settings = environment.settings.iter();
            rows.extend(settings.map(|setting| setting_row(&place, setting)));
        }
        if rows.is_empty() {
            return;
        }
        self.add(
            "\n| | where | what | change | why |\n|---|---|---|---|---|\n",
            0,
        );
        for row in rows {
            self.add(&row, 1);
        }
        self.add("\n", 0);
    }

    fn details(&mut self, environment: &EnvironmentDiff) {
        if environment.presence != Presence::Both {
            return;
        }
        for document in &environment.documents {
            for change in &document.changes {
                let mut text = format!(
                    "<details><summary>{} {} / {}: {}</summary>\n\n",
                    change.action.symbol(),
                    html(&format!(
                        "{}/{}",
                        environment.environment, document.document
                    )),
                    html(&short(&title(change), VALUE)),
                    word(change)
                );
                text.push_str("| property | before | after | effect |\n|---|---|---|---|\n");
                for property in change.properties.iter().take(PROPERTIES) {
                    text.push_str(&row(property));
                }
                if change.properties.len() > PROPERTIES {
                    let more = change.properties.len() - PROPERTIES;
                    let _ = writeln!(text, "\nand {more} more properties");
                }
                if !change.permissions.is_empty() {
                    text.push('\n');
                    for permission in change.permissions.iter().take(PROPERTIES) {
                        let _ = writeln!(text, "- {}", prose(&sentence(permission)));
                    }
                    let more = change.permissions.len().saturating_sub(PROPERTIES);
                    if more > 0 {
                        let _ = writeln!(text, "- and {more} more permissions");
                    }
                }
                text.push_str("\n</details>\n");
                self.add(&text, 1);
            }
        }
    }

    fn finish(mut self, base: &str) -> String {
        if self.left_out > 0 {
            let parts = count(self.left_out, "part");
            let _ = write!(
                self.text,
                "\n_{parts} left out: a comment holds {MARKDOWN_LIMIT} characters. All of it: \
                 `deploy diff` against {}, with `--env` for one environment._\n",
                code(base)
            );
        }
        self.text
    }
}

fn change_row(place: &str, change: &Change) -> String {
    format!(
        "| {} | {place} | {} | {} | {} |\n",
        change.action.symbol(),
        code(&short(&title(change), VALUE)),
        word(change),
        why(change)
    )
}

fn content_row(place: &str, content: &ContentChange) -> String {
    let (sign, word, why) = match &content.state {
        ContentState::Changed { files } => ("~", "changed", files_in_code(files)),
        ContentState::Moved { before } => ("~", "another path", format!("was {}", code(before))),
        ContentState::Archive { before, after } => {
            let digests = [before, after].map(|digest| code(&model::short(digest)));
            ("~", "changed", digests.join(" → "))
        }
        ContentState::Unknown { because } => ("?", "not compared", prose(because)),
    };
    let what = format!("{} {}", content_word(content.what), code(&content.path));
    format!("| {sign} | {place} | {what} | {word} | {why} |\n")
}

fn setting_row(place: &str, change: &SettingChange) -> String {
    let [before, after] = [&change.before, &change.after].map(|value| {
        value
            .as_deref()
            .map_or_else(|| "-".to_owned(), |value| code(&short(value, VALUE)))
    });
    let what = code(&change.setting);
    format!("| ~ | {place} | {what} | changed | {before} → {after} |\n")
}

fn files_in_code(files: &[String]) -> String {
    let mut shown: Vec<String> = files.iter().take(5).map(|file| code(file)).collect();
    if files.len() > 5 {
        shown.push(format!("and {} more", files.len() - 5));
    }
    shown.join(", ")
}

/// The gravest properties of a change, in a cell.
fn why(change: &Change) -> String {
    let gravest = change
        .properties
        .iter()
        .map(|property| property.effect)
        .max();
    let mut chosen = change
        .properties
        .iter()
        .filter(|one| Some(one.effect) == gravest);
    let Some(first) = chosen.next() else {
        return String::new();
    };
    let mut out = code(&short(&first.path, VALUE));
    if let (Some(before), Some(after)) = (
        scalar_of(first.before.as_ref()),
        scalar_of(first.after.as_ref()),
    ) {
        let _ = write!(out, " {} → {}", code(&before), code(&after));
    }
    let reason = reason(first);
    if !reason.is_empty() {
        let _ = write!(out, ": {}", prose(&reason));
    }
    let more = chosen.count();
    if more > 0 {
        let _ = write!(out, " (and {more} more)");
    }
    out
}

/// A value that is short enough for a table of changes.
fn scalar_of(value: Option<&serde_json::Value>) -> Option<String> {
    value.and_then(scalar).map(|text| short(&text, SCALAR))
}

fn row(property: &PropertyChange) -> String {
    let cell = |value: &Option<serde_json::Value>| match value {
        Some(value) => code(&short(&text(value), VALUE)),
        None => "-".to_owned(),
    };
    let (before, after) = match property.difference {
        Difference::Policy => ("policy".to_owned(), "policy, see below".to_owned()),
        Difference::Reference => ("same text".to_owned(), "same text".to_owned()),
        Difference::Value | Difference::Order => (cell(&property.before), cell(&property.after)),
    };
    let effect = match property.effect {
        super::change::Effect::Replace => "replaces",
        super::change::Effect::MayReplace => "may replace",
        super::change::Effect::InPlace => "in place",
        super::change::Effect::None => "",
    };
    let reason = prose(&reason(property));
    let origin = property.origin.as_ref();
    let origin = origin.map_or_else(String::new, |origin| format!(" {}", code(&place(origin))));
    let comma = if effect.is_empty() || reason.is_empty() {
        ""
    } else {
        ": "
    };
    format!(
        "| {} | {before} | {after} | {effect}{comma}{reason}{origin} |\n",
        code(&property.path)
    )
}

/// A text of a user's as code, in a table or out of it.
fn code(text: &str) -> String {
    let text = clean(text);
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    // In a code span nothing has a meaning but these; GitHub's tables take `|` and `\` even there.
    let plain = !text.contains(['`', '|', '\\']) && !text.starts_with(' ') && !text.ends_with(' ');
    if plain {
        format!("`{text}`")
    } else {
        format!("<code>{}</code>", html(&text))
    }
}

/// A sentence of ours: what stands between backticks is a user's.
fn prose(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            out.push_str(&code(part));
        } else {
            out.push_str(&html(&part.replace("->", "→")));
        }
    }
    out
}

/// A text as HTML in which nothing can be Markdown: every sign is written by its number.
fn html(text: &str) -> String {
    let mut out = String::new();
    for character in clean(text).chars() {
        let harmless = character.is_alphanumeric()
            || !character.is_ascii()
            || " .,;:/-+=()'\"%?".contains(character);
        if harmless {
            out.push(character);
        } else {
            let _ = write!(out, "&#{};", u32::from(character));
        }
    }
    // Addresses become links by themselves.
    out.replace("://", "&#58;//").replace("www.", "www&#46;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_code() {
        assert_eq!(code("plain @user <b> #1"), "`plain @user <b> #1`");
        assert_eq!(code("a|b"), "<code>a&#124;b</code>");
        assert_eq!(code("a`<script>"), "<code>a&#96;&#60;script&#62;</code>");
        assert_eq!(code("a\\|b\nc"), "<code>a&#92;&#124;b⏎c</code>");
        assert_eq!(code(""), "(empty)");
    }

    #[test]
    fn a_sentence_keeps_its_code_and_loses_everything_else() {
        assert_eq!(prose("a `x|y` <b>"), "a <code>x&#124;y</code> &#60;b&#62;");
        assert_eq!(prose("see https://x.y @me"), "see https&#58;//x.y &#64;me");
    }
}
