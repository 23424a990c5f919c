//! Marks within a text: invisible notes that say where the characters before them come from.
//!
//! A mark is an opening character, a number in sixteen digits' worth of characters, and a closing
//! one, all from a block of private-use characters that the templates and values do not use.

/// How many characters an alphabet takes: two openings, a closing, sixteen digits.
const LETTERS: u32 = 19;
/// Where the private-use planes 15 and 16 begin.
const PLANES: [u32; 2] = [0xF_0000, 0x10_0000];

/// What a mark says about the characters before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// They were written by the template place with this number.
    Template(usize),
    /// They are made from the value with this number.
    Value(usize),
}

/// The characters that marks are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alphabet {
    first: u32,
}

impl Alphabet {
    /// Finds characters that are in none of the texts.
    pub(super) fn unused<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> Option<Self> {
        let blocks = PLANES
            .into_iter()
            .flat_map(|plane| (0..64).map(move |block| plane + block * LETTERS));
        blocks.map(|first| Self { first }).find(|alphabet| {
            let mut texts = texts.clone();
            !texts.any(|text| text.chars().any(|c| alphabet.letter(c).is_some()))
        })
    }

    fn letter(self, c: char) -> Option<u32> {
        let letter = u32::from(c).checked_sub(self.first)?;
        (letter < LETTERS).then_some(letter)
    }

    fn char(self, letter: u32) -> char {
        char::from_u32(self.first + letter).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// Writes a mark.
    pub(super) fn write(self, mark: Mark) -> String {
        let (open, number) = match mark {
            Mark::Template(number) => (0, number),
            Mark::Value(number) => (1, number),
        };
        let mut text = String::from(self.char(open));
        for digit in format!("{number:x}").chars() {
            text.push(self.char(3 + digit.to_digit(16).unwrap_or_default()));
        }
        text.push(self.char(2));
        text
    }

    /// Takes the marks out of a text: the text without them, and each with its offset there.
    pub(super) fn take(self, marked: &str) -> (String, Vec<(usize, Mark)>) {
        let mut text = String::with_capacity(marked.len());
        let mut marks = Vec::new();
        let (mut open, mut number) = (0, 0);
        for c in marked.chars() {
            match self.letter(c) {
                None => text.push(c),
                Some(letter @ 0..=1) => (open, number) = (letter, 0),
                Some(2) if open == 0 => marks.push((text.len(), Mark::Template(number))),
                Some(2) => marks.push((text.len(), Mark::Value(number))),
                Some(digit) => number = number * 16 + (digit - 3) as usize,
            }
        }
        (text, marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn characters_in_use_are_avoided() {
        let first = Alphabet::unused([""].into_iter()).unwrap();
        let used = String::from(first.char(7));
        let second = Alphabet::unused([used.as_str()].into_iter()).unwrap();
        assert_ne!(first, second);
        assert_eq!(second.take(&used), (used.clone(), vec![]));
    }

    proptest! {
        #[test]
        fn marks_come_out_as_they_went_in(parts in proptest::collection::vec(("\\PC{0,5}", 0usize..5000), 0..8)) {
            let plain: String = parts.iter().map(|(text, _)| text.as_str()).collect();
            let alphabet = Alphabet::unused([plain.as_str()].into_iter()).unwrap();
            let (mut marked, mut expected, mut at) = (String::new(), Vec::new(), 0);
            for (text, number) in &parts {
                at += text.len();
                let mark = if number % 2 == 0 { Mark::Template(*number) } else { Mark::Value(*number) };
                marked.push_str(text);
                marked.push_str(&alphabet.write(mark));
                expected.push((at, mark));
            }
            prop_assert_eq!(alphabet.take(&marked), (plain, expected));
        }
    }
}
