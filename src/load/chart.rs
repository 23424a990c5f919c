//! Curves as SVG.

use std::fmt::Write as _;

/// Size of the drawing, and the room around its curves, in pixels.
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 260.0;
/// Room for the widest figure with its unit.
const LEFT: f64 = 84.0;
const RIGHT: f64 = 32.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 28.0;
/// Lines across the drawing.
const LINES: u32 = 4;

/// A curve: its name, and a value where there is one.
pub(super) struct Curve<'a> {
    pub(super) name: &'a str,
    pub(super) values: Vec<Option<f64>>,
}

/// A chart of up to two curves over the same places.
pub(super) struct Chart<'a> {
    /// What it shows, for whoever does not see it.
    pub(super) label: String,
    pub(super) curves: Vec<Curve<'a>>,
    /// Marks below the curves: the part of the width from 0 to 1, and a text.
    pub(super) marks: Vec<(f64, String)>,
    /// How a value is written.
    pub(super) unit: &'a str,
}

impl Chart<'_> {
    /// Draws it, with its legend. The names are escaped by whoever gives them.
    pub(super) fn draw(&self) -> String {
        let highest = self
            .curves
            .iter()
            .flat_map(|curve| curve.values.iter().flatten())
            .copied()
            .fold(0.0, f64::max);
        let top = round_up(highest);
        let mut svg = format!(
            "<figure><svg class=\"chart\" role=\"img\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" aria-label=\"{}\">",
            self.label
        );
        for line in 0..=LINES {
            let part = f64::from(line) / f64::from(LINES);
            let y = height(part);
            // Writing to a String cannot fail, here and below.
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"y\" x=\"{}\" y=\"{:.1}\">{}{}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                y + 4.0,
                figure(top * part),
                self.unit
            );
        }
        for (part, text) in &self.marks {
            let _ = write!(
                svg,
                "<text class=\"x\" x=\"{:.1}\" y=\"{}\">{text}</text>",
                place(*part),
                HEIGHT - 8.0
            );
        }
        for (curve, class) in self.curves.iter().zip(["one", "two"]) {
            let path = path(&curve.values, top);
            let _ = write!(svg, "<path class=\"curve {class}\" d=\"{path}\"/>");
        }
        svg.push_str("</svg><figcaption class=\"legend\">");
        for (curve, class) in self.curves.iter().zip(["one", "two"]) {
            let _ = write!(
                svg,
                "<span><span class=\"key {class}\"></span>{}</span>",
                curve.name
            );
        }
        svg.push_str("</figcaption></figure>");
        svg
    }
}

/// A curve's line, with a gap where there is no value. A value that stands alone is a short line.
fn path(values: &[Option<f64>], top: f64) -> String {
    let mut path = String::new();
    let mut pen_is_down = false;
    for (index, value) in values.iter().enumerate() {
        let Some(value) = value else {
            pen_is_down = false;
            continue;
        };
        let (x, y) = (place(part(index, values.len())), height(value / top));
        let _ = if pen_is_down {
            write!(path, "L{x:.1} {y:.1}")
        } else {
            write!(path, "M{x:.1} {y:.1}h1")
        };
        pen_is_down = true;
    }
    path
}

/// Where the value of that number stands, from 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "there are some hundred values")]
pub(super) fn part(index: usize, count: usize) -> f64 {
    if count < 2 {
        return 0.5;
    }
    index as f64 / (count - 1) as f64
}

fn place(part: f64) -> f64 {
    LEFT + part * (WIDTH - LEFT - RIGHT)
}

fn height(part: f64) -> f64 {
    HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)
}

/// The next of 1, 2, 4, 10, 20, 40, … that is not less.
pub(super) fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 4.0, 10.0]
        .into_iter()
        .map(|step| step * power)
        .find(|step| *step >= value)
        .unwrap_or(value)
}

/// A figure in few digits.
pub(super) fn figure(value: f64) -> String {
    if value >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_line_is_a_round_number_at_or_above_the_highest_value() {
        for (value, top) in [
            (0.0, 1.0),
            (0.3, 0.4),
            (1.0, 1.0),
            (41.0, 100.0),
            (1500.0, 2000.0),
        ] {
            assert!((round_up(value) - top).abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn the_longest_wait_that_is_asked_for_fits_before_the_lines() {
        // Ten minutes; digits of a sans-serif font are 0.6 of their size wide at most.
        let text = figure(round_up(600_000.0)) + " ms";
        let wide = f64::from(u32::try_from(text.len()).unwrap()) * 0.6 * 12.0;
        assert!(wide <= LEFT - 8.0, "{text}");
    }

    #[test]
    fn a_curve_has_a_gap_where_nothing_is_known() {
        let path = path(&[Some(1.0), None, Some(1.0), Some(0.0)], 1.0);
        assert_eq!(path.matches('M').count(), 2);
        assert_eq!(path.matches('L').count(), 1);
    }
}
