//! The commands of a shell's text, and their words.

use std::collections::BTreeMap;

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Word {
    /// Its text, variables replaced.
    pub text: String,
    /// Whether a part of it depends on what other commands print.
    pub is_unknown: bool,
}

impl Word {
    /// A word that is known.
    pub fn known(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_unknown: false }
    }
}

/// A command with the variables that it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellCommand {
    /// The variables.
    pub environment: BTreeMap<String, String>,
    /// The command's name and its arguments.
    pub words: Vec<Word>,
}

/// The name of a program without its folder.
pub(crate) fn program(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

/// `NAME=value`.
pub fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
    (is_name && !name.is_empty() && !name.starts_with(|it: char| it.is_ascii_digit())).then_some((name, value))
}
