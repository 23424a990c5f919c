//! Puts lines on a terminal, below what stays, and rewrites them in place: nothing is blanked before it is
//! written anew, so nothing flickers.

use std::io::Write;

use super::layout::Window;
use super::line::Line;
use crate::cli::output::signs;

/// Lines at the end of a terminal that are rewritten in place.
pub(super) struct Screen<W> {
    out: W,
    colours: bool,
    /// The lines that are there now.
    shown: Vec<Line>,
    window: Window,
}

impl<W: Write> Screen<W> {
    pub(super) fn new(out: W, colours: bool) -> Self {
        let window = Window {
            width: 80,
            height: 24,
        };
        Self {
            out,
            colours,
            shown: Vec::new(),
            window,
        }
    }

    /// Shows these lines in place of those before.
    pub(super) fn draw(&mut self, lines: Vec<Line>, window: Window) {
        if lines == self.shown && window == self.window {
            return;
        }
        let mut frame = self.back(window);
        self.write(&mut frame, lines, window);
    }

    /// Shows text that stays, above the lines. It may be wider than the window.
    pub(super) fn above(&mut self, text: &str, window: Window) {
        let mut frame = self.back(window);
        // What is written here wraps at will, so what stood here has to go first.
        frame.push_str("\x1b[J");
        let plain;
        let text = if self.colours {
            text
        } else {
            plain = anstream::adapter::strip_str(text).to_string();
            &plain
        };
        for line in text.lines() {
            frame.push_str(line);
            frame.push_str("\r\n");
        }
        let lines = std::mem::take(&mut self.shown);
        self.write(&mut frame, lines, window);
    }

    /// Takes the lines away.
    pub(super) fn clear(&mut self, window: Window) {
        self.draw(Vec::new(), window);
    }

    /// Moves the cursor to where the lines begin. A window that became narrower has wrapped them.
    fn back(&self, window: Window) -> String {
        let rows: usize = self
            .shown
            .iter()
            .map(|line| line.width().div_ceil(window.width.max(1)).max(1))
            .sum();
        let wrapped = if rows == self.shown.len() {
            ""
        } else {
            "\x1b[J"
        };
        match rows {
            0 => "\r".to_owned(),
            rows => format!("\r\x1b[{rows}A{wrapped}"),
        }
    }

    fn write(&mut self, frame: &mut String, lines: Vec<Line>, window: Window) {
        for line in &lines {
            frame.push_str(&line.text(self.colours));
            frame.push_str("\x1b[K\r\n");
        }
        frame.push_str("\x1b[J");
        self.shown = lines;
        self.window = window;
        // There is nowhere to tell that the terminal is gone.
        let _ = self.out.write_all(signs::shown(frame).as_bytes());
        let _ = self.out.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window {
        width: 20,
        height: 6,
    };

    /// A terminal that is 20 columns wide and 6 rows high.
    fn terminal() -> vt100::Parser {
        vt100::Parser::new(6.try_into().unwrap(), 20.try_into().unwrap(), 100)
    }

    fn lines(texts: &[&str]) -> Vec<Line> {
        texts
            .iter()
            .map(|text| Line::default().plain(text))
            .collect()
    }

    fn seen(screen: &mut Screen<Vec<u8>>, terminal: &mut vt100::Parser) -> String {
        terminal.process(&std::mem::take(&mut screen.out));
        terminal.screen().contents()
    }

    #[test]
    fn lines_are_rewritten_in_place_and_what_stays_is_above() {
        let (mut screen, mut terminal) = (Screen::new(Vec::new(), false), terminal());
        screen.draw(lines(&["one", "two"]), WINDOW);
        assert_eq!(seen(&mut screen, &mut terminal), "one\ntwo");
        screen.draw(lines(&["1"]), WINDOW);
        assert_eq!(seen(&mut screen, &mut terminal), "1");
        screen.above("stays, and is wider than the window", WINDOW);
        screen.draw(lines(&["2", "3"]), WINDOW);
        assert_eq!(
            seen(&mut screen, &mut terminal),
            "stays, and is wider than the window\n2\n3"
        );
        screen.clear(WINDOW);
        assert_eq!(
            seen(&mut screen, &mut terminal),
            "stays, and is wider than the window"
        );
        assert_eq!(terminal.screen().cursor_position(), (2, 0));
    }

    #[test]
    fn the_same_again_writes_nothing_and_a_change_blanks_nothing_first() {
        let mut screen = Screen::new(Vec::new(), false);
        screen.draw(lines(&["one", "two"]), WINDOW);
        screen.out.clear();
        screen.draw(lines(&["one", "two"]), WINDOW);
        assert!(screen.out.is_empty());
        screen.draw(lines(&["one", "2"]), WINDOW);
        let frame = String::from_utf8(std::mem::take(&mut screen.out)).unwrap();
        assert_eq!(frame, "\r\x1b[2Aone\x1b[K\r\n2\x1b[K\r\n\x1b[J");
    }

    #[test]
    fn more_than_the_window_holds_scrolls_what_stays_away_and_nothing_else() {
        let (mut screen, mut terminal) = (Screen::new(Vec::new(), false), terminal());
        for round in 0..10 {
            screen.above(&format!("stays {round}"), WINDOW);
            screen.draw(lines(&["a", "b", "c", "d", "e"]), WINDOW);
            seen(&mut screen, &mut terminal);
        }
        assert_eq!(seen(&mut screen, &mut terminal), "a\nb\nc\nd\ne");
        terminal.screen_mut().set_scrollback(4);
        let shown = terminal.screen().contents();
        assert!(
            shown.starts_with("stays 6\nstays 7\nstays 8\nstays 9\n"),
            "{shown}"
        );
    }

    #[test]
    fn a_window_that_became_narrower_has_wrapped_the_lines() {
        let mut screen = Screen::new(Vec::new(), false);
        screen.draw(lines(&["123456789012345", "x"]), WINDOW);
        screen.out.clear();
        let narrow = Window {
            width: 6,
            height: 6,
        };
        screen.draw(lines(&["12345"]), narrow);
        let frame = String::from_utf8(std::mem::take(&mut screen.out)).unwrap();
        // Three rows of the first line and one of the second.
        assert!(frame.starts_with("\r\x1b[4A\x1b[J12345"), "{frame:?}");
    }

    #[test]
    fn without_colours_no_text_has_any() {
        let red = anstyle::AnsiColor::Red.on_default();
        let mut screen = Screen::new(Vec::new(), false);
        screen.above(&format!("{red}error{red:#}"), WINDOW);
        screen.draw(vec![Line::default().with(red, "x")], WINDOW);
        let written = String::from_utf8(std::mem::take(&mut screen.out)).unwrap();
        assert!(!written.contains('m'), "{written:?}");
    }
}
