//! A tree on a terminal: what is done stays as lines above, what goes on moves below them.

use std::io::Write;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::layout::{Window, lines};
use super::model::{Model, Pace, Resource, State, Step};
use super::screen::Screen;
use super::words;
use crate::reconcile::progress::Event;

/// Shows a run on a terminal.
pub(super) struct Tree<W> {
    model: Model,
    screen: Screen<W>,
}

impl<W: Write> Tree<W> {
    pub(super) fn new(pace: Pace, out: W, colours: bool) -> Self {
        Self {
            model: Model::new(pace),
            screen: Screen::new(out, colours),
        }
    }

    /// Takes an event. What it changes below is drawn by the next tick, since there may be thousands.
    pub(super) fn event(&mut self, event: &Event, at: Duration, window: Window) {
        self.model.take(event, at);
        if let Event::Notice { text } = event {
            self.above(text, window);
        }
        let (Event::StepDone { step: kind, .. }
        | Event::StepFailed { step: kind }
        | Event::StepLeft { step: kind }
        | Event::StepSkipped { step: kind }) = event
        else {
            return;
        };
        let step = self.model.steps.iter().find(|step| step.kind == *kind);
        if let Some(step) = step {
            let failed = self.model.now.resources.iter();
            let failed = failed.filter(|(_, resource)| resource.has_failed());
            let text = ended(
                step,
                failed.map(|((_, id), resource)| (id.as_str(), resource)),
            );
            self.tick(at, window);
            self.above(&text, window);
        }
    }

    /// Draws what has changed.
    pub(super) fn tick(&mut self, at: Duration, window: Window) {
        self.screen.draw(lines(&self.model, at, window), window);
    }

    /// Shows text that stays.
    pub(super) fn above(&mut self, text: &str, window: Window) {
        self.screen.above(text, window);
    }

    /// Leaves only what stays.
    pub(super) fn clear(&mut self, window: Window) {
        self.screen.clear(window);
    }
}

/// What stays of a step: one line, and of one that failed a line for each resource that did.
fn ended<'a>(step: &Step, failed: impl Iterator<Item = (&'a str, &'a Resource)>) -> String {
    let kind = step.kind.to_string();
    let line =
        |sign: &str, style: Style, text: &str| format!("{style}{sign}{style:#} {kind:<22} {text}");
    match step.state {
        State::Done { took } => {
            let took = if took < Duration::from_mins(1) {
                format!("{:.1} s", took.as_secs_f64())
            } else {
                words::elapsed(took)
            };
            let text = format!("{} in {took}", words::done(step.action));
            line("✓", AnsiColor::Green.on_default(), &text)
        }
        State::Failed { after } => {
            let text = format!("failed after {}", words::elapsed(after));
            let line = line("✗", AnsiColor::Red.on_default(), &text);
            let resource = |(id, resource): (&str, &Resource)| {
                let status = words::resource_status(&resource.status);
                let reason = resource.reason.as_deref().unwrap_or("gave no reason");
                format!("    {id} {status}: {}", super::line::clean(reason))
            };
            let lines: Vec<String> = std::iter::once(line).chain(failed.map(resource)).collect();
            lines.join(
                "
",
            )
        }
        State::Left => line("·", Style::new().dimmed(), words::LEFT),
        State::Skipped | State::Pending | State::Running { .. } => {
            line("·", Style::new().dimmed(), words::SKIPPED)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Action, StepKind};
    use crate::reconcile::progress::PlannedStep;
    use std::sync::{Arc, Mutex};

    /// Hands what is written to a terminal that keeps it.
    #[derive(Clone)]
    struct Wire(Arc<Mutex<vt100::Parser>>);

    impl Write for Wire {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().process(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    const WINDOW: Window = Window {
        width: 60,
        height: 10,
    };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn seen(terminal: &Wire) -> String {
        terminal.0.lock().unwrap().screen().contents()
    }

    /// A run whose second step is under way, with a resource that failed.
    fn run(terminal: &Wire) -> Tree<Wire> {
        let mut tree = Tree::new(Pace::Local, terminal.clone(), false);
        let steps = [
            StepKind::Foundation,
            StepKind::Service,
            StepKind::Verification,
        ];
        let planned = steps.map(|step| PlannedStep {
            step,
            action: Action::Create,
        });
        let started = |step| Event::StepStarted {
            step,
            action: Action::Create,
        };
        let failed = Event::Resource {
            stack: "s".into(),
            logical_id: "Endpoint".into(),
            resource_type: "AWS::SageMaker::Endpoint".into(),
            status: "CREATE_FAILED".into(),
            reason: Some("no capacity".into()),
        };
        let done = Event::StepDone {
            step: StepKind::Foundation,
            took: Duration::from_millis(41_230),
        };
        for (event, second) in [
            (
                Event::Planned {
                    steps: planned.to_vec(),
                },
                0,
            ),
            (started(StepKind::Foundation), 0),
            (done, 41),
            (started(StepKind::Service), 41),
            (failed, 100),
        ] {
            tree.event(&event, at(second), WINDOW);
            tree.tick(at(second), WINDOW);
        }
        tree
    }

    fn terminal() -> Wire {
        let (rows, columns) = (10.try_into().unwrap(), 60.try_into().unwrap());
        Wire(Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 50))))
    }

    #[test]
    fn what_is_done_stays_above_what_goes_on() {
        let terminal = terminal();
        let _tree = run(&terminal);
        assert_eq!(
            seen(&terminal),
            "\
✓ foundation             done in 41.2 s
⠋ service           59 s
  └ Endpoint        create failed: no capacity
· verification"
                .replace('⠋', &spinner(100))
        );
    }

    #[test]
    fn forty_columns_are_enough_and_nothing_wraps() {
        let (rows, columns) = (10.try_into().unwrap(), 40.try_into().unwrap());
        let terminal = Wire(Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 50))));
        let narrow = Window {
            width: 40,
            height: 10,
        };
        let mut tree = run(&terminal);
        for second in 101..110 {
            tree.tick(at(second), narrow);
        }
        assert_eq!(
            seen(&terminal),
            "\
✓ foundation             done in 41.2 s
⠋ service      1 min 08 s
  └ Endpoint   create failed: no capac…
· verification"
                .replace('⠋', &spinner(109))
        );
    }

    #[test]
    fn in_the_end_only_what_stays_is_there() {
        let terminal = terminal();
        let mut tree = run(&terminal);
        tree.above("stopping; once more to quit at once", WINDOW);
        for event in [
            Event::StepFailed {
                step: StepKind::Service,
            },
            Event::StepSkipped {
                step: StepKind::Verification,
            },
        ] {
            tree.event(&event, at(161), WINDOW);
        }
        tree.clear(WINDOW);
        assert_eq!(
            seen(&terminal),
            "\
✓ foundation             done in 41.2 s
stopping; once more to quit at once
✗ service                failed after 2 min 00 s
    Endpoint create failed: no capacity
· verification           not done"
        );
        let position = terminal.0.lock().unwrap().screen().cursor_position();
        assert_eq!(position, (5, 0), "the next prompt stands right below");
    }

    fn spinner(second: u64) -> String {
        let frames: Vec<char> = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏".chars().collect();
        let frame = usize::try_from(second * 1000 / 125).unwrap() % frames.len();
        frames[frame].to_string()
    }
}
