//! Columns of text, as many as there is room for.

use super::log_line;
use super::width::{cut, folded, room, shortened, width};

/// The columns between two cells.
const GAP: usize = 2;
/// What lines begin with that go on with the one above.
const INDENT: &str = "  ";

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Column {
    title: &'static str,
    /// To how many columns its cells may be shortened.
    least: Option<usize>,
}

impl Column {
    /// One whose cells are shown whole: names to be copied, and figures.
    pub(in crate::cli) const fn whole(title: &'static str) -> Self {
        let least = None;
        Self { title, least }
    }

    /// One whose cells may be shortened to so many columns where there is little room.
    pub(in crate::cli) const fn short(title: &'static str, least: usize) -> Self {
        Self {
            title,
            least: Some(least),
        }
    }
}

/// Lines up rows, the titles among them, in columns as wide as they have to be. Where the terminal is narrower,
/// cells are shortened that may be; where that is not enough, each row has lines of its own.
pub(in crate::cli) fn table<const N: usize>(
    columns: [Column; N],
    rows: &[[String; N]],
) -> Vec<String> {
    laid_out(&columns, rows, room(), cut())
}

fn laid_out<const N: usize>(
    columns: &[Column; N],
    rows: &[[String; N]],
    room: Option<usize>,
    cut: &str,
) -> Vec<String> {
    let titles = columns.map(|column| column.title.to_owned());
    let rows = rows
        .iter()
        .map(|row| row.each_ref().map(|cell| log_line(cell)));
    let lines: Vec<[String; N]> = std::iter::once(titles).chain(rows).collect();
    let widest = |column: usize| {
        let widths = lines.iter().map(|line| width(&line[column]));
        widths.max().unwrap_or_default()
    };
    let natural: [usize; N] = std::array::from_fn(widest);
    let widths = match room {
        Some(room) => squeezed(columns, natural, room),
        None => Some(natural),
    };
    let Some(widths) = widths else {
        return blocks(columns, &lines[1..], room.unwrap_or_default());
    };
    let padded = |line: &[String; N]| {
        let cells = line.iter().zip(widths).map(|(cell, columns)| {
            let cell = shortened(cell, columns, cut);
            let filled = columns.saturating_sub(width(&cell));
            format!("{cell}{:filled$}", "")
        });
        let cells: Vec<String> = cells.collect();
        cells.join(&" ".repeat(GAP)).trim_end().to_owned()
    };
    lines.iter().map(padded).collect()
}

/// Makes columns narrower, the widest first, until all fit; `None` where they cannot.
fn squeezed<const N: usize>(
    columns: &[Column; N],
    mut widths: [usize; N],
    room: usize,
) -> Option<[usize; N]> {
    while widths.iter().sum::<usize>() + GAP * N.saturating_sub(1) > room {
        let bears = |column: &usize| {
            let least = columns[*column].least;
            least.is_some_and(|least| widths[*column] > least)
        };
        let widest = (0..N).filter(bears).max_by_key(|column| widths[*column])?;
        widths[widest] -= 1;
    }
    Some(widths)
}

/// Each row in lines of its own, a cell with its title in each; what is empty is left out.
fn blocks<const N: usize>(columns: &[Column; N], rows: &[[String; N]], room: usize) -> Vec<String> {
    let cell = |(column, cell): (&Column, &String)| match column.title {
        _ if cell.is_empty() => Vec::new(),
        "" => hanging(cell, room),
        title => hanging(&format!("{title}: {cell}"), room),
    };
    let row = |row: &[String; N]| columns.iter().zip(row).flat_map(cell).collect::<Vec<_>>();
    let blocks: Vec<Vec<String>> = rows.iter().map(row).collect();
    blocks.join(&String::new())
}

/// A text in lines of which all but the first are indented.
pub(super) fn hanging(text: &str, room: usize) -> Vec<String> {
    let rest = room.saturating_sub(INDENT.len());
    let lines = folded(text, room, rest).into_iter().enumerate();
    let line = |(at, line)| match at {
        0 => line,
        _ => format!("{INDENT}{line}"),
    };
    lines.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::whole(""),
        Column::whole("job"),
        Column::short("why", 6),
        Column::short("by", 4),
    ];

    fn lines(room: Option<usize>, cut: &str) -> Vec<String> {
        let rows = [
            ["serves", "news-1", "the label is unknown", "alice"],
            ["", "news-新", "", "bob"],
        ];
        laid_out(&COLUMNS, &rows.map(|row| row.map(str::to_owned)), room, cut)
    }

    /// What a terminal of so many columns shows: nothing is wrapped by it.
    fn shown(columns: u16) -> String {
        let text = lines(Some(columns.into()), "…").join("\r\n");
        let mut terminal =
            vt100::Parser::new(24.try_into().unwrap(), columns.try_into().unwrap(), 0);
        terminal.process(text.as_bytes());
        terminal.screen().contents()
    }

    #[test]
    fn columns_are_as_wide_as_they_have_to_be() {
        let whole = [
            "        job      why                   by",
            "serves  news-1   the label is unknown  alice",
            "        news-新                        bob",
        ];
        assert_eq!(lines(None, "…"), whole);
        assert_eq!(lines(Some(44), "…"), whole);
    }

    #[test]
    fn cells_that_may_be_are_shortened_the_widest_first() {
        assert_eq!(
            shown(40),
            "        job      why               by\n\
             serves  news-1   the label is un…  alice\n        news-新                    bob"
        );
        assert_eq!(lines(Some(29), "...")[1], "serves  news-1   the...  a...");
    }

    #[test]
    fn where_nothing_more_can_be_shortened_each_row_is_a_block() {
        assert_eq!(
            shown(20),
            "serves\njob: news-1\nwhy: the label is\n  unknown\nby: alice\n\njob: news-新\nby: bob"
        );
    }

    #[test]
    fn a_cell_is_one_line() {
        let rows = [["a\nb".to_owned()]];
        assert_eq!(
            laid_out(&[Column::whole("x")], &rows, None, "…"),
            ["x", "a b"]
        );
    }
}
