//! What is read out of the text of a module without parsing Python: a literal version and the first docstring.

/// What a module says about a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Literal {
    /// Nothing at the start of a line.
    Missing,
    /// One string in quotes.
    Text(String),
    /// Anything else.
    Other,
}

/// The string that a line `NAME = "..."` gives to one of some names; the first line that begins with one decides.
pub(super) fn literal(text: &str, names: &[&str]) -> Literal {
    let value = |line: &str| {
        names.iter().find_map(|name| {
            let rest = line.strip_prefix(name)?;
            (!rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.')).then(|| rest.to_owned())
        })
    };
    let mut lines = text.lines().filter_map(value);
    let Some(rest) = lines.next() else { return Literal::Missing };
    let rest = rest.trim_start();
    let rest = rest.strip_prefix(':').map_or(rest, |typed| typed.trim_start().trim_start_matches("str").trim_start());
    let assigned = rest.strip_prefix('=').map(str::trim_start).and_then(quoted);
    match assigned {
        // A second assignment may be the one that holds.
        Some(text) if lines.next().is_none() => Literal::Text(text),
        _ => Literal::Other,
    }
}

/// The content of a plain string, with nothing but a comment behind it.
fn quoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|quote| ['"', '\''].contains(quote))?;
    let (content, rest) = text[1..].split_once(quote)?;
    let rest = rest.trim_start();
    let is_plain = !content.is_empty() && !content.contains('\\') && (rest.is_empty() || rest.starts_with('#'));
    is_plain.then(|| content.to_owned())
}

/// The docstring that a module begins with, if it is a plain string.
pub(super) fn docstring(text: &str) -> Option<String> {
    let mut rest = text.trim_start_matches('\u{feff}');
    loop {
        rest = rest.trim_start();
        match rest.strip_prefix('#') {
            Some(comment) => rest = comment.split_once('\n')?.1,
            None => break,
        }
    }
    let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| rest.starts_with(quotes))?;
    let (content, _) = rest[quotes.len()..].split_once(quotes)?;
    let is_plain = !content.contains('\\') && (quotes.len() == 3 || !content.contains('\n'));
    (is_plain && !content.trim().is_empty()).then(|| content.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_string_is_a_literal() {
        let names = ["__version__", "VERSION"];
        for (text, expected) in [
            ("__version__ = '1.0'\n", Some("1.0")),
            ("import x\n__version__=\"1.0\"  # c\n", Some("1.0")),
            ("__version__: str = '1.0'\n", Some("1.0")),
            ("VERSION = '2'\n", Some("2")),
            ("__version__ = '1' + x\n", None),
            ("__version__ = f'{x}'\n", None),
            ("__version__ = (1, 2)\n", None),
            ("__version__ = '1'\n__version__ = '2'\n", None),
            ("__version__ = version('x')\n", None),
            ("__version__ += '1'\n", None),
        ] {
            let expected = expected.map_or(Literal::Other, |text| Literal::Text(text.to_owned()));
            assert_eq!(literal(text, &names), expected, "{text}");
        }
        for text in ["", "__version_info__ = '1'\n", "  __version__ = '1'\n", "x = '1'\n"] {
            assert_eq!(literal(text, &names), Literal::Missing, "{text}");
        }
    }

    #[test]
    fn a_docstring_is_the_first_statement() {
        for (text, expected) in [
            ("\"\"\"One.\n\nTwo.\"\"\"\n", Some("One.\n\nTwo.")),
            ("#!/usr/bin/python\n# c\n\n'''x'''", Some("x")),
            ("'x'\n", Some("x")),
            ("r'''x'''", None),
            ("import a\n'''x'''", None),
            ("'''a\\n'''", None),
            ("\"\"\"open", None),
            ("", None),
        ] {
            assert_eq!(docstring(text).as_deref(), expected, "{text}");
        }
    }
}
