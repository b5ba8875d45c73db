//! Expressions of a module → the paths and addresses that they are, as far as the text says it.
//!
//! What is understood: literals and their sums, f-strings, `pathlib`, `os.path`, names that are bound once, variables
//! of the environment with a default. Anything else is not known, which is never wrong.

use std::collections::BTreeMap;

use super::place::{APPLICATION, OPEN, joined, parent};
use super::table::{SAME, SAME_METHODS, VARIABLES};
use crate::derive::code::{Code, Token, closing, dotted, parts};

/// Brackets in brackets that a person writes; what is deeper is not known.
const MAX_DEPTH: usize = 30;

/// More characters than a path or an address has.
const MAX_TEXT: usize = 1000;

/// What names stand for, by module.
pub(super) type Bound = BTreeMap<String, BTreeMap<String, String>>;

/// A module that is read.
pub(super) struct Module<'m> {
    /// Its path below the application's folder.
    pub(super) path: &'m str,
    pub(super) code: &'m Code,
    /// Whether it is in that folder in the image, and not installed elsewhere.
    pub(super) is_in_place: bool,
    /// What its own names stand for: `DATA`, `self.data`.
    pub(super) values: BTreeMap<String, String>,
    /// What those of all modules stand for, by the last part of their names.
    pub(super) bound: &'m Bound,
}

impl Module<'_> {
    /// The value of an expression.
    pub(super) fn value(&self, tokens: &[Token]) -> Option<String> {
        self.expression(tokens, 0).filter(|text| text.len() <= MAX_TEXT)
    }

    fn expression(&self, tokens: &[Token], depth: usize) -> Option<String> {
        if depth > MAX_DEPTH || tokens.is_empty() {
            return None;
        }
        let is_word = |word: &'static str| move |token: &Token| token.name() == Some(word);
        let is_mark = |mark: char| move |token: &Token| *token == Token::Mark(mark);
        let at = |tokens: &[Token]| self.expression(tokens, depth + 1);
        if let Some((then, rest)) = split_once(tokens, is_word("if")) {
            let otherwise = || at(split_once(rest, is_word("else"))?.1);
            return at(then).or_else(otherwise);
        }
        let alternatives = split(tokens, is_word("or"));
        if alternatives.len() > 1 {
            return alternatives.into_iter().rev().find_map(at);
        }
        let terms = split(tokens, is_mark('+'));
        if terms.len() > 1 {
            return sum(terms.into_iter().map(at));
        }
        if let Some((text, _)) = split_once(tokens, is_mark('%')) {
            return Some(opened(&at(text)?, '%', |c| c.is_ascii_alphabetic()));
        }
        let path = split(tokens, is_mark('/'));
        if path.len() > 1 {
            return path_of(path.into_iter().map(at));
        }
        self.chain(tokens, depth)
    }

    /// A value with what follows it: `Path(x).parent / …` without the rest.
    fn chain(&self, tokens: &[Token], depth: usize) -> Option<String> {
        let (mut value, mut at) = self.first(tokens, depth)?;
        while at < tokens.len() {
            match &tokens[at..] {
                [Token::Mark('.'), Token::Name(name), Token::Mark('('), ..] => {
                    let end = closing(tokens, at + 2)?;
                    value = self.method(value, name, &tokens[at + 3..end], depth)?;
                    at = end + 1;
                }
                [Token::Mark('.'), Token::Name(name), Token::Mark('['), Token::Number(n), Token::Mark(']'), ..]
                    if name == "parents" =>
                {
                    let count = n.parse::<usize>().ok().filter(|count| *count < MAX_DEPTH)?;
                    value = (0..=count).fold(value, |path, _| parent(&path));
                    at += 5;
                }
                [Token::Mark('.'), Token::Name(name), ..] if name == "parent" => {
                    value = parent(&value);
                    at += 2;
                }
                _ => return None,
            }
        }
        Some(value)
    }

    /// What an expression begins with, and how many tokens that is.
    fn first(&self, tokens: &[Token], depth: usize) -> Option<(String, usize)> {
        match tokens.first()? {
            Token::Text(_) | Token::Format(_) => {
                let literals = tokens.iter().take_while(|token| matches!(token, Token::Text(_) | Token::Format(_)));
                let texts: Vec<String> = literals.filter_map(|token| self.literal(token)).collect();
                Some((texts.concat(), texts.len()))
            }
            Token::Mark('(') => {
                let end = closing(tokens, 0)?;
                Some((self.expression(&tokens[1..end], depth + 1)?, end + 1))
            }
            Token::Name(_) => self.name(tokens, depth),
            Token::Number(_) | Token::Mark(_) | Token::Other => None,
        }
    }

    fn literal(&self, token: &Token) -> Option<String> {
        match token {
            Token::Text(text) => Some(text.clone()),
            Token::Format(text) => {
                let (mut out, mut rest) = (String::new(), text.as_str());
                while let Some((before, after)) = rest.split_once('{') {
                    let (inside, after) = after.split_once('}')?;
                    out.push_str(before);
                    out.push_str(self.named(inside).as_deref().unwrap_or("\0"));
                    rest = after;
                }
                Some(out + rest)
            }
            Token::Name(_) | Token::Number(_) | Token::Mark(_) | Token::Other => None,
        }
    }

    /// A dotted name or a call of one, with the attributes of paths that are in it.
    fn name(&self, tokens: &[Token], depth: usize) -> Option<(String, usize)> {
        let (written, used) = dotted(tokens);
        let is_call = tokens.get(used) == Some(&Token::Mark('('));
        if is_call {
            let end = closing(tokens, used)?;
            let arguments = &tokens[used + 1..end];
            if let Some(value) = self.call(&self.code.full(&written), arguments, depth) {
                return Some((value, end + 1));
            }
        }
        // The longest name that stands for something; what follows is an attribute of it.
        let ends = (1..=used).rev().filter(|end| matches!(tokens[end - 1], Token::Name(_)));
        let shortest = |end: &usize| !(is_call && *end == used);
        ends.filter(shortest).find_map(|end| Some((self.named(&dotted(&tokens[..end]).0)?, end)))
    }

    /// What a dotted name stands for.
    fn named(&self, written: &str) -> Option<String> {
        let file = || self.is_in_place.then(|| format!("{APPLICATION}/{}", self.path));
        match written {
            "__file__" => return file(),
            _ if written.ends_with(".root_path") => return Some(parent(&file()?)),
            _ if written.ends_with(".instance_path") => return Some(format!("{APPLICATION}/instance")),
            _ => {}
        }
        let full = self.code.full(written);
        self.values.get(written).cloned().or_else(|| self.imported(&full))
    }

    /// What a name of another module stands for: `shop.config.DATA`, or `shop.config.settings.DATA` by a name in a class.
    fn imported(&self, full: &str) -> Option<String> {
        let full = full.trim_start_matches('.').replace("django.conf.settings", "settings");
        let (mut module, name) = full.rsplit_once('.')?;
        for _ in 0..2 {
            let last = module.rsplit('.').next().unwrap_or(module);
            if let Some(value) = self.bound.get(last).and_then(|names| names.get(name)) {
                return Some(value.clone());
            }
            module = module.rsplit_once('.')?.0;
        }
        None
    }

    fn call(&self, function: &str, arguments: &[Token], depth: usize) -> Option<String> {
        let arguments: Vec<&[Token]> = parts(arguments);
        let at = |place: usize| self.expression(positional(&arguments, place)?, depth + 1);
        match function {
            "pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" if arguments.is_empty() => Some(".".to_owned()),
            "os.getcwd" | "pathlib.Path.cwd" => Some(".".to_owned()),
            "pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" | "os.path.join" | "posixpath.join" => path_of(
                arguments
                    .iter()
                    .map(|part| self.expression(part.strip_prefix(&[Token::Mark('*')]).unwrap_or(part), depth + 1)),
            ),
            "os.path.dirname" => Some(parent(&at(0)?)),
            _ if SAME.contains(&function) => at(0),
            _ if VARIABLES.contains(&function) => at(1).or_else(|| self.default(&arguments, depth)),
            // `Field(default="data")`, `env("DATA", default="data")`.
            _ => self.default(&arguments, depth),
        }
    }

    fn default(&self, arguments: &[&[Token]], depth: usize) -> Option<String> {
        self.expression(keyword(arguments, "default")?, depth + 1)
    }

    fn method(&self, value: String, name: &str, arguments: &[Token], depth: usize) -> Option<String> {
        match name {
            _ if SAME_METHODS.contains(&name) => Some(value),
            "joinpath" => {
                let below = parts(arguments).into_iter().map(|part| self.expression(part, depth + 1));
                path_of(std::iter::once(Some(value)).chain(below))
            }
            "format" => Some(opened(&value, '{', |c| c == '}')),
            "with_name" | "with_stem" | "with_suffix" => Some(format!("{}/{OPEN}", parent(&value))),
            _ => None,
        }
    }
}

/// A positional argument.
pub(super) fn positional<'t>(arguments: &[&'t [Token]], place: usize) -> Option<&'t [Token]> {
    let is_keyword = |part: &&&[Token]| matches!(part, [Token::Name(_), Token::Mark('='), ..]);
    arguments.iter().filter(|part| !is_keyword(part)).nth(place).copied()
}

/// The value of an argument with a name.
pub(super) fn keyword<'t>(arguments: &[&'t [Token]], name: &str) -> Option<&'t [Token]> {
    arguments.iter().find_map(|part| match part {
        [Token::Name(found), Token::Mark('='), value @ ..] if found == name => Some(value),
        _ => None,
    })
}

/// Texts one after the other; those that are not known are left open.
fn sum(terms: impl Iterator<Item = Option<String>>) -> Option<String> {
    let terms: Vec<Option<String>> = terms.collect();
    let is_known = terms.iter().any(Option::is_some);
    is_known.then(|| terms.into_iter().map(|term| term.unwrap_or_else(|| OPEN.to_string())).collect())
}

/// Parts of a path one below the other; nothing is known where the first is not.
fn path_of(mut parts: impl Iterator<Item = Option<String>>) -> Option<String> {
    let first = parts.next()??;
    Some(parts.fold(first, |path, part| joined(&path, part.as_deref().unwrap_or("\0"))))
}

/// A text whose fields are left open: from `begin` to the character that ends them.
fn opened(text: &str, begin: char, is_end: impl Fn(char) -> bool) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once(begin) {
        out.push_str(before);
        out.push(OPEN);
        rest = after.find(&is_end).map_or("", |end| &after[end + 1..]);
    }
    out + rest
}

/// What is between the tokens at which to split, outside of brackets.
fn split(tokens: &[Token], is_between: impl Fn(&Token) -> bool) -> Vec<&[Token]> {
    let (mut found, mut rest) = (Vec::new(), tokens);
    while let Some((before, after)) = split_once(rest, &is_between) {
        found.push(before);
        rest = after;
    }
    found.push(rest);
    found
}

fn split_once(tokens: &[Token], is_between: impl Fn(&Token) -> bool) -> Option<(&[Token], &[Token])> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') => depth = depth.checked_sub(1)?,
            token if depth == 0 && is_between(token) => return Some((&tokens[..at], &tokens[at + 1..])),
            _ => {}
        }
    }
    None
}
