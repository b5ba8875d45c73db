//! The arguments of the call of `setup()` in a setup.py, as far as they are plain values.

use std::collections::BTreeMap;

use super::literal::{Literal, Search};
use super::token::{END, Token, tokens};

/// How deep values may be in one another, and names may stand for one another.
const MAX_DEPTH: usize = 16;

/// The keyword arguments of the first call of `setup`; `None` if there is none.
pub(super) fn arguments(text: &str) -> Option<BTreeMap<String, Literal>> {
    let (tokens, _) = tokens(text);
    let tokens: Vec<Token> = tokens.into_iter().filter(|token| *token != END).collect();
    let is_setup = |token: &Token| matches!(token, Token::Name(name) if name.rsplit('.').next() == Some("setup"));
    let is_call = |at: &usize| {
        is_setup(&tokens[*at])
            && tokens.get(at + 1) == Some(&Token::Sign('('))
            && !at.checked_sub(1).is_some_and(|before| tokens[before] == Token::Name("def".to_owned()))
    };
    let start = (0..tokens.len()).find(is_call)? + 2;
    Some(keywords(&tokens[start..], &tokens, 0))
}

/// The keyword arguments of a call, from behind its bracket on.
fn keywords(tokens: &[Token], all: &[Token], depth: usize) -> BTreeMap<String, Literal> {
    let mut arguments = BTreeMap::new();
    for argument in split(tokens) {
        if let [Token::Name(name), Token::Sign('='), value @ ..] = argument {
            arguments.insert(name.clone(), literal(value, all, depth));
        }
    }
    arguments
}

/// All arguments of the call of `setup()` in a script that does nothing else: it imports from setuptools, gives names to
/// values, and calls it.
///
/// # Errors
/// What else it does, as text that follows "because".
pub(crate) fn plain_arguments(text: &str) -> Result<BTreeMap<String, Literal>, String> {
    let (tokens, places) = tokens(text);
    let (mut assigned, mut arguments, mut at) = (Vec::new(), None, 0);
    for statement in tokens.split(|token| *token == END) {
        let place = places.get(at).copied().unwrap_or(text.len());
        at += statement.len() + 1;
        if is_passed_over(statement) {
            continue;
        }
        match (assignment(statement, &assigned), call(statement)) {
            (Some(name), _) if arguments.is_none() && !is_assigned(&assigned, name) => {
                assigned.extend_from_slice(statement)
            }
            (_, Some(inner)) if arguments.is_none() => arguments = Some(all_keywords(inner, &assigned)?),
            _ => {
                let line = text[place..].lines().next().unwrap_or_default().trim();
                return Err(format!("setup.py does more than to call `setup()` with plain values: `{line}`"));
            }
        }
    }
    arguments.ok_or_else(|| "setup.py does not call `setup()`".to_owned())
}

/// The names that may be imported from setuptools.
const IMPORTED: [&str; 3] = ["setup", "find_packages", "find_namespace_packages"];

/// What has no effect on the arguments: a text by itself, an import from setuptools, `if __name__ == "__main__":`.
fn is_passed_over(statement: &[Token]) -> bool {
    let name =
        |token: &Token, expected: &[&str]| matches!(token, Token::Name(name) if expected.contains(&name.as_str()));
    match statement {
        [from, setuptools, import, names @ ..] if name(from, &["from"]) => {
            let is_name = |token: &Token| name(token, &IMPORTED) || matches!(token, Token::Sign(',' | '(' | ')'));
            name(setuptools, &["setuptools"]) && name(import, &["import"]) && names.iter().all(is_name)
        }
        [import, setuptools] if name(import, &["import"]) => name(setuptools, &["setuptools"]),
        [when, own, Token::Sign('≡'), Token::Text(main), Token::Sign(':')] => {
            name(when, &["if"]) && name(own, &["__name__"]) && main == "__main__"
        }
        texts => texts.iter().all(|token| matches!(token, Token::Text(_))),
    }
}

/// The name that a statement gives to a value that is known.
fn assignment<'s>(statement: &'s [Token], assigned: &[Token]) -> Option<&'s str> {
    let [Token::Name(name), Token::Sign('='), value @ ..] = statement else { return None };
    let is_plain = !name.contains('.') && !IMPORTED.contains(&name.as_str());
    (is_plain && literal(value, assigned, 0).is_known()).then_some(name)
}

fn is_assigned(assigned: &[Token], name: &str) -> bool {
    assigned.windows(2).any(|pair| pair == [Token::Name(name.to_owned()), Token::Sign('=')])
}

/// What is between the brackets of a statement that is a call of `setup`, the last one included.
fn call(statement: &[Token]) -> Option<&[Token]> {
    let [Token::Name(name), inner @ ..] = statement else { return None };
    let is_setup = ["setup", "setuptools.setup"].contains(&name.as_str());
    (is_setup && inner.first() == Some(&Token::Sign('(')) && whole(inner).len() == inner.len()).then(|| &inner[1..])
}

/// The arguments of a call, all of which are keywords with values that are known.
fn all_keywords(inner: &[Token], assigned: &[Token]) -> Result<BTreeMap<String, Literal>, String> {
    let arguments = keywords(inner, assigned, 0);
    let count = split(inner).into_iter().filter(|part| !part.is_empty()).count();
    if count != arguments.len() {
        return Err("setup.py calls `setup()` with more than keywords".to_owned());
    }
    match arguments.iter().find(|(_, value)| !value.is_known()) {
        Some((name, _)) => Err(format!("setup.py computes `{name}`")),
        None => Ok(arguments),
    }
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
        if let Some(flag) = ["False", "True"].iter().position(|it| it == name) {
            return Literal::Flag(flag == 1);
        }
        let assigned = all.windows(2).position(|pair| pair == [Token::Name(name.clone()), Token::Sign('=')]);
        return assigned.map_or(Literal::Unknown, |at| literal(whole(&all[at + 2..]), all, depth + 1));
    }
    if let [Token::Name(name), arguments @ ..] = value
        && let Some(search) = search(name, arguments, all, depth)
    {
        return Literal::Packages(search);
    }
    // What follows the closing bracket belongs to a longer expression.
    if whole(value).len() != value.len() {
        return Literal::Unknown;
    }
    // Without a comma, these brackets are around one value.
    if let Some(inner) = inner('(')
        && let [one] = split(inner)[..]
        && !one.is_empty()
    {
        return literal(one, all, depth + 1);
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

/// `find_packages("src", exclude=["tests"])`: a call for packages, with its arguments by their names.
fn search(name: &str, arguments: &[Token], all: &[Token], depth: usize) -> Option<Search> {
    let needs_init = match name.strip_prefix("setuptools.").unwrap_or(name) {
        "find_packages" => true,
        "find_namespace_packages" => false,
        _ => return None,
    };
    let [Token::Sign('('), inner @ .., Token::Sign(')')] = arguments else { return None };
    if whole(arguments).len() != arguments.len() {
        return None;
    }
    let mut found = keywords(inner, all, depth + 1);
    let parts: Vec<&[Token]> = split(inner).into_iter().filter(|part| !part.is_empty()).collect();
    let is_keyword = |part: &&&[Token]| matches!(part, [Token::Name(_), Token::Sign('='), ..]);
    let keywords = parts.iter().filter(is_keyword).count();
    // The order of `PackageFinder.find`.
    for (name, part) in ["where", "exclude", "include"].iter().zip(&parts[..parts.len() - keywords]) {
        found.insert((*name).to_owned(), literal(part, all, depth + 1));
    }
    (found.len() == parts.len()).then_some(Search { needs_init, arguments: found })
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
