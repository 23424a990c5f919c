//! Columns of text.

/// Lines up rows, the titles among them, in columns as wide as they have to be.
pub(in crate::cli) fn table<const N: usize>(
    titles: [&str; N],
    rows: &[[String; N]],
) -> Vec<String> {
    let titles = titles.map(str::to_owned);
    let lines: Vec<&[String; N]> = std::iter::once(&titles).chain(rows).collect();
    let width = |column: usize| {
        let widths = lines.iter().map(|line| line[column].chars().count());
        widths.max().unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let padded = |line: &&[String; N]| {
        let cells = line.iter().zip(widths);
        let padded = cells.map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(padded).collect()
}
