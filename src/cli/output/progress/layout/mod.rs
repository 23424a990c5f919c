//! The tree of a run as lines: the step that runs, what goes on within it, what comes after. A pure
//! function of what is known, the time and the window.

mod training;

use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::line::Line;
use super::model::{Model, Resource, State};
use super::words;
use crate::plan::{Expected, StepKind};

/// Frames of the sign that something runs.
const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/// The time that a frame stays, in milliseconds.
const FRAME: u128 = 125;
/// The columns of the names of steps and resources at most.
const NAME: usize = 20;
/// The columns of an upload's bar.
const BAR: usize = 20;

/// The size of a terminal's window, in signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) width: usize,
    pub(super) height: usize,
}

/// The lines of the tree. None is wider than the window less a column (a sign in the last column makes
/// terminals wrap differently), and there is always a row left for the cursor where there are two.
pub(super) fn lines(model: &Model, now: Duration, window: Window) -> Vec<Line> {
    let room = window.height.saturating_sub(1).max(1);
    let Some(head) = head(model, now, window) else {
        return Vec::new();
    };
    let mut lines = vec![head];
    lines.extend(below(model, now, window, room - 1));
    let columns = window.width.saturating_sub(1);
    lines.into_iter().map(|line| line.cut(columns)).collect()
}

/// The line of the step that runs, or of what is waited for before any does.
fn head(model: &Model, now: Duration, window: Window) -> Option<Line> {
    let frame =
        usize::try_from(now.as_millis() / FRAME % SPINNER.len() as u128).unwrap_or_default();
    let sign = Line::default().with(cyan(), &format!("{} ", SPINNER[frame]));
    let Some((step, since)) = model.running() else {
        let (what, since) = model.now.waiting.as_ref()?;
        let passed = words::elapsed(now.saturating_sub(*since));
        return Some(sign.plain(&format!("waiting for {what}  {passed}")));
    };
    // Two more than below, where two columns go to the branches: so the times stand in one column.
    let name = padded(&step.kind.to_string(), name_columns(window) + 2);
    let line = sign.with(Style::new().bold(), &name).plain(" ");
    let mut line = timed(line, now.saturating_sub(since), model.expected(step));
    if model.now.rolling_back {
        line = line.with(yellow(), "  rolling back");
    }
    Some(line)
}

/// What stands below the step, in at most so many lines: the fewer there are, the more is folded.
fn below(model: &Model, now: Duration, window: Window, room: usize) -> Vec<Line> {
    let parts = Parts::of(model, now, window);
    let pending: Vec<StepKind> = model
        .steps
        .iter()
        .filter(|step| step.state == State::Pending)
        .map(|step| step.kind)
        .collect();
    let each: Vec<Line> = pending
        .iter()
        .map(|kind| Line::default().with(dimmed(), &format!("· {kind}")))
        .collect();
    let whole = parts.whole();
    if whole.len() + each.len() <= room {
        return [branches(whole), each].concat();
    }
    let folded = parts.folded();
    if folded.len() + each.len() <= room {
        return [branches(folded), each].concat();
    }
    // What comes after is one line, and only where what goes on has two or more.
    let mut after: Vec<Line> = then(&pending).into_iter().collect();
    if room < 3 && !folded.is_empty() {
        after.clear();
    }
    after.truncate(room);
    let body = first(folded, room - after.len());
    [branches(body), after].concat()
}

/// Everything within the step that runs, as lines.
struct Parts {
    /// What must be seen first: failures, then what goes on.
    active: Vec<Line>,
    /// Resources that are finished.
    finished: Vec<Line>,
}

impl Parts {
    fn of(model: &Model, now: Duration, window: Window) -> Self {
        let resources = || model.now.resources.iter();
        let columns = name_columns(window);
        let failed = resources()
            .filter(|(_, resource)| resource.has_failed())
            .map(|((_, id), resource)| failed(id, resource, columns));
        let mut running: Vec<_> = resources()
            .filter(|(_, resource)| resource.is_running())
            .collect();
        running.sort_by_key(|(_, resource)| resource.since);
        let running = running.into_iter().map(|((_, id), resource)| {
            let line =
                named(id, columns).plain(&format!("{} ", words::resource_status(&resource.status)));
            let passed = now.saturating_sub(resource.since);
            timed(line, passed, model.expected_of(resource))
        });
        let mut active: Vec<Line> = failed.chain(running).collect();
        active.extend(training::lines(model, now, window));
        active.extend(upload(model));
        let removed = model.now.removed.map(words::objects_of);
        active.extend(removed.map(|objects| Line::default().plain(&format!("{objects} removed"))));
        if let (Some((what, since)), true) = (&model.now.waiting, model.running().is_some()) {
            let passed = words::elapsed(now.saturating_sub(*since));
            active.push(Line::default().plain(&format!("waiting for {what}  {passed}")));
        }
        let finished = resources()
            .filter(|(_, resource)| !resource.has_failed() && !resource.is_running())
            .map(|((_, id), resource)| {
                let took = resource.since.saturating_sub(resource.began);
                let status = words::resource_status(&resource.status);
                named(id, columns).with(dimmed(), &format!("{status} in {}", words::elapsed(took)))
            });
        Self {
            active,
            finished: finished.collect(),
        }
    }

    fn whole(&self) -> Vec<Line> {
        [self.active.clone(), self.finished.clone()].concat()
    }

    /// The same with what is finished as a number.
    fn folded(self) -> Vec<Line> {
        let mut lines = self.active;
        if !self.finished.is_empty() {
            let text = format!("{} finished", self.finished.len());
            lines.push(Line::default().with(dimmed(), &text));
        }
        lines
    }
}

fn failed(id: &str, resource: &Resource, columns: usize) -> Line {
    let status = words::resource_status(&resource.status);
    let line = named(id, columns).with(red(), &status);
    match &resource.reason {
        Some(reason) => line.plain(&format!(": {reason}")),
        None => line,
    }
}

fn upload(model: &Model) -> Option<Line> {
    let upload = model.now.upload.as_ref()?;
    let (sent, total) = (words::size(upload.sent), words::size(upload.total));
    let rate = upload.rate().map(words::size);
    let rate = rate.map_or_else(String::new, |rate| format!("  {rate}/s"));
    let (full, empty) = bar(upload.sent, upload.total);
    let line = Line::default().plain(&full).with(dimmed(), &empty);
    Some(line.plain(&format!("  {sent} of {total}{rate}")))
}

/// The two parts of a bar.
fn bar(sent: u64, total: u64) -> (String, String) {
    let share = u128::from(sent.min(total)) * BAR as u128;
    let full = share.checked_div(u128::from(total)).unwrap_or_default();
    let full = usize::try_from(full).unwrap_or(BAR);
    ("━".repeat(full), "─".repeat(BAR - full))
}

/// Adds how long something has taken, and how long it usually takes.
fn timed(line: Line, passed: Duration, expected: Option<Expected>) -> Line {
    let line = line.plain(&words::elapsed(passed));
    match expected {
        None => line,
        Some(expected) => {
            let late = passed > expected.longest;
            let style = if late { yellow() } else { dimmed() };
            line.with(style, &format!(" (usually {expected})"))
        }
    }
}

/// The steps that come after, as one line.
fn then(pending: &[StepKind]) -> Option<Line> {
    let names: Vec<String> = pending.iter().map(ToString::to_string).collect();
    let text = format!("· then {}", names.join(", "));
    (!names.is_empty()).then(|| Line::default().with(dimmed(), &text))
}

/// The first lines, and how many more there are.
fn first(mut lines: Vec<Line>, room: usize) -> Vec<Line> {
    let more = (lines.len() + 1).saturating_sub(room);
    if lines.len() > room {
        lines.truncate(room);
        // With room for one line only, that line says more than a number.
        if room > 1 {
            lines.pop();
            lines.push(Line::default().with(dimmed(), &format!("and {more} more")));
        }
    }
    lines
}

/// Draws the branches of the tree.
fn branches(lines: Vec<Line>) -> Vec<Line> {
    let last = lines.len().saturating_sub(1);
    let branch = |(at, line): (usize, Line)| {
        let sign = if at == last { "  └ " } else { "  ├ " };
        Line::default().with(dimmed(), sign).then(line)
    };
    lines.into_iter().enumerate().map(branch).collect()
}

fn named(id: &str, columns: usize) -> Line {
    Line::default().plain(&format!("{} ", padded(id, columns)))
}

fn padded(name: &str, columns: usize) -> String {
    format!("{name:<columns$}")
}

/// The columns that names share: less in a narrow window.
fn name_columns(window: Window) -> usize {
    NAME.min(window.width / 4)
}

fn dimmed() -> Style {
    Style::new().dimmed()
}

fn red() -> Style {
    AnsiColor::Red.on_default().bold()
}

fn yellow() -> Style {
    AnsiColor::Yellow.on_default()
}

fn cyan() -> Style {
    AnsiColor::Cyan.on_default()
}

#[cfg(test)]
mod tests;
