//! Durations and sizes as people write them: `25s`, `90m`, `2h`, `30d`; `256 MiB`, `50 GiB`.

use std::fmt;
use std::str::FromStr;

/// A length of time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timespan(u64);

impl Timespan {
    /// The longest that can be written: a hundred years, far from any overflow.
    const MAX_SECONDS: u64 = 100 * 366 * 86_400;

    /// Makes a time span of so many seconds.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The length in seconds.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// The length in days, if it is a whole number of them.
    pub const fn whole_days(self) -> Option<u64> {
        if self.0.is_multiple_of(86_400) {
            Some(self.0 / 86_400)
        } else {
            None
        }
    }
}

impl fmt::Display for Timespan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60)] {
            if self.0 >= length && self.0.is_multiple_of(length) {
                return write!(f, "{}{unit}", self.0 / length);
            }
        }
        write!(f, "{}s", self.0)
    }
}

impl FromStr for Timespan {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = split(text).ok_or(UnitError::Timespan)?;
        let length = match unit {
            "s" => 1,
            "m" | "min" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(UnitError::Timespan),
        };
        let seconds = number.checked_mul(length).ok_or(UnitError::TooLarge)?;
        if seconds > Self::MAX_SECONDS {
            Err(UnitError::TooLarge)
        } else {
            Ok(Self(seconds))
        }
    }
}

/// A short length of time in milliseconds, as `800ms` or `2s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Latency(u64);

impl Latency {
    /// Makes a latency of so many milliseconds.
    pub const fn from_milliseconds(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// The latency in milliseconds.
    pub const fn milliseconds(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= 1_000 && self.0.is_multiple_of(1_000) {
            Timespan(self.0 / 1_000).fmt(f)
        } else {
            write!(f, "{}ms", self.0)
        }
    }
}

impl FromStr for Latency {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        if let Some((number, "ms")) = split(text) {
            return Ok(Self(number));
        }
        let span: Timespan = text.parse().map_err(|error| match error {
            UnitError::TooLarge => error,
            _ => UnitError::Latency,
        })?;
        let milliseconds = span.seconds().checked_mul(1_000);
        milliseconds.map(Self).ok_or(UnitError::TooLarge)
    }
}

/// An amount of memory or disk in whole MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u64);

impl Size {
    /// Makes a size of so many MiB.
    pub const fn from_mib(mib: u64) -> Self {
        Self(mib)
    }

    /// The size in MiB.
    pub const fn mib(self) -> u64 {
        self.0
    }

    /// The size in GiB, if it is a whole number of them.
    pub const fn whole_gib(self) -> Option<u64> {
        if self.0.is_multiple_of(1024) {
            Some(self.0 / 1024)
        } else {
            None
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.whole_gib() {
            Some(gib) if gib > 0 => write!(f, "{gib} GiB"),
            _ => write!(f, "{} MiB", self.0),
        }
    }
}

impl FromStr for Size {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = split(text).ok_or(UnitError::Size)?;
        let mib: u64 = match unit {
            "MiB" => 1,
            "GiB" => 1024,
            "TiB" => 1024 * 1024,
            "MB" | "GB" | "TB" | "M" | "G" | "T" => return Err(UnitError::DecimalSize),
            _ => return Err(UnitError::Size),
        };
        number.checked_mul(mib).map(Self).ok_or(UnitError::TooLarge)
    }
}

/// Splits `90m` or `50 GiB` into number and unit.
fn split(text: &str) -> Option<(u64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    Some((number.parse().ok()?, unit))
}

/// Says why a text is no duration or size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not of the form of a duration.
    #[error("a duration is a whole number and a unit, such as `25s`, `90m`, `2h` or `30d`")]
    Timespan,
    /// Not of the form of a latency.
    #[error("a latency is a whole number and a unit, such as `800ms` or `2s`")]
    Latency,
    /// Not of the form of a size.
    #[error("a size is a whole number and a unit, such as `256 MiB` or `50 GiB`")]
    Size,
    /// A decimal unit, where AWS counts in binary ones.
    #[error("AWS counts in powers of 1024: write `MiB`, `GiB` or `TiB`")]
    DecimalSize,
    /// Beyond what can be held.
    #[error("the number is too large")]
    TooLarge,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_shown() {
        for (text, seconds, shown) in [
            ("25s", 25, "25s"),
            ("90m", 5_400, "90m"),
            ("2h", 7_200, "2h"),
            ("120 m", 7_200, "2h"),
            ("30d", 2_592_000, "30d"),
            ("0s", 0, "0s"),
        ] {
            let span: Timespan = text.parse().unwrap();
            assert_eq!(
                (span.seconds(), span.to_string().as_str()),
                (seconds, shown),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "25", "s", "-5s", "1.5h", "5 weeks", "2h30m", "5  s"] {
            assert_eq!(text.parse::<Timespan>(), Err(UnitError::Timespan), "{text}");
        }
        assert_eq!(
            "99999999999999999d".parse::<Timespan>(),
            Err(UnitError::TooLarge)
        );
    }

    #[test]
    fn latencies_are_read_and_shown() {
        for (text, milliseconds, shown) in [
            ("800ms", 800, "800ms"),
            ("2s", 2_000, "2s"),
            ("1m", 60_000, "1m"),
            ("1500 ms", 1_500, "1500ms"),
        ] {
            let latency: Latency = text.parse().unwrap();
            assert_eq!(latency.milliseconds(), milliseconds, "{text}");
            assert_eq!(latency.to_string(), shown);
        }
        assert_eq!("2".parse::<Latency>(), Err(UnitError::Latency));
        assert_eq!("1.5s".parse::<Latency>(), Err(UnitError::Latency));
    }

    #[test]
    fn sizes_are_read_and_shown() {
        let size: Size = "50 GiB".parse().unwrap();
        assert_eq!((size.mib(), size.whole_gib()), (51_200, Some(50)));
        assert_eq!("256MiB".parse::<Size>().unwrap().to_string(), "256 MiB");
        assert_eq!("50 GB".parse::<Size>(), Err(UnitError::DecimalSize));
        assert_eq!("lots".parse::<Size>(), Err(UnitError::Size));
    }
}
