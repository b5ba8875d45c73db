//! Text in columns, and sizes as users read them.

use std::ops::Range;

use crate::shown;

/// A size as users read it, in binary units.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// Rows under one another: words to the left, the numbers in these columns to the right.
pub(crate) fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]], numbers: Range<usize>) -> String {
    rows_of(&rows.iter().map(<[String; COLUMNS]>::as_slice).collect::<Vec<_>>(), |column| numbers.contains(&column))
}

/// The same for rows of any one length, and any columns.
pub(crate) fn rows_of(rows: &[&[String]], is_number: impl Fn(usize) -> bool) -> String {
    // A line end in a cell would begin a row of ours.
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| shown::line(cell)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match is_number(column) {
            true => format!("  {cell:>width$}"),
            false => format!("  {cell:width$}"),
        });
        cells.collect::<String>().trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        for (bytes, expected) in [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (20 << 20, "20.0 MiB")] {
            assert_eq!(size(bytes), expected);
        }
    }
}
