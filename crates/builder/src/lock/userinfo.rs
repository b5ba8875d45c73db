//! Addresses with a password in them, which are not kept.

/// Whether a text has an address with a user in it; such a text is not kept.
pub(crate) fn has_userinfo(text: &str) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let rest = &text[at + 3..];
        let end = rest.find(|c: char| "/?#\"' \n".contains(c)).unwrap_or(rest.len());
        rest[..end].contains('@')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_a_user_is_seen() {
        for (text, expected) in [
            ("url = \"https://user:secret@files.example/a@b.whl\"", true),
            ("url = \"https://files.example/a@b.whl\"", false),
            ("https://files.example\nx@y", false),
            ("", false),
        ] {
            assert_eq!(has_userinfo(text), expected, "{text}");
        }
    }
}
