//! Covering arrays: few rows that hold every pair of values which can stand together.

use std::collections::BTreeSet;

/// A value that a dimension has: the dimension's index and the value's.
pub(super) type Choice = (usize, usize);

/// What rows are made of.
pub(super) struct Space {
    /// How many values each dimension has.
    pub(super) sizes: Vec<usize>,
    /// Choices that cannot stand in one row.
    pub(super) forbidden: Vec<Vec<Choice>>,
}

impl Space {
    /// Returns at least `least` rows with one value for each dimension. They hold every pair of
    /// choices that any allowed row holds, and are the same at every run.
    pub(super) fn rows(&self, least: usize) -> Vec<Vec<usize>> {
        let mut open = self.feasible_pairs();
        let mut rows: Vec<Vec<usize>> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut turn = 0;
        while !open.is_empty() || rows.len() < least {
            turn += 1;
            let start: Vec<Choice> = match open.first() {
                Some((one, other)) => vec![*one, *other],
                None => Vec::new(),
            };
            let row = self
                .complete(&start, &open, turn)
                .expect("a feasible pair has a row");
            for pair in pairs(&row) {
                open.remove(&pair);
            }
            if seen.insert(row.clone()) {
                rows.push(row);
            }
        }
        rows
    }

    /// All pairs of choices that some allowed row holds.
    pub(super) fn feasible_pairs(&self) -> BTreeSet<(Choice, Choice)> {
        let none = BTreeSet::new();
        let mut feasible = BTreeSet::new();
        for one in self.choices() {
            for other in self.choices().filter(|other| other.0 > one.0) {
                if self.complete(&[one, other], &none, 0).is_some() {
                    feasible.insert((one, other));
                }
            }
        }
        feasible
    }

    fn choices(&self) -> impl Iterator<Item = Choice> {
        let sizes = self.sizes.iter().enumerate();
        sizes.flat_map(|(dimension, size)| (0..*size).map(move |value| (dimension, value)))
    }

    /// Completes some choices to an allowed row, with as many open pairs as can be had cheaply.
    fn complete(
        &self,
        start: &[Choice],
        open: &BTreeSet<(Choice, Choice)>,
        turn: usize,
    ) -> Option<Vec<usize>> {
        let mut row = vec![None; self.sizes.len()];
        for (dimension, value) in start {
            row[*dimension] = Some(*value);
        }
        (self.is_allowed(&row) && self.fill(&mut row, 0, open, turn))
            .then(|| row.into_iter().flatten().collect())
    }

    fn fill(
        &self,
        row: &mut Vec<Option<usize>>,
        dimension: usize,
        open: &BTreeSet<(Choice, Choice)>,
        turn: usize,
    ) -> bool {
        if dimension == row.len() {
            return true;
        }
        if row[dimension].is_some() {
            return self.fill(row, dimension + 1, open, turn);
        }
        let size = self.sizes[dimension];
        let mut values: Vec<(usize, usize, usize)> = (0..size)
            .map(|value| {
                let gained = gained(row, (dimension, value), open);
                // Among equals another one goes first at every turn.
                let order = (value + mixed(turn, dimension)) % size;
                (open.len() - gained, order, value)
            })
            .collect();
        values.sort_unstable();
        for (_, _, value) in values {
            row[dimension] = Some(value);
            if self.is_allowed(row) && self.fill(row, dimension + 1, open, turn) {
                return true;
            }
        }
        row[dimension] = None;
        false
    }

    fn is_allowed(&self, row: &[Option<usize>]) -> bool {
        let stands = |(dimension, value): &Choice| row[*dimension] == Some(*value);
        !self
            .forbidden
            .iter()
            .any(|clause| clause.iter().all(stands))
    }
}

/// The pairs of a row.
pub(super) fn pairs(row: &[usize]) -> impl Iterator<Item = (Choice, Choice)> {
    (0..row.len()).flat_map(move |one| {
        (one + 1..row.len()).map(move |other| ((one, row[one]), (other, row[other])))
    })
}

fn gained(row: &[Option<usize>], choice: Choice, open: &BTreeSet<(Choice, Choice)>) -> usize {
    row.iter()
        .enumerate()
        .filter_map(|(dimension, value)| Some((dimension, (*value)?)))
        .filter(|other| open.contains(&(choice.min(*other), choice.max(*other))))
        .count()
}

/// A number that looks arbitrary and is always the same.
fn mixed(turn: usize, dimension: usize) -> usize {
    let number = (turn as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (dimension as u64) << 32;
    (number.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as usize
}

#[test]
fn every_pair_is_in_some_row_and_nothing_forbidden_is() {
    let space = Space {
        sizes: vec![3, 2, 4, 2, 3],
        forbidden: vec![vec![(0, 1), (1, 1)], vec![(1, 0), (2, 3), (4, 2)]],
    };
    let rows = space.rows(20);
    assert!(rows.len() >= 20);
    let held: BTreeSet<_> = rows.iter().flat_map(|row| pairs(row)).collect();
    assert!(!held.contains(&((0, 1), (1, 1))));
    assert_eq!(held, space.feasible_pairs());
    assert!(
        !rows
            .iter()
            .any(|row| row[1] == 0 && row[2] == 3 && row[4] == 2)
    );
    assert_eq!(rows, space.rows(20));
}
