//! `WWW-Authenticate`: how a registry asks for credentials (RFC 9110, 11.6.1).

use std::collections::BTreeMap;

/// One challenge: a scheme in lower case and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) scheme: String,
    pub(crate) parameters: BTreeMap<String, String>,
}

/// Parses a header with any number of challenges; what does not parse is skipped.
///
/// Commas separate challenges and parameters, and occur inside quoted values
/// (`scope="repository:a:pull,push"`), so the header cannot be split at them.
pub(crate) fn parse_challenges(header: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (word, after) = take_token(rest);
        if word.is_empty() {
            // This begins neither a challenge nor a parameter: skip one character.
            let mut characters = rest.chars();
            if characters.next().is_none() {
                return challenges;
            }
            rest = characters.as_str();
            continue;
        }
        match (after.trim_start().strip_prefix('='), challenges.last_mut()) {
            (Some(value), Some(challenge)) => {
                let (value, after) = take_value(value.trim_start());
                challenge.parameters.entry(word.to_ascii_lowercase()).or_insert(value);
                rest = after;
            }
            (Some(value), None) => rest = take_value(value.trim_start()).1,
            (None, _) => {
                challenges.push(Challenge { scheme: word.to_ascii_lowercase(), parameters: BTreeMap::new() });
                rest = after;
            }
        }
    }
}

fn take_token(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)));
    text.split_at(end.unwrap_or(text.len()))
}

/// A quoted string with its escapes undone, or everything up to the next comma or blank.
fn take_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => value.extend(characters.next()),
            other => value.push(other),
        }
    }
    (value, characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(header: &str) -> String {
        let shown = |challenge: Challenge| {
            let parameters = challenge.parameters.iter().map(|(name, value)| format!(" {name}=<{value}>"));
            format!("{}{}", challenge.scheme, parameters.collect::<String>())
        };
        parse_challenges(header).into_iter().map(shown).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn challenges_parse_with_anything_in_their_quotes() {
        for (header, expected) in [
            (
                r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a:pull,push""#,
                "bearer realm=<https://auth.example/token> scope=<repository:a:pull,push> service=<registry.example>",
            ),
            (r#"Basic realm="Registry Realm""#, "basic realm=<Registry Realm>"),
            (r#"basic"#, "basic"),
            (r#"BEARER Realm = "a\"b" , error=invalid_token"#, r#"bearer error=<invalid_token> realm=<a"b>"#),
            (r#"Basic realm="x", Bearer realm="y""#, "basic realm=<x> | bearer realm=<y>"),
            (r#"Negotiate, Basic realm=x"#, "negotiate | basic realm=<x>"),
            ("", ""),
            (",,= \"", ""),
            (r#"Bearer realm="never closed"#, "bearer realm=<never closed>"),
            ("Bärer realm=ü", "b | rer realm=<ü>"),
        ] {
            assert_eq!(show(header), expected, "{header}");
        }
    }
}
