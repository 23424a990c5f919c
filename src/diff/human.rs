//! A report as text for a terminal; whoever prints it decides about colours.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::canonical::text;
use super::change::{
    Action, Change, Content, ContentChange, ContentState, Difference, Effect, EnvironmentDiff,
    Origin, Presence, PropertyChange, Report, Section, Severity,
};
use super::consequences::sentence;
use super::model::{self, ModelDiff};
use super::words::{clean, count, short};

/// The longest value that is shown, in characters.
const VALUE: usize = 90;
/// The longest text of a model, in characters.
const CELL: usize = 60;
/// The most files of a folder that are listed.
const FILES: usize = 12;

/// Writes a report as text with colours.
pub fn human(report: &Report) -> String {
    let mut out = String::new();
    let stack = clean(&report.stack);
    let (subject, base) = (clean(&report.subject), clean(&report.base));
    let _ = writeln!(out, "{stack}: {subject} against {base}");
    for environment in &report.environments {
        write_environment(&mut out, environment);
    }
    for note in &report.notes {
        let _ = writeln!(out, "note: {}", clean(note));
    }
    if !report.changed {
        out.push_str("no differences\n");
    }
    out
}

/// Sums an environment up in a few words.
pub(super) fn summary(environment: &EnvironmentDiff) -> String {
    let mut parts = Vec::new();
    match environment.presence {
        Presence::New => parts.push("new environment".to_owned()),
        Presence::Gone => parts.push("no longer described".to_owned()),
        Presence::Both => {}
    }
    let changes = || {
        environment
            .documents
            .iter()
            .flat_map(|document| &document.changes)
    };
    for action in [
        Action::Remove,
        Action::Replace,
        Action::MayReplace,
        Action::Update,
        Action::Add,
    ] {
        let resources = changes()
            .filter(|change| change.action == action && change.section == Section::Resource);
        let number = resources.count();
        if number > 0 {
            parts.push(format!("{number} {}", action.word()));
        }
    }
    for change in changes().filter(|change| change.section == Section::Request) {
        parts.push(format!(
            "{} request {}",
            change.id,
            request_word(change.action)
        ));
    }
    let others = changes().filter(|change| {
        change.action == Action::Bookkeeping
            || !matches!(change.section, Section::Resource | Section::Request)
    });
    let others = others.count();
    if others > 0 {
        parts.push(count(others, "other change"));
    }
    let known = |one: &&ContentChange| !matches!(one.state, ContentState::Unknown { .. });
    for content in environment.content.iter().filter(known) {
        parts.push(format!("{} changed", content_word(content.what)));
    }
    if environment
        .model
        .as_ref()
        .is_some_and(ModelDiff::is_changed)
    {
        parts.push("another model".to_owned());
    }
    let settings = environment.settings.len();
    if settings > 0 {
        parts.push(count(settings, "setting"));
    }
    if parts.is_empty() {
        parts.push("no differences".to_owned());
    }
    parts.join(", ")
}

/// What happens to a request, in a word.
pub(super) fn request_word(action: Action) -> &'static str {
    match action {
        Action::Add => "added",
        Action::Remove => "removed",
        _ => "changed",
    }
}

/// What data and code are called.
pub(super) fn content_word(content: Content) -> &'static str {
    match content {
        Content::Model => "model",
        Content::Data => "data",
        Content::TrainingCode => "training code",
        Content::FunctionCode => "function code",
    }
}

/// Says why a property counts, in a few words; empty for a plain update.
pub(super) fn reason(property: &PropertyChange) -> String {
    let mut parts = Vec::new();
    if let Some(cause) = &property.because {
        let verb = if cause.certain {
            "changes"
        } else {
            "may change"
        };
        let place = match cause.document.as_deref() {
            Some("foundation") if property.difference == Difference::Reference => " (foundation)",
            Some(_) => "",
            None => " (new content)",
        };
        parts.push(format!("{}{place} {verb}", cause.reference));
    }
    if property.difference == Difference::Order {
        parts.push("another order".to_owned());
    }
    if let Some(rule) = &property.rule {
        parts.push(rule.clone());
    }
    parts.join("; ")
}

/// Where a value comes from, as near to its author as is known.
pub(super) fn place(origin: &Origin) -> String {
    let lines = [&origin.stack, &origin.template, &origin.rendered];
    let line = lines.into_iter().flatten().next();
    line.map_or_else(String::new, |line| format!("{}:{}", line.file, line.line))
}

fn write_environment(out: &mut String, environment: &EnvironmentDiff) {
    let bold = Style::new().bold();
    let name = clean(&environment.environment);
    let _ = writeln!(
        out,
        "\n{bold}{name}{bold:#}: {}",
        clean(&summary(environment))
    );
    for consequence in &environment.consequences {
        let (sign, style) = match consequence.severity {
            Severity::Danger => ("!!", AnsiColor::Red.on_default().bold()),
            Severity::Caution => ("! ", AnsiColor::Yellow.on_default()),
            Severity::Info => ("  ", Style::new()),
        };
        let _ = writeln!(out, "  {style}{sign}{style:#} {}", clean(&consequence.text));
    }
    for content in &environment.content {
        write_content(out, content);
    }
    for change in &environment.settings {
        let show =
            |value: &Option<String>| value.as_deref().map_or_else(|| "(none)".to_owned(), clean);
        let (before, after) = (show(&change.before), show(&change.after));
        let _ = writeln!(out, "  {}: {before} -> {after}", clean(&change.setting));
    }
    if let Some(model) = &environment.model {
        write_model(out, model);
    }
    if environment.presence != Presence::Both {
        return;
    }
    for document in &environment.documents {
        let _ = writeln!(out, "  {}.yaml", clean(&document.document));
        for change in &document.changes {
            write_change(out, change);
        }
    }
}

/// The models side by side, metrics and classes included.
fn write_model(out: &mut String, model: &ModelDiff) {
    out.push_str("  model\n");
    for row in model.rows() {
        let [name, before, after, change] = row.map(|cell| short(&clean(&cell), CELL));
        let values = if before == after {
            before
        } else {
            format!("{before} -> {after}")
        };
        let change = if change.is_empty() {
            change
        } else {
            format!("  ({change})")
        };
        let _ = writeln!(out, "    {name}: {values}{change}");
    }
}

fn write_content(out: &mut String, content: &ContentChange) {
    let what = content_word(content.what);
    let path = clean(&content.path);
    match &content.state {
        ContentState::Changed { files } => {
            let _ = writeln!(out, "  {what}: {path}");
            for file in files.iter().take(FILES) {
                let _ = writeln!(out, "    {}", clean(file));
            }
            if files.len() > FILES {
                let _ = writeln!(out, "    and {} more", files.len() - FILES);
            }
        }
        ContentState::Moved { before } => {
            let _ = writeln!(out, "  {what}: {} -> {path}", clean(before));
        }
        ContentState::Archive { before, after } => {
            let (before, after) = (model::short(before), model::short(after));
            let _ = writeln!(out, "  {what}: {path}: sha256 {before} -> {after}");
        }
        ContentState::Unknown { because } => {
            let _ = writeln!(out, "  {what}: {path}: not compared, {}", clean(because));
        }
    }
}

fn style(action: Action) -> Style {
    match action {
        Action::Add => AnsiColor::Green.on_default(),
        Action::Remove => AnsiColor::Red.on_default(),
        Action::Replace | Action::MayReplace => AnsiColor::Magenta.on_default(),
        Action::Update => AnsiColor::Yellow.on_default(),
        Action::Bookkeeping => Style::new().dimmed(),
    }
}

fn write_change(out: &mut String, change: &Change) {
    let style = style(change.action);
    let symbol = change.action.symbol();
    let title = title(change);
    let word = word(change);
    let _ = writeln!(
        out,
        "    {style}{symbol:<2}{style:#} {}  {style}{word}{style:#}",
        clean(&title)
    );
    // What is made or removed as a whole is read in the rendered file.
    if !matches!(change.action, Action::Add | Action::Remove) {
        for property in &change.properties {
            write_property(out, property);
        }
    }
    for permission in &change.permissions {
        let _ = writeln!(out, "         {}", clean(&sentence(permission)));
    }
}

/// The name of what changes, with its type or section.
pub(super) fn title(change: &Change) -> String {
    match (&change.kind, change.section) {
        (Some(kind), _) => format!("{} {kind}", change.id),
        (None, Section::Request) => format!("{} request", change.id),
        (None, Section::Parameter) => format!("parameter {}", change.id),
        (None, Section::Output) => format!("output {}", change.id),
        (None, Section::Condition) => format!("condition {}", change.id),
        (None, Section::Mapping) => format!("mapping {}", change.id),
        (None, _) => change.id.clone(),
    }
}

/// What happens to it, in words.
pub(super) fn word(change: &Change) -> &'static str {
    match change.section {
        Section::Resource => change.action.word(),
        _ => request_word(change.action),
    }
}

fn write_property(out: &mut String, property: &PropertyChange) {
    let mark = match property.effect {
        Effect::Replace => "±",
        Effect::MayReplace => "?",
        Effect::InPlace | Effect::None => " ",
    };
    let mut line = format!("       {mark} {}", property.path);
    match property.difference {
        Difference::Value => {
            let show = |value: &Option<serde_json::Value>| {
                value.as_ref().map_or_else(
                    || "(none)".to_owned(),
                    |value| short(&clean(&text(value)), VALUE),
                )
            };
            let (before, after) = (show(&property.before), show(&property.after));
            let _ = write!(line, ": {before} -> {after}");
        }
        Difference::Policy => line.push_str(": policy differs"),
        Difference::Order | Difference::Reference => {}
    }
    let reason = reason(property);
    if !reason.is_empty() {
        let _ = write!(line, "  ({reason})");
    }
    if let Some(origin) = &property.origin {
        let _ = write!(line, "  [{}]", place(origin));
    }
    let _ = writeln!(out, "{}", clean(&line));
}
