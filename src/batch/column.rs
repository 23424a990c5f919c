//! Where in a line its text is.

use std::str::FromStr;

/// Which column of a table, or field of a JSON object, has the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// The one of this name.
    Name(String),
    /// The one at this place, from 1, in a table whose first row is data already.
    Number(usize),
}

impl FromStr for Column {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.parse() {
            Ok(number) if number > 0 => Self::Number(number),
            _ => Self::Name(text.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_place_and_all_else_a_name() {
        let column = |text: &str| text.parse::<Column>().unwrap();
        assert_eq!(column("2"), Column::Number(2));
        assert_eq!(column("0"), Column::Name("0".into()));
        assert_eq!(column("TITLE"), Column::Name("TITLE".into()));
    }
}
