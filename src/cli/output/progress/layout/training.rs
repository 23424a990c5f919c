//! The lines of a training job: its status, what it runs on, its metrics as small charts, its last words.

use std::time::Duration;

use anstyle::Style;

use super::super::chart::Course;
use super::super::line::Line;
use super::super::model::Model;
use super::super::words;
use super::{Window, cyan, dimmed, padded};

/// Columns of a metric's name at most.
const NAME: usize = 20;
/// Columns of a value.
const VALUE: usize = 11;
/// Columns of a chart at most, and at least.
const CHART: (usize, usize) = (48, 8);
/// Columns that the branches of the tree and the last column take.
const TAKEN: usize = 5;
/// Metrics that are shown.
const METRICS: usize = 6;

/// The lines of the job that is followed, if there is one.
pub(super) fn lines(model: &Model, now: Duration, window: Window) -> Vec<Line> {
    let Some(training) = &model.now.training else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if !training.status.is_empty() {
        let status = words::training_status(&training.status);
        let passed = words::elapsed(now.saturating_sub(training.since));
        let line = Line::default().plain(&format!("{status} {passed}"));
        lines.push(if training.message.is_empty() {
            line
        } else {
            line.with(dimmed(), &format!("  {}", training.message))
        });
    }
    if let Some(on) = &training.on {
        lines.push(Line::default().with(dimmed(), on));
    }
    let names = training.metrics.keys().map(|name| name.chars().count());
    let columns = names.max().unwrap_or_default();
    let columns = columns.min(NAME).min(window.width / 3);
    let shown = training.metrics.iter().take(METRICS);
    lines.extend(shown.map(|(name, course)| metric(name, course, columns, window)));
    if let Some(line) = &training.line {
        lines.push(Line::default().with(dimmed(), line));
    }
    lines
}

/// A metric: its name, its last value and, where there is room, its course.
fn metric(name: &str, course: &Course, columns: usize, window: Window) -> Line {
    let name: String = name.chars().take(columns).collect();
    let value = course.last().map(words::number).unwrap_or_default();
    let line = Line::default()
        .plain(&format!("{} ", padded(&name, columns)))
        .with(Style::new().bold(), &value);
    let room = window.width.saturating_sub(TAKEN + columns + 1 + VALUE);
    if room < CHART.1 {
        return line;
    }
    let gap = " ".repeat(VALUE.saturating_sub(value.chars().count()));
    let chart = course.line(room.min(CHART.0));
    line.plain(&gap).with(cyan(), &chart)
}
