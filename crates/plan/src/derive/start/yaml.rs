//! As much of YAML as files are made of that name commands: keys by their indentation, texts, and lists.

use crate::derive::entry::typed;

/// A line: how far it is indented, and its text without a comment.
pub(super) type Line<'t> = (usize, &'t str);

/// The lines of a file that are not empty.
pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    text.lines().filter_map(line).collect()
}

fn line(text: &str) -> Option<Line<'_>> {
    let indent = text.len() - text.trim_start_matches(' ').len();
    let text = match text.trim_start().starts_with('#') {
        true => "",
        false => text.split_once(" #").map_or(text, |(text, _)| text).trim(),
    };
    (!text.is_empty()).then_some((indent, text))
}

/// The lines below a key at an indentation.
pub(super) fn block<'l, 't>(lines: &'l [Line<'t>], indent: usize, key: &str) -> &'l [Line<'t>] {
    let is_key = |line: &Line<'_>| line.0 == indent && line.1.strip_suffix(':') == Some(key);
    let Some(at) = lines.iter().position(is_key) else { return &[] };
    let rest = &lines[at + 1..];
    let end = rest.iter().position(|line| line.0 <= indent).unwrap_or(rest.len());
    &rest[..end]
}

/// The entries of a block, each with its first line and those below it.
pub(super) fn mappings<'l, 't>(lines: &'l [Line<'t>]) -> Vec<(&'t str, &'l [Line<'t>])> {
    let Some(indent) = lines.first().map(|line| line.0) else { return Vec::new() };
    let mut found = Vec::new();
    let mut rest = lines;
    while let [(_, first), below @ ..] = rest {
        // A list may begin at the indentation of its key.
        let is_next = |line: &Line<'_>| line.0 < indent || line.0 == indent && !line.1.starts_with("- ");
        let end = below.iter().position(is_next).unwrap_or(below.len());
        found.push((*first, &below[..end]));
        rest = &below[end..];
    }
    found
}

/// The items of a list, each as the lines of a block.
pub(super) fn items<'t>(lines: &[Line<'t>]) -> Vec<Vec<Line<'t>>> {
    let Some(indent) = lines.first().map(|line| line.0) else { return Vec::new() };
    let mut found: Vec<Vec<Line<'t>>> = Vec::new();
    for (own, text) in lines {
        match text.strip_prefix("- ").filter(|_| *own == indent) {
            Some(first) => found.push(vec![(indent + 2, first.trim_start())]),
            None => found.iter_mut().last().into_iter().for_each(|item| item.push((*own, *text))),
        }
    }
    found
}

/// The text of a key of a block, if it is a command in any of its forms.
pub(super) fn command_of(lines: &[Line<'_>], key: &str) -> Option<String> {
    mappings(lines).into_iter().find_map(|(first, below)| {
        let (name, value) = first.split_once(':')?;
        (unquoted(name) == key).then(|| command(value.trim(), below))?
    })
}

/// A command: a text, a text over several lines, or a list of words.
pub(super) fn command(value: &str, below: &[Line<'_>]) -> Option<String> {
    let items = |items: Vec<&str>| Some(typed(items.into_iter().map(unquoted).collect::<Vec<_>>()));
    if let Some(inside) = value.strip_prefix('[').and_then(|value| value.strip_suffix(']')) {
        return items(inside.split(',').collect());
    }
    if value.is_empty() {
        let list: Option<Vec<&str>> = below.iter().map(|line| line.1.strip_prefix("- ")).collect();
        return list.filter(|list| !list.is_empty()).and_then(items);
    }
    let rest = || below.iter().map(|line| line.1).collect::<Vec<_>>().join(" ");
    match value {
        ">" | ">-" | "|" | "|-" => Some(rest()).filter(|text| !text.is_empty()),
        value if below.is_empty() => Some(unquoted(value)),
        value => Some(unquoted(&format!("{value} {}", rest()))),
    }
}

/// A scalar without the quotes around it.
pub(super) fn unquoted(text: &str) -> String {
    let text = text.trim();
    let inside = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    match (inside('"'), inside('\'')) {
        (Some(text), _) => text.replace("\\\"", "\"").replace("\\\\", "\\"),
        (None, Some(text)) => text.replace("''", "'"),
        (None, None) => text.to_owned(),
    }
}
