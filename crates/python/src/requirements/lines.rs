//! The lines of a requirements file, joined where they belong together.

/// Lines with `\` at their end joined, comments cut off, blank ones left out.
pub(super) fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    // Editors of one system begin a text with a mark, which is no part of it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in (1..).zip(text.lines()) {
        let comment = line.trim_start().starts_with('#');
        let (_, joined) = open.get_or_insert_with(|| (number, String::new()));
        joined.push(' ');
        match line.strip_suffix('\\') {
            // As in pip: a comment ends a joined line, even with `\` at its end.
            Some(rest) if !comment => joined.push_str(rest),
            _ => {
                joined.push_str(without_comment(line));
                lines.extend(open.take());
            }
        }
    }
    lines.extend(open);
    let trimmed = lines.into_iter().map(|(number, line)| (number, line.trim().to_owned()));
    trimmed.filter(|(_, line)| !line.is_empty()).collect()
}

/// A `#` begins a comment at the start or behind a blank: URLs have fragments.
fn without_comment(line: &str) -> &str {
    let begins = |(at, _): &(usize, &str)| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    line.match_indices('#').find(begins).map_or(line, |(at, _)| &line[..at])
}
