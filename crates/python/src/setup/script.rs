//! The arguments of the call of `setup()` in a setup.py, as far as they are plain values.

use std::collections::BTreeMap;

use super::literal::Literal;

/// How deep values may be in one another, and names may stand for one another.
const MAX_DEPTH: usize = 16;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Name(String),
    Text(String),
    Sign(char),
}

/// The keyword arguments of the first call of `setup`; `None` if there is none.
pub(super) fn arguments(text: &str) -> Option<BTreeMap<String, Literal>> {
    let tokens = tokens(text);
    let is_call = |at: &usize| {
        tokens[*at] == Token::Name("setup".to_owned())
            && tokens.get(at + 1) == Some(&Token::Sign('('))
            && !at.checked_sub(1).is_some_and(|before| tokens[before] == Token::Name("def".to_owned()))
    };
    let start = (0..tokens.len()).find(is_call)? + 2;
    let mut arguments = BTreeMap::new();
    for argument in split(&tokens[start..]) {
        if let [Token::Name(name), Token::Sign('='), value @ ..] = argument {
            arguments.insert(name.clone(), literal(value, &tokens, 0));
        }
    }
    Some(arguments)
}

/// What a few tokens say; a name stands for what is assigned to it anywhere.
fn literal(value: &[Token], all: &[Token], depth: usize) -> Literal {
    if depth > MAX_DEPTH {
        return Literal::Unknown;
    }
    let inner = |open: char| match value {
        [Token::Sign(first), inner @ .., Token::Sign(_)] if *first == open => Some(inner),
        _ => None,
    };
    let parts = |inner| split(inner).into_iter().filter(|part| !part.is_empty());
    if let Some(texts) = joined(value) {
        return Literal::Text(texts);
    }
    if let [Token::Name(name)] = value {
        let assigned = all.windows(2).position(|pair| pair == [Token::Name(name.clone()), Token::Sign('=')]);
        return assigned.map_or(Literal::Unknown, |at| literal(whole(&all[at + 2..]), all, depth + 1));
    }
    // What follows the closing bracket belongs to a longer expression.
    if whole(value).len() != value.len() {
        return Literal::Unknown;
    }
    if let Some(inner) = inner('[').or_else(|| inner('(')) {
        return Literal::List(parts(inner).map(|part| literal(part, all, depth + 1)).collect());
    }
    if let Some(inner) = inner('{') {
        let entry = |part: &[Token]| match part {
            [Token::Text(key), Token::Sign(':'), value @ ..] => Some((key.clone(), literal(value, all, depth + 1))),
            _ => None,
        };
        return parts(inner).map(entry).collect::<Option<_>>().map_or(Literal::Unknown, Literal::Table);
    }
    Literal::Unknown
}

/// Texts that follow one another are one.
fn joined(value: &[Token]) -> Option<String> {
    let texts = value.iter().map(|token| match token {
        Token::Text(text) => Some(text.as_str()),
        Token::Name(_) | Token::Sign(_) => None,
    });
    texts.collect::<Option<String>>().filter(|_| !value.is_empty())
}

/// The tokens of one bracket, or the texts, that a value begins with.
fn whole(tokens: &[Token]) -> &[Token] {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Text(_) if depth == 0 => continue,
            Token::Name(_) | Token::Sign(_) if depth == 0 => return &tokens[..at.max(1)],
            Token::Text(_) | Token::Name(_) | Token::Sign(_) => continue,
        }
        if depth == 0 {
            return &tokens[..=at];
        }
    }
    tokens
}

/// The parts between commas, up to the bracket that closes around all of them.
fn split(tokens: &[Token]) -> Vec<&[Token]> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') if depth == 0 => {
                parts.push(&tokens[start..at]);
                return parts;
            }
            Token::Sign(')' | ']' | '}') => depth -= 1,
            Token::Sign(',') if depth == 0 => {
                parts.push(&tokens[start..at]);
                start = at + 1;
            }
            Token::Sign(_) | Token::Text(_) | Token::Name(_) => {}
        }
    }
    parts.push(&tokens[start..]);
    parts
}

/// The names, texts and signs of a file, without comments; a text with a value in it is a sign.
fn tokens(text: &str) -> Vec<Token> {
    let (mut tokens, mut rest) = (Vec::new(), text);
    while let Some(first) = rest.chars().next() {
        if first == '#' {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if first.is_whitespace() {
            rest = &rest[first.len_utf8()..];
        } else if let Some((token, after)) = text_at(rest) {
            tokens.push(token);
            rest = after;
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
            let name = &rest[..end];
            tokens.push(Token::Name(name.rsplit('.').next().unwrap_or(name).to_owned()));
            rest = &rest[end..];
        } else {
            // `==` and the like assign nothing.
            let is_comparison = rest.starts_with("==") || rest.starts_with("!=");
            tokens.push(Token::Sign(if is_comparison { '≡' } else { first }));
            rest = &rest[if is_comparison { 2 } else { first.len_utf8() }..];
        }
    }
    tokens
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
    while let Some((at, character)) = characters.next() {
        if body[at..].starts_with(quote) {
            let token = if prefix.contains('f') { Token::Sign('f') } else { Token::Text(text) };
            return Some((token, &body[at + quote.len()..]));
        }
        match character {
            '\\' if !prefix.contains('r') => match characters.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, '\n')) | None => {}
                Some((_, other)) => text.push(other),
            },
            other => text.push(other),
        }
    }
    Some((Token::Text(text), ""))
}
