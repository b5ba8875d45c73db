//! Names that Python's `import` takes.

/// Whether a text is one identifier, as far as module names go: letters, digits and underscores, no digit first.
pub fn is_identifier(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_told_from_other_names() {
        for (text, expected) in [
            ("a", true),
            ("_x9", true),
            ("é", true),
            ("", false),
            ("9", false),
            ("a-b", false),
            ("a.b", false),
            ("{{a}}", false),
        ] {
            assert_eq!(is_identifier(text), expected, "{text}");
        }
    }
}
