//! The text of a derived image.toml.

use crate::derive::error::DeriveError;

/// A value for image.toml, as TOML, with the reason for it; an empty reason adds no comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) key: &'static str,
    pub(super) value: String,
    pub(super) reason: String,
    /// Whether the value is only an example: the line is a comment.
    pub(super) is_missing: bool,
}

impl Line {
    pub(super) fn new(key: &'static str, value: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { key, value: value.into(), reason: reason.into(), is_missing: false }
    }

    /// Only a comment.
    pub(super) fn comment(text: impl Into<String>) -> Self {
        Self { is_missing: true, ..Self::new("", "", text) }
    }

    /// A line for a key that could not be derived, with an example of a value.
    pub(super) fn missing(key: &'static str, example: &str, error: &DeriveError) -> Self {
        Self { is_missing: true, ..Self::new(key, example, format!("{error}\n{}", error.hint())) }
    }
}

/// A text as a TOML string.
pub(super) fn text(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "\""
}

/// A name as a TOML key.
pub(super) fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if is_bare { name.to_owned() } else { text(name) }
}

/// Texts as a TOML list.
pub(super) fn list<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|it| text(it.as_ref())).collect();
    format!("[{}]", texts.join(", "))
}

/// Sections as a whole image.toml; the section without a name comes first.
pub(super) fn document(sections: &[(&str, Vec<Line>)]) -> String {
    document_of("# Derived from the files of this folder; every key is explained in docs/image-toml.md.\n", sections)
}

/// The same below another first line.
pub(super) fn document_of(head: &str, sections: &[(&str, Vec<Line>)]) -> String {
    let mut out = head.to_owned();
    for (name, lines) in sections.iter().filter(|(_, lines)| !lines.is_empty()) {
        out.push('\n');
        if !name.is_empty() {
            out += &format!("[{name}]\n");
        }
        for Line { key, value, reason, is_missing } in lines {
            for line in reason.lines() {
                // A name from the folder must not end the comment.
                let line: String = line.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
                out += &format!("# {line}\n");
            }
            if !key.is_empty() {
                out += &format!("{}{key} = {value}\n", if *is_missing { "# " } else { "" });
            }
        }
    }
    out
}
