//! The simple commands in a shell's text, as far as they can be known without running it.
//!
//! Every command is taken as if it ran: both sides of a condition, the body of a loop. What depends on other commands
//! (`$(…)`, patterns) is a word that is not known.

use std::collections::{BTreeMap, VecDeque};

mod command;
mod cursor;
mod fields;
mod reader;
#[cfg(test)]
mod tests;

pub(crate) use command::program;
pub use command::{ShellCommand, Word, assignment};
use cursor::Cursor;
use reader::Reader;

/// The most characters that are read in all, texts inside of texts included.
const MAX_TEXT: usize = 4 << 20;

/// What surrounds a text: the variables, and the arguments from `$0` on.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The variables.
    pub environment: BTreeMap<String, String>,
    /// The arguments.
    pub arguments: Vec<String>,
}

/// The commands of a text, in their order; those inside `$(…)` come last.
pub fn commands(text: &str, surroundings: Surroundings) -> Vec<ShellCommand> {
    let mut reader = Reader {
        environment: surroundings.environment,
        arguments: surroundings.arguments,
        texts: VecDeque::from([text.to_owned()]),
        commands: Vec::new(),
    };
    let mut budget = MAX_TEXT;
    while let Some(text) = reader.texts.pop_front() {
        let text: Vec<char> = text.chars().filter(|it| *it != '\r').take(budget).collect();
        budget -= text.len();
        reader.read(&mut Cursor { text: &text, at: 0 });
    }
    reader.commands
}

/// The words of a text that is one command and needs no shell: nothing in it depends on variables, files or other
/// commands. An `exec` before it goes.
pub fn plain_words(text: &str) -> Option<Vec<String>> {
    let (mut quote, mut characters) = (None, text.trim().chars());
    while let Some(next) = characters.next() {
        match (next, quote) {
            ('\\', None | Some('"')) => drop(characters.next()),
            ('$' | '`', None | Some('"')) => return None,
            ('"' | '\'', None) => quote = Some(next),
            (_, Some(open)) if next == open => quote = None,
            ('|' | '&' | ';' | '<' | '>' | '(' | ')' | '\n' | '*' | '?' | '[' | '{' | '~' | '#', None) => return None,
            _ => {}
        }
    }
    let surroundings = Surroundings { environment: BTreeMap::new(), arguments: Vec::new() };
    let command = commands(text, surroundings).into_iter().next().filter(|it| it.environment.is_empty())?;
    let words: Vec<String> = command.words.into_iter().map(|word| word.text).collect();
    let words = if words.first().is_some_and(|word| word == "exec") { words[1..].to_vec() } else { words };
    let is_builtin = |word: &String| BUILTINS.contains(&word.as_str());
    (quote.is_none() && words.first().is_some_and(|word| !is_builtin(word))).then_some(words)
}

/// Commands that only a shell knows.
const BUILTINS: [&str; 9] = [".", ":", "cd", "command", "set", "source", "trap", "ulimit", "umask"];
