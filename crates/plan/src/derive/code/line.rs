//! Python text → logical lines of tokens: brackets and backslashes joined, comments and the inside of strings gone.

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A name or a keyword.
    Name(String),
    /// A string without prefix or with `r`, as far as it is literal.
    Text(String),
    /// A number, as it is written.
    Number(String),
    /// The inside of an f-string, with its braces.
    Format(String),
    /// A string whose value is not literal: bytes, escapes.
    Other,
    /// Any other character.
    Mark(char),
}

impl Token {
    /// The name that it is.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Text(_) | Self::Format(_) | Self::Number(_) | Self::Other | Self::Mark(_) => None,
        }
    }
}

/// A logical line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The number of the line in the text that it begins on, from 1.
    pub(crate) number: usize,
    /// The width of the blanks before it.
    pub(crate) indent: usize,
    pub(crate) tokens: Vec<Token>,
}

/// More tokens than a module has that a person wrote; what follows is not read.
const MAX_TOKENS: usize = 200_000;

/// The logical lines of a text that have anything in them.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    let rest = text.trim_start_matches('\u{feff}');
    let mut reader = Reader { rest, first: rest, counted: rest, number: 1, lines: Vec::new(), tokens: Vec::new() };
    reader.read();
    reader.lines
}

struct Reader<'t> {
    rest: &'t str,
    /// The text from the first token of the line that is read.
    first: &'t str,
    /// From where lines are not counted yet, and the number of the one there.
    counted: &'t str,
    number: usize,
    lines: Vec<Line>,
    tokens: Vec<Token>,
}

impl Reader<'_> {
    fn read(&mut self) {
        let (mut depth, mut indent, mut left) = (0_usize, self.blanks(), MAX_TOKENS);
        while let Some(next) = self.rest.chars().next().filter(|_| left > 0) {
            left -= 1;
            if self.tokens.is_empty() {
                self.first = self.rest;
            }
            match next {
                '\n' => {
                    self.rest = &self.rest[1..];
                    let blanks = self.blanks();
                    if depth == 0 {
                        self.end(indent);
                        indent = blanks;
                    }
                }
                ';' if depth == 0 => {
                    self.rest = &self.rest[1..];
                    self.end(indent);
                }
                '#' => self.rest = self.rest.find('\n').map_or("", |end| &self.rest[end..]),
                '\\' => {
                    let after = self.rest[1..].trim_start_matches('\r');
                    self.rest = after.strip_prefix('\n').unwrap_or(after);
                }
                '"' | '\'' => self.string(""),
                c if c.is_alphabetic() || c == '_' => self.word(),
                c if c.is_ascii_digit() => {
                    let number = self.take(|c| c.is_alphanumeric() || c == '_' || c == '.').to_owned();
                    self.tokens.push(Token::Number(number));
                }
                c => {
                    self.rest = &self.rest[c.len_utf8()..];
                    match c {
                        '(' | '[' | '{' => depth += 1,
                        ')' | ']' | '}' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    if !c.is_whitespace() {
                        self.tokens.push(Token::Mark(c));
                    }
                }
            }
        }
        self.end(indent);
    }

    fn end(&mut self, indent: usize) {
        let tokens = std::mem::take(&mut self.tokens);
        if !tokens.is_empty() {
            let before = &self.counted[..self.counted.len() - self.first.len()];
            self.number += before.matches('\n').count();
            self.counted = self.first;
            self.lines.push(Line { number: self.number, indent, tokens });
        }
    }

    /// The width of the blanks at a line's beginning, as CPython counts it.
    fn blanks(&mut self) -> usize {
        let blanks = self.take(|c| c == ' ' || c == '\t' || c == '\u{c}');
        blanks.chars().fold(0, |width, c| if c == '\t' { (width / 8 + 1) * 8 } else { width + 1 })
    }

    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// A name, or the prefix of a string.
    fn word(&mut self) {
        let word = self.take(|c| c.is_alphanumeric() || c == '_').to_owned();
        let is_prefix = word.len() <= 2 && word.chars().all(|c| "rRbBuUfFtT".contains(c));
        if is_prefix && self.rest.starts_with(['"', '\'']) {
            self.string(&word.to_ascii_lowercase());
        } else {
            self.tokens.push(Token::Name(word));
        }
    }

    fn string(&mut self, prefix: &str) {
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| self.rest.starts_with(quote)).unwrap_or("'");
        let inside = &self.rest[quote.len()..];
        let (mut end, mut characters) = (None, inside.char_indices());
        while let Some((at, character)) = characters.next() {
            match character {
                // What is escaped ends nothing.
                '\\' => drop(characters.next()),
                // A string of one line ends with it.
                '\n' if quote.len() == 1 => {
                    end = Some((at, at));
                    break;
                }
                _ if inside[at..].starts_with(quote) => {
                    end = Some((at, at + quote.len()));
                    break;
                }
                _ => {}
            }
        }
        let (end, next) = end.unwrap_or((inside.len(), inside.len()));
        let (text, rest) = (&inside[..end], &inside[next..]);
        let is_literal = !prefix.contains(['b', 't']) && !text.contains('\\');
        self.tokens.push(match (is_literal, prefix.contains('f')) {
            (true, false) => Token::Text(text.to_owned()),
            (true, true) => Token::Format(text.to_owned()),
            (false, _) => Token::Other,
        });
        self.rest = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let token = |token: &Token| match token {
            Token::Name(name) => name.clone(),
            Token::Text(text) => format!("<{text}>"),
            Token::Number(number) => format!("#{number}"),
            Token::Format(text) => format!("f<{text}>"),
            Token::Other => "?".to_owned(),
            Token::Mark(mark) => mark.to_string(),
        };
        let line =
            |line: Line| format!("{}|{}", line.indent, line.tokens.iter().map(token).collect::<Vec<_>>().join(" "));
        lines(text).into_iter().map(line).collect()
    }

    #[test]
    fn a_line_has_the_number_that_it_begins_on() {
        let text = "# a\n\nx = (\n 1)\n\n\'\'\'a\nb\'\'\'; y\n  z\\\n = 1\n";
        let numbers: Vec<usize> = lines(text).iter().map(|line| line.number).collect();
        assert_eq!(numbers, [3, 6, 7, 8]);
    }

    #[test]
    fn a_logical_line_is_what_python_takes_for_one() {
        for (text, expected) in [
            ("a = 1 # x\n\n  b()\n", &["0|a = #1", "2|b ( )"][..]),
            ("a(\n  1,\n  2)\nb", &["0|a ( #1 , #2 )", "0|b"]),
            ("a = \\\n  1\n", &["0|a = #1"]),
            ("x = 'a' \"b#\"; y = f'{x}'\n", &["0|x = <a> <b#>", "0|y = f<{x}>"]),
            ("'''a\nb''' + rb'x'\n\tz", &["0|<a\nb> + ?", "8|z"]),
            ("a = 'open\nb = 1", &["0|a = <open>", "0|b = #1"]),
            ("é = '\\'x'\r\n", &["0|é = ?"]),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }
}
