//! What a module writes to: its calls and settings, by the tables.

use super::table::{FUNCTIONS, Kind, METHODS, SETTINGS, WRITERS};
use super::values::{Module, keyword, positional};
use crate::derive::code::{Line, Token, assignment, dotted, opening, parts};

/// A path that is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Write {
    pub(super) path: String,
    pub(super) is_file: bool,
    /// Whether an address of SQLAlchemy says it.
    pub(super) is_address: bool,
    /// Where: the line, counted from 1, and the call or the setting.
    pub(super) line: usize,
    pub(super) by: String,
}

/// Takes in what the names of a module stand for; of several values the first counts.
pub(super) fn bind(module: &mut Module<'_>, lines: &[Line]) {
    for line in lines {
        let Some((name, value)) = assignment(&line.tokens) else { continue };
        if module.values.contains_key(&name) {
            continue;
        }
        if let Some(value) = module.value(value) {
            module.values.insert(name, value);
        }
    }
}

/// Everything that a module writes to.
pub(super) fn writes(module: &Module<'_>, lines: &[Line]) -> Vec<Write> {
    let mut found = Vec::new();
    for line in lines {
        let tokens = &line.tokens[..];
        let mut add = |path: Option<String>, is_file: bool, is_address: bool, by: String| {
            found.extend(path.map(|path| Write { path, is_file, is_address, line: line.number, by }));
        };
        for at in 0..tokens.len() {
            match &tokens[at..] {
                [Token::Mark('.'), Token::Name(name), Token::Mark('('), ..] => {
                    let (path, is_file) = method(module, tokens, at, name);
                    add(path, is_file, false, name.clone());
                }
                [Token::Name(_), ..] if at == 0 || tokens[at - 1] != Token::Mark('.') => {
                    let (path, is_file, by) = function(module, tokens, at);
                    add(path, is_file, false, by);
                    let (path, is_file, by) = setting(module, tokens, at);
                    add(path, is_file, false, by);
                }
                [Token::Text(text) | Token::Format(text), ..] if text.starts_with("sqlite") && text.contains("://") => {
                    let path = address(module, element(&tokens[at..]));
                    add(path, true, true, "an address of SQLite".to_owned());
                }
                [Token::Text(_), ..] => {
                    let (path, is_file, by) = setting(module, tokens, at);
                    add(path, is_file, false, by);
                }
                _ => {}
            }
        }
    }
    found
}

/// The path that a function writes to.
fn function(module: &Module<'_>, tokens: &[Token], at: usize) -> (Option<String>, bool, String) {
    let (written, used) = dotted(&tokens[at..]);
    let full = module.code.full(&written);
    let row = FUNCTIONS.iter().find(|(names, ..)| names.contains(&full.as_str()));
    let arguments = || {
        let open = at + used;
        let is_call = tokens.get(open) == Some(&Token::Mark('('));
        is_call.then(|| parts(&tokens[open + 1..]))
    };
    let path = row.zip(arguments()).and_then(|((_, place, name, kind), arguments)| {
        let path = positional(&arguments, *place).or_else(|| keyword(&arguments, name));
        path.filter(|_| *kind != Kind::Opened || is_written(&arguments, 1)).and_then(|path| module.value(path))
    });
    let path = path.filter(|path| !path.contains(":memory:"));
    (path, row.is_some_and(|(.., kind)| *kind != Kind::Folder), written)
}

/// The path that a method writes to: its value's, or its first argument.
fn method(module: &Module<'_>, tokens: &[Token], at: usize, name: &str) -> (Option<String>, bool) {
    let arguments = || parts(&tokens[at + 3..]);
    if WRITERS.contains(&name) {
        let arguments = arguments();
        return (positional(&arguments, 0).and_then(|path| module.value(path)), true);
    }
    let Some((_, kind)) = METHODS.iter().find(|(method, _)| *method == name) else { return (None, false) };
    let is_written = *kind != Kind::Opened || is_written(&arguments(), 0);
    let value = Some(&tokens[opening(tokens, at)..at]).filter(|_| is_written);
    (value.and_then(|value| module.value(value)), *kind != Kind::Folder)
}

/// Whether the mode in which a file is opened writes it.
fn is_written(arguments: &[&[Token]], place: usize) -> bool {
    let mode = positional(arguments, place).or_else(|| keyword(arguments, "mode"));
    matches!(mode, Some([Token::Text(mode)]) if mode.contains(['w', 'a', 'x', '+']))
}

/// The path that a setting has: `MEDIA_ROOT = …`, `config["UPLOAD_FOLDER"] = …`, `"NAME": …`.
fn setting(module: &Module<'_>, tokens: &[Token], at: usize) -> (Option<String>, bool, String) {
    let (Token::Name(name) | Token::Text(name)) = &tokens[at] else { return (None, false, String::new()) };
    let row = SETTINGS.iter().find(|(setting, ..)| setting == name);
    let value = row.and_then(|_| {
        let rest = &tokens[at + 1..];
        let rest = rest.strip_prefix(&[Token::Mark(']')]).unwrap_or(rest);
        match rest {
            // `NAME == …` asks.
            [Token::Mark('='), Token::Mark('='), ..] => None,
            [Token::Mark('='), value @ ..] => Some(element(value)),
            [Token::Mark(':'), value @ ..] => {
                let value = element(value);
                // `UPLOAD_FOLDER: str = …`
                Some(value.iter().position(|it| *it == Token::Mark('=')).map_or(value, |at| &value[at + 1..]))
            }
            _ => None,
        }
    });
    let ends = row.map_or(&[][..], |(.., ends)| ends);
    let path = value.and_then(|value| module.value(value));
    let path = path.filter(|path| ends.is_empty() || ends.iter().any(|end| path.ends_with(end)));
    (path, row.is_some_and(|(_, kind, _)| *kind != Kind::Folder), name.clone())
}

/// The path of `sqlite:///app.db`, which may go on as a sum.
fn address(module: &Module<'_>, tokens: &[Token]) -> Option<String> {
    let text = module.value(tokens)?;
    let (_, path) = text.split_once(":///")?;
    let path = path.split('?').next().unwrap_or(path);
    (!path.is_empty() && !path.contains(":memory:")).then(|| path.to_owned())
}

/// What is up to the comma or the bracket that ends it.
fn element(tokens: &[Token]) -> &[Token] {
    parts(tokens).into_iter().next().unwrap_or_default()
}
