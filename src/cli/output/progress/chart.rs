//! A course of values as one line of signs, eight heights to a column.

/// The heights of a column, lowest first.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Values that a course keeps; of more, two become one.
const KEPT: usize = 512;

/// The values of one metric, from first to last. However many there were, it takes the same room.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Course {
    points: Vec<f64>,
    /// How many values make a point.
    each: usize,
    /// Values of the point to come: their number and sum.
    open: (usize, f64),
    last: Option<f64>,
}

impl Course {
    /// Adds a value; what is no number is left out.
    pub(super) fn add(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.last = Some(value);
        self.each = self.each.max(1);
        self.open = (self.open.0 + 1, self.open.1 + value);
        if self.open.0 < self.each {
            return;
        }
        self.points.push(mean(self.open.1, self.open.0));
        self.open = (0, 0.0);
        if self.points.len() == KEPT {
            let pair = |pair: &[f64]| mean(pair.iter().sum(), pair.len());
            self.points = self.points.chunks(2).map(pair).collect();
            self.each *= 2;
        }
    }

    /// The last value.
    pub(super) fn last(&self) -> Option<f64> {
        self.last
    }

    /// The course in so many columns at most; empty where there is no course yet, or no room.
    pub(super) fn line(&self, columns: usize) -> String {
        let points = &self.points;
        let columns = columns.min(points.len());
        if columns < 2 {
            return String::new();
        }
        let column = |at: usize| {
            let (from, to) = (
                at * points.len() / columns,
                (at + 1) * points.len() / columns,
            );
            let part = &points[from..to];
            mean(part.iter().sum(), part.len())
        };
        let means: Vec<f64> = (0..columns).map(column).collect();
        let low = means.iter().copied().fold(f64::INFINITY, f64::min);
        let high = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        means.iter().map(|value| sign(*value, low, high)).collect()
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "there are a few hundred at most"
)]
fn mean(sum: f64, count: usize) -> f64 {
    sum / count as f64
}

/// The sign of a value between the lowest and the highest; all the same is the middle.
fn sign(value: f64, low: f64, high: f64) -> char {
    let part = (value - low) / (high - low);
    let reached = |at: &usize| {
        let step = u32::try_from(*at).unwrap_or_default();
        part * 8.0 >= f64::from(step)
    };
    if !part.is_finite() {
        return HEIGHTS[3];
    }
    let at = (0..HEIGHTS.len()).rev().find(reached).unwrap_or_default();
    HEIGHTS[at]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(values: impl IntoIterator<Item = f64>) -> Course {
        let mut course = Course::default();
        values.into_iter().for_each(|value| course.add(value));
        course
    }

    #[test]
    fn a_course_runs_from_the_lowest_to_the_highest() {
        let rising = course((0..8).map(f64::from));
        assert_eq!(rising.line(8), "▁▂▃▄▅▆▇█");
        assert_eq!(rising.line(100), "▁▂▃▄▅▆▇█");
        assert_eq!(rising.line(4), "▁▃▆█");
        assert_eq!(rising.line(2), "▁█");
        assert_eq!(course([3.0, 2.0, 1.0]).line(9), "█▅▁");
        assert_eq!(course([5.0; 3]).line(9), "▄▄▄");
    }

    #[test]
    fn one_value_or_no_room_is_no_course() {
        assert_eq!(course([1.0]).line(10), "");
        assert_eq!(course([1.0, 2.0]).line(1), "");
        assert_eq!(course([]).line(10), "");
        assert_eq!(course([1.0]).last(), Some(1.0));
        let odd = course([1.0, f64::NAN, f64::INFINITY, 2.0]);
        assert_eq!(odd.line(10), "▁█");
        assert_eq!(odd.last(), Some(2.0));
    }

    #[test]
    fn a_course_of_any_length_takes_the_same_room_and_keeps_its_shape() {
        for count in [511, 512, 513, 100_000] {
            let falling = course((0..count).map(|at| f64::from(count - at)));
            assert!(falling.points.len() <= KEPT, "{count}");
            for width in 2..60 {
                let line = falling.line(width);
                assert_eq!(line.chars().count(), width, "{count}");
                let first = line.chars().next().unwrap();
                assert_eq!((first, line.chars().last().unwrap()), ('█', '▁'));
            }
        }
    }
}
