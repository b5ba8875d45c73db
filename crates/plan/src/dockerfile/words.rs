//! The words of an instruction, and the variables in them, as BuildKit replaces them.

use std::collections::BTreeMap;

/// Values of variables by name.
pub type Variables = BTreeMap<String, String>;

/// No text grows beyond this when variables are replaced, however often each holds another.
const MAX_TEXT: usize = 16 << 10;

/// Defaults inside of defaults are read that deep.
const MAX_DEPTH: usize = 8;

/// The words of a text, apart at blanks outside of quotes; quotes and escapes stay.
pub(super) fn split(text: &str, escape: char) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let (mut quote, mut characters) = (None, text.chars());
    while let Some(next) = characters.next() {
        match (next, quote) {
            (c, None) if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            ('"' | '\'', None) => quote = Some(next),
            (c, Some(open)) if c == open => quote = None,
            _ => {}
        }
        word.push(next);
        if next == escape && quote != Some('\'') {
            word.extend(characters.next());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Reads a word: quotes and escapes go, variables become their values, and those that are not set become nothing.
pub(super) struct Expander<'v> {
    pub(super) variables: &'v Variables,
    pub(super) escape: char,
}

impl Expander<'_> {
    /// One word, whatever its value holds.
    pub(super) fn word(&self, text: &str) -> String {
        self.expand(text, 0)
    }

    /// The words of a text; values are not split again.
    pub(super) fn words(&self, text: &str) -> Vec<String> {
        split(text, self.escape).iter().map(|word| self.word(word)).filter(|word| !word.is_empty()).collect()
    }

    /// `A=1 B="2 3"`, or `A 1` in the old form.
    pub(super) fn pairs(&self, text: &str) -> Vec<(String, String)> {
        let words = split(text, self.escape);
        if words.first().is_some_and(|first| first.contains('=')) {
            let pairs = words.iter().filter_map(|word| word.split_once('='));
            return pairs.map(|(name, value)| (self.word(name), self.word(value))).collect();
        }
        let (name, value) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        vec![(self.word(name), self.word(value.trim()))]
    }

    fn expand(&self, text: &str, depth: usize) -> String {
        let (mut out, mut rest) = (String::new(), text);
        let mut is_quoted = false;
        while let Some(next) = rest.chars().next() {
            rest = &rest[next.len_utf8()..];
            match next {
                '\'' if !is_quoted => {
                    let end = rest.find('\'').unwrap_or(rest.len());
                    out.push_str(&rest[..end]);
                    rest = rest.get(end + 1..).unwrap_or_default();
                }
                '"' => is_quoted = !is_quoted,
                '$' => rest = self.variable(rest, &mut out, depth),
                c if c == self.escape => {
                    let Some(escaped) = rest.chars().next() else { break };
                    // Inside of quotes only what has a meaning is escaped.
                    if is_quoted && !['"', '$', self.escape].contains(&escaped) {
                        out.push(c);
                    }
                    out.push(escaped);
                    rest = &rest[escaped.len_utf8()..];
                }
                other => out.push(other),
            }
            if out.len() > MAX_TEXT {
                break;
            }
        }
        out
    }

    /// What follows a `$`; the rest behind it.
    fn variable<'t>(&self, rest: &'t str, out: &mut String, depth: usize) -> &'t str {
        if let Some(inside) = rest.strip_prefix('{') {
            let end = closing(inside, self.escape);
            out.push_str(&self.braces(&inside[..end], depth));
            return inside.get(end + 1..).unwrap_or_default();
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        match rest.starts_with(|c: char| c.is_ascii_digit()) {
            _ if end == 0 => out.push('$'),
            // `$1` is an argument, and an instruction has none.
            true => return &rest[1..],
            false => out.push_str(self.value(&rest[..end])),
        }
        &rest[end..]
    }

    /// `NAME`, `NAME:-default`, `NAME:+other`, `NAME:?message`, and the same without a colon.
    fn braces(&self, inside: &str, depth: usize) -> String {
        let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inside.len());
        let (name, form) = inside.split_at(end);
        let (ignores_empty, form) = form.strip_prefix(':').map_or((false, form), |form| (true, form));
        let value = self.variables.get(name).filter(|value| !(ignores_empty && value.is_empty()));
        let word = || match (depth < MAX_DEPTH, form.get(1..)) {
            (true, Some(word)) => self.expand(word, depth + 1),
            _ => String::new(),
        };
        match (form.chars().next(), value) {
            (Some('-'), None) | (Some('+'), Some(_)) => word(),
            (Some('+'), None) => String::new(),
            (Some('#' | '%' | '/'), Some(value)) => trimmed(value, form),
            (_, value) => value.cloned().unwrap_or_default(),
        }
    }

    fn value(&self, name: &str) -> &str {
        self.variables.get(name).map_or("", String::as_str)
    }
}

/// `${NAME#v}`, `${NAME%.*}`, `${NAME/a/b}`, with a literal text and `*` at its open end.
fn trimmed(value: &str, form: &str) -> String {
    let owned = |found: Option<&str>| found.unwrap_or(value).to_owned();
    let (is_start, pattern) = match form.chars().next() {
        Some('/') => {
            let (is_each, rest) = form.strip_prefix("//").map_or((false, &form[1..]), |rest| (true, rest));
            return match rest.split_once('/').unwrap_or((rest, "")) {
                ("", _) => value.to_owned(),
                (from, to) if is_each => value.replace(from, to),
                (from, to) => value.replacen(from, to, 1),
            };
        }
        Some('#') => (true, form.trim_start_matches('#')),
        _ => (false, form.trim_start_matches('%')),
    };
    let is_greedy = form.starts_with("##") || form.starts_with("%%");
    match (is_start, pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (true, Some(end), _) => {
            let found = if is_greedy { value.rfind(end) } else { value.find(end) };
            owned(found.map(|at| &value[at + end.len()..]))
        }
        (true, None, _) => owned(value.strip_prefix(pattern)),
        (false, _, Some(start)) => {
            let found = if is_greedy { value.find(start) } else { value.rfind(start) };
            owned(found.map(|at| &value[..at]))
        }
        (false, _, None) => owned(value.strip_suffix(pattern)),
    }
}

/// Where the brace that is open is closed; the end where it is not.
fn closing(text: &str, escape: char) -> usize {
    let (mut depth, mut characters) = (1_usize, text.char_indices());
    while let Some((at, next)) = characters.next() {
        match next {
            '{' => depth += 1,
            '}' => depth -= 1,
            c if c == escape => drop(characters.next()),
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_become_their_values() {
        let variables = [("V", "3.11"), ("E", ""), ("FULL", "3.12.4-slim"), ("DIR", "/a/b c")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let expander = Expander { variables: &variables, escape: '\\' };
        for (text, expected) in [
            ("python:${V}-slim", "python:3.11-slim"),
            ("$V$V.$NONE|", "3.113.11.|"),
            ("${NONE:-d}${V:-d}${E:-d}${E-d}", "d3.11d"),
            ("${V:+y}${NONE:+y}${E:+y}${E+z}", "yz"),
            ("${NONE:-${V}x}", "3.11x"),
            ("${NONE:-\"a b\"}", "a b"),
            ("${V:?needed}", "3.11"),
            ("'$V' \"$V\" \\$V", "$V 3.11 $V"),
            ("\"a\\b\\\"\"", "a\\b\""),
            ("${FULL%%-*}|${FULL%.*}|${FULL#*.}|${FULL##*.}|${FULL/slim/x}|${FULL//./_}", {
                "3.12.4|3.12|12.4-slim|4-slim|3.12.4-x|3_12_4-slim"
            }),
            ("$", "$"),
            ("a$.b", "a$.b"),
            ("${V", "3.11"),
            ("$1x", "x"),
            ("\\", ""),
        ] {
            assert_eq!(expander.word(text), expected, "{text}");
        }
        assert_eq!(expander.words("a \"b c\" $DIR ''"), ["a", "b c", "/a/b c"]);
        for (text, expected) in [
            ("A=1 B=\"2 3\" C='4 5' D=6\\ 7", "A=1|B=2 3|C=4 5|D=6 7"),
            ("A one two", "A=one two"),
            ("A  $V", "A=3.11"),
            ("A=", "A="),
            ("\"A b\"=c", "A b=c"),
        ] {
            let pairs: Vec<String> =
                expander.pairs(text).iter().map(|(name, value)| format!("{name}={value}")).collect();
            assert_eq!(pairs.join("|"), expected, "{text}");
        }
    }

    #[test]
    fn texts_do_not_grow_without_end() {
        let variables = Variables::from([("A".to_owned(), "x".repeat(1 << 13))]);
        let expander = Expander { variables: &variables, escape: '\\' };
        assert!(expander.word(&"$A".repeat(1000)).len() <= MAX_TEXT + (1 << 13));
        let deep = format!("{}x{}", "${N:-".repeat(5000), "}".repeat(5000));
        assert!(expander.word(&deep).len() < deep.len());
    }
}
