//! What a package's `copyright` says of licenses, where programs can read it (Debian's copyright-format 1.0, DEP 5).

/// The licenses of a package's files, as its paragraphs name them, each once and sorted: `GPL-2+ or Artistic`. None where
/// the text is for people alone. Nothing in it was checked: the text is an image's.
pub fn licenses(copyright: &str) -> Vec<String> {
    let mut paragraphs = copyright.split("\n\n").map(|paragraph| paragraph.trim_start_matches('\n'));
    let is_readable = |header: &str| {
        let format = field(header, "Format").or_else(|| field(header, "Format-Specification"));
        format.is_some_and(|format| format.contains("copyright-format") || format.to_ascii_lowercase().contains("dep5"))
    };
    let Some(header) = paragraphs.next().filter(|header| is_readable(header)) else { return Vec::new() };
    // A paragraph with a license and no files is the text of one that others name.
    let of_files = paragraphs.filter(|paragraph| field(paragraph, "Files").is_some());
    let named = std::iter::once(header).chain(of_files).filter_map(|paragraph| field(paragraph, "License"));
    let mut named: Vec<String> =
        named.map(|license| license.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    named.sort();
    named.dedup();
    named
}

/// The first line of a field: what follows a license's name there is its text.
fn field<'p>(paragraph: &'p str, name: &str) -> Option<&'p str> {
    let own = paragraph.lines().filter(|line| !line.starts_with([' ', '\t', '#'])).filter_map(|it| it.split_once(':'));
    let mut values = own.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
    let value = values.next()?;
    // Files may begin in the next line.
    (name == "Files" || !value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licenses_are_those_of_files() {
        let text = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
            Upstream-Name: x\n\nFiles: *\nCopyright: 2020 X\nLicense: GPL-2+  or Artistic\n This is free.\n .\n\
            \x20License: no field\n\nFiles:\n a\n b\nCopyright: Y\nLicense: Expat\n\nFiles: c\nLicense: Expat\n\n\
            License: BSD-3-clause\n Only a text.\n";
        assert_eq!(licenses(text), ["Expat", "GPL-2+ or Artistic"]);
        for people in ["This package was debianized by X.\n\nFiles: *\nLicense: Expat\n", "", "Format: x\n"] {
            assert!(licenses(people).is_empty(), "{people}");
        }
        let header = "Format: http://dep.debian.net/deps/dep5/\nLicense: ISC\n";
        assert_eq!(licenses(header), ["ISC"]);
    }
}
