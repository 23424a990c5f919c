//! Names of releases.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::bundle::Digest;

/// Digits of the content's digest that a name carries.
const DIGITS: usize = 12;

/// Names a release: how manieth of its environment it is, and what is in it.
///
/// The number tells releases of the same content apart, as after going back to an earlier one. It is known
/// before anything is deployed, so that stacks can carry it as a tag. One that never came to serve leaves
/// no record, and may leave a gap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReleaseId {
    /// Counts from 1.
    pub number: u32,
    content: String,
}

/// A text is no name of a release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no name of a release, which looks like 7-3f2a91bc04de")]
pub struct NoReleaseId(String);

impl ReleaseId {
    /// Names a release of these stacks, told by their fingerprints.
    pub fn new(number: u32, foundation: &str, service: &str) -> Self {
        let digest = Digest::of_bytes(format!("{foundation}\n{service}").as_bytes());
        let content = digest.as_str().chars().take(DIGITS).collect();
        Self { number, content }
    }

    /// Whether both name the same content.
    pub fn same_content(&self, other: &Self) -> bool {
        self.content == other.content
    }

    /// Whether a user who writes this means this release: all of its name, its number, or the beginning of
    /// what follows the number (four digits at least).
    pub fn is_meant_by(&self, text: &str) -> bool {
        const FEWEST: usize = 4;
        let number = text.parse().is_ok_and(|number: u32| number == self.number);
        let content = text.len() >= FEWEST && self.content.starts_with(text);
        number || content || self.to_string() == text
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.number, self.content)
    }
}

impl FromStr for ReleaseId {
    type Err = NoReleaseId;

    fn from_str(text: &str) -> Result<Self, NoReleaseId> {
        let wrong = || NoReleaseId(text.to_owned());
        let (number, content) = text.split_once('-').ok_or_else(wrong)?;
        let is_digit = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        let number: u32 = number.parse().map_err(|_| wrong())?;
        let id = Self {
            number,
            content: content.to_owned(),
        };
        // One release has one name: no sign, no leading zeros.
        let good = content.len() == DIGITS && content.bytes().all(is_digit);
        if good && number > 0 && id.to_string() == text {
            Ok(id)
        } else {
            Err(wrong())
        }
    }
}

impl TryFrom<String> for ReleaseId {
    type Error = NoReleaseId;

    fn try_from(text: String) -> Result<Self, NoReleaseId> {
        text.parse()
    }
}

impl From<ReleaseId> for String {
    fn from(id: ReleaseId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written_and_in_no_other_way() {
        let id = ReleaseId::new(7, "f", "s");
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        for wrong in [
            "",
            "7",
            "7-",
            "0-3f2a91bc04de",
            "07-3f2a91bc04de",
            "+7-3f2a91bc04de",
            "7-3f2a91bc04d",
            "7-3F2A91BC04DE",
            "7-3f2a91bc04de0",
            "x-3f2a91bc04de",
        ] {
            assert!(wrong.parse::<ReleaseId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_content_decides_all_but_the_number() {
        let id = ReleaseId::new(1, "f", "s");
        assert!(id.same_content(&ReleaseId::new(2, "f", "s")));
        assert!(!id.same_content(&ReleaseId::new(1, "f", "t")));
        assert!(!id.same_content(&ReleaseId::new(1, "fs", "")));
    }

    #[test]
    fn users_may_shorten_a_name() {
        let id: ReleaseId = "12-3f2a91bc04de".parse().unwrap();
        for meant in ["12", "12-3f2a91bc04de", "3f2a", "3f2a91bc04de"] {
            assert!(id.is_meant_by(meant), "{meant}");
        }
        for other in ["1", "2", "3f2", "f2a9", "13-3f2a91bc04de", ""] {
            assert!(!id.is_meant_by(other), "{other}");
        }
    }
}
