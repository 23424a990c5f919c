//! Values over time as columns of signs, with a scale.

use super::signs;

/// The eighths of a cell, lowest first.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Rows of a chart.
const ROWS: u32 = 5;
/// Most columns of a chart; of more values, the highest of several stands for them.
const COLUMNS: usize = 60;
/// Most columns of a value.
const WIDEST: usize = 3;
/// Room for the scale.
const SCALE: usize = 9;

/// Draws values over `seconds`, the scale from 0 to the highest; what is not known leaves a gap.
pub(in crate::cli) fn columns(title: &str, values: &[Option<f64>], seconds: f64) -> Vec<String> {
    let heights = gathered(values);
    let highest = heights.iter().flatten().copied().fold(0.0, f64::max);
    let top = if highest > 0.0 { highest } else { 1.0 };
    let mut lines = vec![title.to_owned()];
    for row in (0..ROWS).rev() {
        let scale = match row {
            row if row + 1 == ROWS => short(top),
            0 => "0".to_owned(),
            _ => String::new(),
        };
        let signs: String = heights.iter().map(|value| sign(*value, top, row)).collect();
        lines.push(format!("{scale:>SCALE$} │{}", signs.trim_end()));
    }
    let end = format!("{seconds:.0} s");
    let width = heights.len().saturating_sub(1).max(end.len() + 1);
    lines.push(format!("{:>SCALE$} └0{end:>width$}", ""));
    lines
        .iter()
        .map(|line| signs::shown(line).into_owned())
        .collect()
}

/// The values in so many columns at most; few of them have several columns each.
fn gathered(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let each = values.len().div_ceil(COLUMNS).max(1);
    let wide = (COLUMNS / values.len().max(1)).clamp(1, WIDEST);
    let highest = |part: &[Option<f64>]| part.iter().flatten().copied().reduce(f64::max);
    let columns = values.chunks(each).map(highest);
    columns.flat_map(|value| vec![value; wide]).collect()
}

/// What a value fills of the cell in a row.
fn sign(value: Option<f64>, top: f64, row: u32) -> char {
    let filled = value.unwrap_or_default() / top * f64::from(ROWS * 8) - f64::from(row * 8);
    let eighths = (1_u8..=8)
        .filter(|eighth| filled + 0.5 >= f64::from(*eighth))
        .count();
    EIGHTHS[eighths]
}

/// A figure of a scale.
fn short(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_on_the_scale_and_a_gap_is_empty() {
        let lines = columns("rate", &[Some(100.0), None, Some(50.0), Some(1.0)], 4.0);
        assert_eq!(
            lines,
            [
                "rate",
                "      100 │███",
                "          │███",
                "          │███   ▄▄▄",
                "          │███   ███",
                "        0 │███   ███",
                "          └0        4 s",
            ]
        );
    }

    #[test]
    fn many_values_fit_and_nothing_at_all_is_no_trouble() {
        let values: Vec<Option<f64>> = (0..600).map(|value| Some(f64::from(value))).collect();
        for line in columns("", &values, 600.0) {
            assert!(line.chars().count() <= SCALE + 3 + COLUMNS, "{line}");
        }
        assert_eq!(columns("", &[], 0.0).len(), 7);
    }
}
