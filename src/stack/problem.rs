//! What is wrong with a stack file: plain data with a place, which `cli` shows underlined.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::code::Code;

/// One mistake in a stack file, with its place and its remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which kind of mistake it is.
    pub code: &'static Code,
    /// What is wrong, in one line without a full stop.
    pub summary: String,
    /// Why it is wrong, where the summary does not say so already.
    pub why: Option<String>,
    /// Where in the file; `None` when the whole file is meant.
    pub place: Option<Place>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// Makes a problem that concerns the whole file.
    pub fn new(code: &'static Code, summary: impl Into<String>) -> Self {
        Self {
            code,
            summary: summary.into(),
            why: None,
            place: None,
            help: None,
        }
    }

    /// Puts the problem at a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Adds the reason.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Adds the remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A stretch of the source text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// The stretch in bytes of the source text; empty when only the point is known.
    pub bytes: Range<usize>,
}

/// A file that was read, with its text.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as it was given.
    pub path: PathBuf,
    /// The whole text; empty when the file could not be read.
    pub text: String,
}

/// Everything found wrong in one run over a stack file; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    source: Arc<Source>,
    list: Vec<Problem>,
}

impl Problems {
    /// Collects problems of one source, in the order of their places and without repetitions.
    pub fn new(source: Arc<Source>, mut list: Vec<Problem>) -> Self {
        list.sort_by_key(|problem| {
            problem
                .place
                .as_ref()
                .map(|place| (place.line, place.column))
        });
        let mut unique: Vec<Problem> = Vec::with_capacity(list.len());
        for problem in list {
            if !unique.contains(&problem) {
                unique.push(problem);
            }
        }
        Self {
            source,
            list: unique,
        }
    }

    /// Makes the problems of a file whose text could not be had.
    pub fn of_file(path: &Path, problem: Problem) -> Self {
        let source = Arc::new(Source {
            path: path.to_path_buf(),
            text: String::new(),
        });
        Self {
            source,
            list: vec![problem],
        }
    }

    /// The problems, in the order of their places.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// The file that they are in, with its text.
    pub fn source(&self) -> &Source {
        &self.source
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{}", self.source.path.display())?;
            if let Some(place) = &problem.place {
                write!(f, ":{}:{}", place.line, place.column)?;
            }
            write!(f, ": {}", problem.summary)?;
            if let Some(why) = &problem.why {
                write!(f, " ({why})")?;
            }
            if let Some(help) = &problem.help {
                write!(f, "; {help}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::codes::{UNKNOWN_FIELD as CODE, WRONG_TYPE};

    fn at(line: usize) -> Place {
        Place {
            line,
            column: 1,
            bytes: 0..0,
        }
    }

    #[test]
    fn problems_are_in_the_order_of_their_places_and_once_each() {
        let source = Arc::new(Source {
            path: "s.yaml".into(),
            text: String::new(),
        });
        let list = vec![
            Problem::new(&CODE, "late").at(at(9)),
            Problem::new(&CODE, "early").at(at(2)),
            Problem::new(&CODE, "late").at(at(9)),
        ];
        let problems = Problems::new(source, list);
        assert_eq!(problems.to_string(), "s.yaml:2:1: early\ns.yaml:9:1: late");
    }

    #[test]
    fn a_line_has_reason_and_remedy() {
        let problem = Problem::new(&WRONG_TYPE, "no").because("why").help("do");
        assert_eq!(
            Problems::of_file(Path::new("f"), problem).to_string(),
            "f: no (why); do"
        );
    }
}
