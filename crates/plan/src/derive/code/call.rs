//! Calls in a line of tokens, with those of their arguments that are literal.

use super::line::Token;

/// A call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Call {
    /// What is called, as it is written: `uvicorn.run`.
    pub(crate) written: String,
    /// The same with the full name of what was imported.
    pub(crate) full: String,
    /// Whether it happens when the file is run, and not only in a function or a class.
    pub(crate) is_top: bool,
    pub(crate) arguments: Vec<Argument>,
}

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Argument {
    keyword: Option<String>,
    pub(crate) value: Value,
    /// The names in it.
    names: Vec<String>,
}

/// What an argument is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// A string.
    Text(String),
    /// A number that is not negative.
    Number(u64),
    /// A dotted name.
    Name(String),
    /// Anything that is not literal.
    Other,
}

impl Value {
    /// The port that it is.
    pub(crate) fn port(&self) -> Option<u16> {
        let port = match self {
            Self::Number(number) => u16::try_from(*number).ok(),
            Self::Text(text) => text.parse().ok(),
            Self::Name(_) | Self::Other => None,
        };
        port.filter(|port| *port > 0)
    }
}

impl Call {
    /// The last part of what is called.
    pub(crate) fn name(&self) -> &str {
        self.full.rsplit('.').next().unwrap_or(&self.full)
    }

    pub(crate) fn keyword(&self, name: &str) -> Option<&Value> {
        let found = self.arguments.iter().find(|argument| argument.keyword.as_deref() == Some(name));
        found.map(|argument| &argument.value)
    }

    pub(crate) fn positional(&self, place: usize) -> Option<&Value> {
        self.arguments.iter().filter(|argument| argument.keyword.is_none()).nth(place).map(|argument| &argument.value)
    }

    /// The text of an argument.
    pub(crate) fn text(&self, place: usize) -> Option<&str> {
        match self.positional(place)? {
            Value::Text(text) => Some(text),
            Value::Number(_) | Value::Name(_) | Value::Other => None,
        }
    }

    /// The port that an argument is.
    pub(crate) fn port(&self, place: usize) -> Option<u16> {
        self.positional(place)?.port()
    }

    /// Whether a name is in one of its arguments.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.arguments.iter().any(|argument| argument.names.iter().any(|it| it == name))
    }
}

/// More tokens than the arguments of a call have that says how something is started; longer ones are cut.
const MAX_ARGUMENTS: usize = 500;

/// Keywords that a value follows; a bracket behind them is no call.
const KEYWORDS: [&str; 13] =
    ["and", "assert", "await", "elif", "else", "for", "if", "in", "not", "or", "return", "with", "yield"];

/// Every call in a line.
pub(super) fn calls(tokens: &[Token]) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (written, used) = dotted(&tokens[at..]);
        if used > 0 && tokens.get(at + used) == Some(&Token::Mark('(')) {
            let arguments = parts(&tokens[at + used + 1..]).into_iter().map(argument).collect();
            calls.push(Call { full: written.clone(), written, is_top: false, arguments });
        }
        at += used.max(1);
    }
    calls
}

/// A dotted name at the beginning of some tokens, and how many of them it is.
pub(crate) fn dotted(tokens: &[Token]) -> (String, usize) {
    let (mut name, mut used) = (String::new(), 0);
    while let Some(Token::Name(part)) = tokens.get(used) {
        name.push_str(part);
        used += 1;
        match tokens.get(used..used + 2) {
            Some([Token::Mark('.'), Token::Name(_)]) => {
                name.push('.');
                used += 1;
            }
            _ => break,
        }
    }
    (name, used)
}

/// The parameters of a function that have no default.
pub(super) fn required(tokens: &[Token]) -> Vec<String> {
    let Some(open) = tokens.iter().position(|token| *token == Token::Mark('(')) else { return Vec::new() };
    let has_default = |part: &&[Token]| part.contains(&Token::Mark('='));
    let name = |part: &[Token]| match part.first() {
        Some(Token::Name(name)) => Some(name.clone()),
        _ => None,
    };
    parts(&tokens[open + 1..]).into_iter().filter(|part| !has_default(part)).filter_map(name).collect()
}

/// The place of the bracket that closes the one at a place.
pub(crate) fn closing(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open).take(MAX_ARGUMENTS) {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') if depth <= 1 => return Some(at),
            Token::Mark(')' | ']' | '}') => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Where the value begins whose attribute follows at a place: `(a / b)` and `x.y(z)[0]` as a whole.
pub(crate) fn opening(tokens: &[Token], end: usize) -> usize {
    let (mut at, mut depth) = (end, 0_usize);
    while at > 0 && end - at < MAX_ARGUMENTS {
        match &tokens[at - 1] {
            Token::Mark(')' | ']' | '}') => depth += 1,
            Token::Mark('(' | '[' | '{') if depth == 0 => break,
            Token::Mark('(' | '[' | '{') => {
                depth -= 1;
                // A call's or an index's brackets belong to what is before them.
                let before = at.checked_sub(2).and_then(|before| tokens.get(before));
                let belongs = match before {
                    Some(Token::Name(name)) => !KEYWORDS.contains(&name.as_str()),
                    Some(Token::Mark(')' | ']')) => true,
                    _ => false,
                };
                if depth == 0 && !belongs {
                    return at - 1;
                }
            }
            _ if depth > 0 => {}
            Token::Mark('.') => {}
            Token::Name(_) | Token::Text(_) | Token::Format(_) => {
                let before = at.checked_sub(2).and_then(|before| tokens.get(before));
                if before != Some(&Token::Mark('.')) {
                    return at - 1;
                }
            }
            Token::Number(_) | Token::Other | Token::Mark(_) => break,
        }
        at -= 1;
    }
    at
}

/// What is between commas, up to the bracket that closes.
pub(crate) fn parts(tokens: &[Token]) -> Vec<&[Token]> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    let tokens = &tokens[..tokens.len().min(MAX_ARGUMENTS)];
    let mut end = tokens.len();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') if depth == 0 => {
                end = at;
                break;
            }
            Token::Mark(')' | ']' | '}') => depth -= 1,
            Token::Mark(',') if depth == 0 => {
                parts.push(&tokens[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[start..end]);
    parts.retain(|part| !part.is_empty());
    parts
}

fn argument(tokens: &[Token]) -> Argument {
    let (keyword, tokens) = match tokens {
        [Token::Name(name), Token::Mark('='), rest @ ..] if rest.first() != Some(&Token::Mark('=')) => {
            (Some(name.clone()), rest)
        }
        tokens => (None, tokens),
    };
    let (name, used) = dotted(tokens);
    let value = match tokens {
        [Token::Text(text)] => Value::Text(text.clone()),
        [Token::Number(number)] => number.replace('_', "").parse().map_or(Value::Other, Value::Number),
        tokens if used > 0 && used == tokens.len() => Value::Name(name),
        _ => Value::Other,
    };
    let names = tokens.iter().filter_map(Token::name).map(str::to_owned);
    Argument { keyword, value, names: names.collect() }
}
