//! Characters of a shell's text → its commands.

use std::collections::{BTreeMap, VecDeque};

use super::command::{ShellCommand, Word, assignment};
use super::cursor::Cursor;
use super::fields::Fields;

/// The most commands that are read of one text.
pub(super) const MAX_COMMANDS: usize = 10_000;

/// The most texts inside of texts that wait to be read.
const MAX_TEXTS: usize = 64;

/// What a text is read into.
pub(super) struct Reader {
    pub(super) environment: BTreeMap<String, String>,
    pub(super) arguments: Vec<String>,
    /// Texts that are still to be read: those of command substitutions.
    pub(super) texts: VecDeque<String>,
    pub(super) commands: Vec<ShellCommand>,
}

/// Words that may stand before a command.
const KEYWORDS: [&str; 14] =
    ["if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "time", "fi", "done", "esac"];

impl Reader {
    /// Reads a text to its end.
    pub(super) fn read(&mut self, cursor: &mut Cursor<'_>) {
        let (mut words, mut ends): (Vec<Word>, VecDeque<String>) = (Vec::new(), VecDeque::new());
        while self.commands.len() < MAX_COMMANDS {
            match cursor.peek() {
                None => break,
                Some(' ' | '\t') => cursor.at += 1,
                Some('#') => {
                    while cursor.peek().is_some_and(|it| it != '\n') {
                        cursor.at += 1;
                    }
                }
                Some('\n') => {
                    cursor.at += 1;
                    for end in std::mem::take(&mut ends) {
                        while cursor.at < cursor.text.len() && cursor.until('\n').trim_start_matches('\t') != end {}
                    }
                    self.command(std::mem::take(&mut words));
                }
                Some(';' | '&' | '|' | '(' | ')') => {
                    cursor.at += 1;
                    self.command(std::mem::take(&mut words));
                }
                Some('<' | '>') => ends.extend(self.redirection(cursor, &mut words)),
                Some(_) => words.extend(self.word(cursor)),
            }
        }
        self.command(words);
    }

    /// Passes over `> file`, `2>&1` and `<< END`; gives the end of a document that follows in the text.
    fn redirection(&mut self, cursor: &mut Cursor<'_>, words: &mut Vec<Word>) -> Option<String> {
        // The number before it is a descriptor, and no word.
        let is_touching = cursor.at.checked_sub(1).and_then(|at| cursor.text.get(at)).is_some_and(char::is_ascii_digit);
        if is_touching && words.last().is_some_and(|word| word.text.len() == 1) {
            words.pop();
        }
        let start = cursor.at;
        while matches!(cursor.peek(), Some('<' | '>' | '&' | '|' | '-')) {
            cursor.at += 1;
        }
        let operator: String = cursor.text[start..cursor.at].iter().collect();
        while matches!(cursor.peek(), Some(' ' | '\t')) {
            cursor.at += 1;
        }
        if matches!(cursor.peek(), None | Some('\n' | ';' | '(' | ')')) {
            return None;
        }
        let target = self.word(cursor);
        let is_document = operator.starts_with("<<") && !operator.starts_with("<<<");
        is_document.then(|| target.into_iter().map(|word| word.text).collect())
    }

    /// The fields that one word of the text becomes.
    fn word(&mut self, cursor: &mut Cursor<'_>) -> Vec<Word> {
        let start = cursor.at;
        let mut fields = Fields::default();
        loop {
            match cursor.peek() {
                None | Some(' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>') => break,
                Some('\\') => {
                    cursor.at += 1;
                    if let Some(next) = cursor.next().filter(|next| *next != '\n') {
                        fields.push(next);
                    }
                }
                Some('\'') => {
                    cursor.at += 1;
                    fields.text(&cursor.until('\''));
                }
                Some('"') => {
                    cursor.at += 1;
                    self.quoted(cursor, &mut fields);
                }
                Some('`') => {
                    cursor.at += 1;
                    self.texts.push_back(cursor.until('`'));
                    fields.unknown();
                }
                Some('$') => {
                    cursor.at += 1;
                    self.expansion(cursor, &mut fields, false);
                }
                Some(other) => {
                    cursor.at += 1;
                    fields.push(other);
                }
            }
        }
        // A character that begins nothing must not be read for ever.
        cursor.at = cursor.at.max(start + 1);
        fields.finish()
    }

    fn quoted(&mut self, cursor: &mut Cursor<'_>, fields: &mut Fields) {
        fields.text("");
        while let Some(next) = cursor.next() {
            match next {
                '"' => break,
                '\\' => match cursor.next() {
                    Some(next @ ('$' | '`' | '"' | '\\')) => fields.push(next),
                    Some('\n') | None => {}
                    Some(other) => fields.text(&format!("\\{other}")),
                },
                '`' => {
                    self.texts.push_back(cursor.until('`'));
                    fields.unknown();
                }
                '$' => self.expansion(cursor, fields, true),
                other => fields.push(other),
            }
        }
    }

    /// What follows a `$`.
    fn expansion(&mut self, cursor: &mut Cursor<'_>, fields: &mut Fields, is_quoted: bool) {
        match cursor.peek() {
            Some('(') => {
                cursor.at += 1;
                let inside = cursor.balanced('(', ')');
                if !inside.starts_with('(') {
                    self.texts.push_back(inside);
                }
                fields.unknown();
            }
            Some('{') => {
                cursor.at += 1;
                let inside = cursor.balanced('{', '}');
                self.braces(&inside, fields, is_quoted);
            }
            Some('\'') if !is_quoted => {
                cursor.at += 1;
                let text = cursor.until('\'');
                fields.text(&text);
                if text.contains('\\') {
                    fields.unknown();
                }
            }
            Some('"') if !is_quoted => {}
            Some(next @ ('@' | '*')) => {
                cursor.at += 1;
                let arguments = self.arguments.get(1..).unwrap_or_default().to_vec();
                match (is_quoted, next) {
                    (true, '*') => fields.text(&arguments.join(" ")),
                    (true, _) => fields.each(&arguments),
                    (false, _) => fields.split(&arguments.join(" ")),
                }
            }
            Some(next) if next.is_ascii_digit() => {
                cursor.at += 1;
                let value = self.value(&next.to_string()).unwrap_or_default();
                fields.value(&value, is_quoted);
            }
            Some(next) if next.is_ascii_alphabetic() || next == '_' => {
                let name = cursor.name();
                let value = self.value(&name).unwrap_or_default();
                fields.value(&value, is_quoted);
            }
            Some('?' | '$' | '!' | '#' | '-') => {
                cursor.at += 1;
                fields.unknown();
            }
            _ => fields.push('$'),
        }
    }

    /// `${NAME}`, `${NAME:-default}` and their like; other forms are not known.
    fn braces(&mut self, inside: &str, fields: &mut Fields, is_quoted: bool) {
        let end = inside.find(|it: char| !it.is_ascii_alphanumeric() && it != '_').unwrap_or(inside.len());
        let (name, rest) = inside.split_at(end);
        if inside == "@" {
            let arguments = self.arguments.get(1..).unwrap_or_default().to_vec();
            return fields.each(&arguments);
        }
        let (ignores_empty, rest) = rest.strip_prefix(':').map_or((false, rest), |rest| (true, rest));
        let value = self.value(name).filter(|value| !(ignores_empty && value.is_empty()));
        let operator = rest.chars().next();
        let chosen = match (operator, value) {
            (None, value) => value.unwrap_or_default(),
            (Some('-' | '=' | '?'), Some(value)) => value,
            (Some('-' | '='), None) | (Some('+'), Some(_)) => rest[1..].trim_matches(['"', '\'']).to_owned(),
            (Some('+' | '?'), None) => String::new(),
            (Some(_), _) => return fields.unknown(),
        };
        if chosen.contains(['$', '`']) {
            return fields.unknown();
        }
        fields.value(&chosen, is_quoted);
    }

    fn value(&self, name: &str) -> Option<String> {
        match name.parse::<usize>() {
            Ok(number) => self.arguments.get(number).cloned(),
            Err(_) => self.environment.get(name).cloned(),
        }
    }

    /// Takes in one command: variables of its own, keywords before it, and what changes the shell itself.
    fn command(&mut self, words: Vec<Word>) {
        let mut words = VecDeque::from(words);
        let mut environment = self.environment.clone();
        let mut has_own = false;
        while let Some(first) = words.front() {
            if KEYWORDS.contains(&first.text.as_str()) {
                words.pop_front();
            } else if let Some((name, value)) = assignment(&first.text) {
                environment.insert(name.to_owned(), value.to_owned());
                has_own = true;
                words.pop_front();
            } else {
                break;
            }
        }
        let Some(first) = words.front() else {
            if has_own {
                self.environment = environment;
            }
            return;
        };
        match first.text.as_str() {
            "export" | "readonly" | "declare" | "typeset" | "local" => {
                let pairs = words.iter().filter_map(|word| assignment(&word.text));
                self.environment.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
            "unset" => words.iter().skip(1).for_each(|word| {
                self.environment.remove(&word.text);
            }),
            "eval" | "trap" => {
                let text: Vec<&str> = words.iter().skip(1).map(|word| word.text.as_str()).collect();
                self.texts.push_back(text.join(" "));
            }
            _ => {
                // `set -- python app.py` prepares what a later `exec "$@"` runs.
                let is_set = first.text == "set" && words.get(1).is_some_and(|word| word.text == "--");
                let words: Vec<Word> = words.into_iter().skip(if is_set { 2 } else { 0 }).collect();
                self.commands.push(ShellCommand { environment, words });
            }
        }
        // Texts in texts in texts end somewhere.
        self.texts.truncate(MAX_TEXTS);
    }
}
