//! Counts how a model's answers compare with labels that are known.

use std::collections::BTreeMap;

/// What was counted so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    texts: u32,
    right: u32,
    classes: BTreeMap<String, Class>,
}

/// What was counted of one label.
#[derive(Debug, Default)]
struct Class {
    right: u32,
    /// Texts that have the label.
    wanted: u32,
    /// Texts that were given it.
    given: u32,
}

impl Tally {
    /// Counts a text that has one label and was given the same or another.
    pub(super) fn add(&mut self, wanted: &str, given: &str) {
        let right = u32::from(wanted == given);
        self.texts += 1;
        self.right += right;
        let class = self.classes.entry(wanted.to_owned()).or_default();
        class.wanted += 1;
        class.right += right;
        self.classes.entry(given.to_owned()).or_default().given += 1;
    }

    /// How many texts were counted.
    pub(super) fn texts(&self) -> u32 {
        self.texts
    }

    /// The part of the texts that were given their label; of no text, none.
    pub(super) fn accuracy(&self) -> f64 {
        f64::from(self.right) / f64::from(self.texts.max(1))
    }

    /// The mean of the F1 of all labels that a text has or was given, each counting the same.
    pub(super) fn macro_f1(&self) -> f64 {
        let f1 = |class: &Class| {
            // Every class has a text or was given to one, so this is never a division by nothing.
            2.0 * f64::from(class.right) / (f64::from(class.wanted) + f64::from(class.given))
        };
        let count = u32::try_from(self.classes.len()).unwrap_or(u32::MAX);
        self.classes.values().map(f1).sum::<f64>() / f64::from(count.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(pairs: &[(&str, &str)]) -> Tally {
        let mut tally = Tally::default();
        for (wanted, given) in pairs {
            tally.add(wanted, given);
        }
        tally
    }

    fn near(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() < 1e-12,
            "{found} is not {expected}"
        );
    }

    #[test]
    fn right_answers_are_a_part_of_all() {
        let tally = tally(&[("a", "a"), ("a", "b"), ("b", "b"), ("b", "b")]);
        assert_eq!(tally.texts(), 4);
        near(tally.accuracy(), 0.75);
        // a: 2*1/(2+1), b: 2*2/(2+3).
        near(tally.macro_f1(), f64::midpoint(2.0 / 3.0, 0.8));
    }

    #[test]
    fn a_rare_class_counts_as_much_as_a_frequent_one() {
        let mut pairs = vec![("a", "a"); 99];
        pairs.push(("b", "a"));
        let tally = tally(&pairs);
        near(tally.accuracy(), 0.99);
        near(tally.macro_f1(), (2.0 * 99.0 / 199.0) / 2.0);
    }

    #[test]
    fn a_label_that_no_text_has_counts_when_it_was_given() {
        near(
            tally(&[("a", "a"), ("a", "c")]).macro_f1(),
            (2.0 / 3.0) / 2.0,
        );
    }

    #[test]
    fn of_no_text_nothing_is_right() {
        near(Tally::default().accuracy(), 0.0);
        near(Tally::default().macro_f1(), 0.0);
    }
}
