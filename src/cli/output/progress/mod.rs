//! Shows the progress of a run: a tree on a terminal, plain lines elsewhere, JSON lines for programs.
//!
//! Events make a [`model::Model`], which is turned into text by pure functions of it, the time and the
//! window; what is here only puts the text where it belongs.

mod chart;
mod json;
mod layout;
mod line;
mod model;
mod plain;
mod pulse;
mod screen;
mod ticker;
mod training;
mod tree;
mod words;

use std::io::{IsTerminal, Stderr, Write};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use anstream::ColorChoice;

use super::Format;
use crate::reconcile::progress::{Event, Observer};
use layout::Window;
pub(in crate::cli) use line::clean as log_line;
pub(in crate::cli) use model::Pace;
use ticker::Ticker;
pub(in crate::cli) use words::{elapsed, instances, number, training_status};

/// The time between two looks at what a tree shows: a frame of its spinner.
const FRAME: Duration = Duration::from_millis(125);
/// The time between two looks whether a sign of life is due.
const LOOK: Duration = Duration::from_secs(1);

/// The display on the terminal at this moment, which whatever else is printed has to pass by.
static ON_SCREEN: Mutex<Weak<Mutex<Display>>> = Mutex::new(Weak::new());
/// When the program began, if it speaks JSON on stderr.
static JSON_SINCE: OnceLock<Instant> = OnceLock::new();

/// One way to show progress.
enum Display {
    Tree(tree::Tree<Stderr>),
    Plain(plain::Plain),
    Json(json::Json),
    /// Nothing is shown.
    Silent,
}

/// Begins to speak JSON on stderr, if that is the format.
pub(super) fn begin(format: Format) {
    if format == Format::Json {
        JSON_SINCE.get_or_init(Instant::now);
    }
}

/// Makes the observer that fits the format and stderr; `dumb` is a terminal that cannot move its cursor.
pub(in crate::cli) fn observer(format: Format, pace: Pace, dumb: bool) -> Box<dyn Observer> {
    let stderr = std::io::stderr();
    let (display, every) = if super::is_quiet() {
        (Display::Silent, LOOK)
    } else if format == Format::Json {
        (Display::Json(json::Json::new(pace)), LOOK)
    } else if stderr.is_terminal() && !dumb {
        let colours = anstream::AutoStream::choice(&stderr) != ColorChoice::Never;
        let tree = tree::Tree::new(pace, stderr, colours);
        (Display::Tree(tree), FRAME)
    } else {
        (Display::Plain(plain::Plain::new(pace)), LOOK)
    };
    Box::new(Shown::new(display, every))
}

/// Makes an observer that shows every line of a training job's log, not only the last, also where a tree
/// is shown.
pub(in crate::cli) fn following(inner: Arc<dyn Observer>) -> Arc<dyn Observer> {
    Arc::new(Following(inner))
}

struct Following(Arc<dyn Observer>);

impl Observer for Following {
    fn event(&self, event: Event) {
        let line = match &event {
            Event::TrainingLine { line } | Event::BatchLine { line } => Some(line::clean(line)),
            _ => None,
        };
        self.0.event(event);
        let display = held(&ON_SCREEN).upgrade();
        if let (Some(line), Some(Display::Tree(tree))) =
            (line, display.as_deref().map(held).as_deref_mut())
        {
            tree.above(&line, window());
        }
    }
}

/// A display that is shown until it goes.
struct Shown {
    started: Instant,
    display: Arc<Mutex<Display>>,
    ticker: Option<Ticker>,
}

impl Shown {
    fn new(display: Display, every: Duration) -> Self {
        // The lines of one program share one beginning.
        let started = JSON_SINCE.get().copied().unwrap_or_else(Instant::now);
        let display = Arc::new(Mutex::new(display));
        *held(&ON_SCREEN) = Arc::downgrade(&display);
        let shown = Arc::clone(&display);
        let ticker = Ticker::start(every, move || held(&shown).tick(started.elapsed()));
        Self {
            started,
            display,
            ticker: Some(ticker),
        }
    }
}

impl Observer for Shown {
    fn event(&self, event: Event) {
        held(&self.display).event(&event, self.started.elapsed());
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        // First its thread, so that nothing is drawn after the last line is taken away.
        self.ticker = None;
        held(&self.display).clear();
    }
}

impl Display {
    fn event(&mut self, event: &Event, at: Duration) {
        match self {
            Self::Tree(tree) => tree.event(event, at, window()),
            Self::Plain(plain) => print(plain.event(event, at)),
            Self::Json(json) => print(json.event(event, at, now())),
            Self::Silent => {}
        }
    }

    fn tick(&mut self, at: Duration) {
        match self {
            Self::Tree(tree) => tree.tick(at, window()),
            Self::Plain(plain) => print(plain.tick(at)),
            Self::Json(json) => print(json.tick(at, now())),
            Self::Silent => {}
        }
    }

    fn clear(&mut self) {
        if let Self::Tree(tree) = self {
            tree.clear(window());
        }
    }
}

/// Prints a line on stderr: as JSON if that is what stderr speaks, above a tree if there is one.
pub(super) fn remark(text: &str) {
    if let Some(since) = JSON_SINCE.get() {
        return print(Some(json::remark(text, since.elapsed(), now())));
    }
    let display = held(&ON_SCREEN).upgrade();
    match display.as_deref().map(held).as_deref_mut() {
        Some(Display::Tree(tree)) => tree.above(text, window()),
        _ => print(Some(text.to_owned())),
    }
}

/// Prints an event if stderr speaks JSON; `false` when it does not.
pub(super) fn told_as_json(event: &serde_json::Value) -> bool {
    let Some(since) = JSON_SINCE.get() else {
        return false;
    };
    print(Some(json::object(event, since.elapsed(), now())));
    true
}

/// Takes a tree away so that something else can be printed; its next frame brings it back.
pub(super) fn aside() {
    let display = held(&ON_SCREEN).upgrade();
    if let Some(display) = display {
        held(&display).clear();
    }
}

fn print(line: Option<String>) {
    if let Some(line) = line {
        // JSON is UTF-8 everywhere.
        let line = match JSON_SINCE.get() {
            Some(_) => line.into(),
            None => super::signs::shown(&line),
        };
        // There is nowhere to tell that stderr cannot be written to.
        let _ = writeln!(anstream::stderr(), "{line}");
    }
}

/// The window of the terminal; that of old terminals where it has no size.
fn window() -> Window {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    let (width, height) = size.map_or((0, 0), |size| (size.ws_col, size.ws_row));
    Window {
        width: if width == 0 { 80 } else { width.into() },
        height: if height == 0 { 24 } else { height.into() },
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "lines for programs tell the time of day, and here they are made"
)]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// A display that panicked half-way is still the one that is shown.
fn held<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
