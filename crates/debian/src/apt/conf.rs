//! One value out of apt's configuration text (apt.conf(5)).

use crate::apt::source::parse_bool;

/// The last value of a yes-or-no option such as `Acquire::Check-Valid-Until`, in either form:
/// `Acquire::Check-Valid-Until "false";` or `Acquire { Check-Valid-Until "false"; };`.
///
/// Text that apt would not read gives `None`, never an error: the file belongs to another program.
pub fn apt_conf_value(text: &str, option: &str) -> Option<bool> {
    let mut scopes: Vec<String> = Vec::new();
    let (mut name, mut value) = (None::<String>, None::<String>);
    let mut found = None;
    for token in Tokens(text) {
        match token {
            Token::Word(word) if name.is_none() => name = Some(word),
            Token::Word(word) => value = Some(word),
            Token::Open => {
                scopes.push(name.take().unwrap_or_default());
                value = None;
            }
            Token::Close | Token::End => {
                if let (Some(name), Some(value)) = (name.take(), value.take()) {
                    let scoped = scopes.iter().filter(|scope| !scope.is_empty()).map(String::as_str);
                    let path = scoped.chain([name.as_str()]).collect::<Vec<_>>().join("::");
                    if path.eq_ignore_ascii_case(option) {
                        found = parse_bool(&value).or(found);
                    }
                }
                if matches!(token, Token::Close) {
                    scopes.pop();
                }
            }
        }
    }
    found
}

enum Token {
    Word(String),
    Open,
    Close,
    End,
}

/// The rest of the text that is still to be cut into tokens.
struct Tokens<'a>(&'a str);

impl Tokens<'_> {
    fn skip_blanks(&mut self) {
        loop {
            self.0 = self.0.trim_start();
            if self.0.starts_with("//") || self.0.starts_with('#') {
                self.0 = self.0.split_once('\n').map_or("", |(_, rest)| rest);
            } else if let Some(comment) = self.0.strip_prefix("/*") {
                self.0 = comment.split_once("*/").map_or("", |(_, rest)| rest);
            } else {
                return;
            }
        }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip_blanks();
        let first = self.0.chars().next()?;
        let single = match first {
            '{' => Some(Token::Open),
            '}' => Some(Token::Close),
            ';' => Some(Token::End),
            _ => None,
        };
        if single.is_some() {
            self.0 = &self.0[1..];
            return single;
        }
        if first == '"' {
            let (word, rest) = self.0[1..].split_once('"').unwrap_or((&self.0[1..], ""));
            self.0 = rest;
            return Some(Token::Word(word.to_owned()));
        }
        let end = self.0.find(|c: char| c.is_whitespace() || "{};\"".contains(c)).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(Token::Word(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Option<bool>) {
        assert_eq!(apt_conf_value(text, "Acquire::Check-Valid-Until"), expected, "{text}");
    }

    #[test]
    fn both_forms_are_read_and_the_last_value_wins() {
        check("Acquire::Check-Valid-Until \"false\";", Some(false));
        check("Acquire { Check-Valid-Until \"false\"; };", Some(false));
        check("acquire { http { Proxy \"x\"; }; check-valid-until no; }", Some(false));
        check("Acquire::Check-Valid-Until false; Acquire::Check-Valid-Until true;", Some(true));
        check("APT { NeverAutoRemove { \"^a.*\"; }; }; Acquire::Check-Valid-Until \"0\";", Some(false));
    }

    #[test]
    fn comments_and_other_scopes_are_passed_over() {
        check("// Acquire::Check-Valid-Until \"false\";", None);
        check("/* Acquire::Check-Valid-Until \"false\"; */ # x\n", None);
        check("APT { Acquire::Check-Valid-Until \"false\"; };", None);
        check("Acquire::http { Check-Valid-Until \"false\"; };", None);
        check("Acquire::http::Proxy \"http://a.example//b\"; Acquire::Check-Valid-Until \"no\";", Some(false));
        check("Acquire::Check-Valid-Until \"perhaps\";", None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "[Aa:{};\"/*# \né]{0,40}") {
            let _ = apt_conf_value(&text, "A");
        }
    }
}
