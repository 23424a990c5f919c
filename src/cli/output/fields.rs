//! Names with their values, a line each.

use super::table::hanging;
use super::width::{folded, room};

/// The columns of a name.
const NAME: usize = 12;
/// In fewer columns a value goes on below its name.
const NARROW: usize = 50;

/// Lines up values beside their names. In a terminal, a value that is too long goes on in the next line, below
/// its beginning.
pub(in crate::cli) fn fields<'a>(
    fields: impl IntoIterator<Item = (&'a str, String)>,
) -> Vec<String> {
    let room = room();
    let fields = fields.into_iter();
    fields
        .flat_map(|(name, value)| field(name, &value, room))
        .collect()
}

fn field(name: &str, value: &str, room: Option<usize>) -> Vec<String> {
    match room {
        None => vec![format!("{name:<NAME$} {value}")],
        Some(room) if room < NARROW => hanging(&format!("{}: {value}", name.trim_start()), room),
        Some(room) => beside(&format!("{name:<NAME$} "), NAME + 1, value, room),
    }
}

/// A text beside its head, which takes so many columns; its further lines stand below its beginning.
pub(super) fn beside(head: &str, columns: usize, text: &str, room: usize) -> Vec<String> {
    let left = room.saturating_sub(columns);
    let lines = folded(text, left, left).into_iter().enumerate();
    let line = |(at, line)| match at {
        0 => format!("{head}{line}"),
        _ => format!("{:columns$}{line}", ""),
    };
    lines.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "InService, serving another config than was deployed: it was rolled back";

    #[test]
    fn a_value_stands_beside_its_name_in_as_many_lines_as_it_needs() {
        let whole = [format!("endpoint     {VALUE}")];
        assert_eq!(field("endpoint", VALUE, None), whole);
        assert_eq!(field("endpoint", VALUE, Some(90)), whole);
        assert_eq!(
            field("endpoint", VALUE, Some(60)),
            [
                "endpoint     InService, serving another config than was",
                "             deployed: it was rolled back",
            ]
        );
    }

    #[test]
    fn in_a_narrow_terminal_it_goes_on_below_the_name() {
        assert_eq!(
            field("  sha256", "9f86d0 twice", Some(18)),
            ["sha256: 9f86d0", "  twice"]
        );
    }
}
