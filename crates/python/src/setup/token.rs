//! The names, texts and signs of a Python file: as much of its grammar as a setup.py with plain values needs.

/// A part of a Python file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name with those above it, `setuptools.setup`; or a number.
    Name(String),
    /// A text.
    Text(String),
    /// A sign; [`UNKNOWN`] for a text that is not plain, `≡` for `==`, `≠` for `!=`.
    Sign(char),
}

/// The end of a line that no bracket and no backslash goes on behind.
pub(super) const END: Token = Token::Sign('\n');

/// A text with a value in it, bytes, or an escape that is not read here.
const UNKNOWN: char = 'f';

/// The names, texts and signs of a file, without comments, and where each begins.
pub(super) fn tokens(text: &str) -> (Vec<Token>, Vec<usize>) {
    let (mut tokens, mut places, mut rest, mut depth) = (Vec::new(), Vec::new(), text, 0_usize);
    while let Some(first) = rest.chars().next() {
        let before = (tokens.len(), text.len() - rest.len());
        if first == '#' {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if first == '\n' && depth == 0 {
            tokens.push(END);
            rest = &rest[1..];
        } else if let Some(after) = rest.strip_prefix("\\\n").or_else(|| rest.strip_prefix("\\\r\n")) {
            rest = after;
        } else if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
        } else if let Some((token, after)) = text_at(rest) {
            tokens.push(token);
            rest = after;
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
            tokens.push(Token::Name(rest[..end].to_owned()));
            rest = &rest[end..];
        } else {
            // `==` and the like assign nothing.
            let comparison = [("==", '≡'), ("!=", '≠')].into_iter().find(|(text, _)| rest.starts_with(text));
            tokens.push(Token::Sign(comparison.map_or(first, |(_, sign)| sign)));
            rest = &rest[comparison.map_or(first.len_utf8(), |(text, _)| text.len())..];
            depth += usize::from(['(', '[', '{'].contains(&first));
            depth = depth.saturating_sub(usize::from([')', ']', '}'].contains(&first)));
        }
        places.extend((tokens.len() > before.0).then_some(before.1));
    }
    (tokens, places)
}

/// The text that begins here, if one does, and what follows it.
fn text_at(rest: &str) -> Option<(Token, &str)> {
    let start = rest.find(['"', '\'']).filter(|at| *at <= 2)?;
    let prefix = rest[..start].to_ascii_lowercase();
    if !["", "r", "u", "f", "b", "rb", "br", "fr", "rf"].contains(&prefix.as_str()) {
        return None;
    }
    let quoted = &rest[start..];
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| quoted.starts_with(quote))?;
    let body = &quoted[quote.len()..];
    let (mut text, mut characters) = (String::new(), body.char_indices());
    let mut is_plain = !prefix.contains(['f', 'b']);
    while let Some((at, character)) = characters.next() {
        if body[at..].starts_with(quote) {
            let token = if is_plain { Token::Text(text) } else { Token::Sign(UNKNOWN) };
            return Some((token, &body[at + quote.len()..]));
        }
        match character {
            // A quote behind a backslash ends no raw text either; both stay.
            '\\' if prefix.contains('r') => {
                text.push('\\');
                text.extend(characters.next().map(|(_, next)| next));
            }
            '\\' => match characters.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                Some((_, '\n')) | None => {}
                Some((_, plain @ ('\\' | '\'' | '"'))) => text.push(plain),
                Some((_, other)) => {
                    is_plain = false;
                    text.push(other);
                }
            },
            other => text.push(other),
        }
    }
    Some((Token::Sign(UNKNOWN), ""))
}
