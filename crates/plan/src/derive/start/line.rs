//! A command in one line, as a Procfile, a compose file or a platform's file has it → what an image starts.

use std::collections::BTreeMap;

use crate::derive::entry::Entry;
use crate::derive::known::Known;
use crate::derive::runner;
use crate::derive::start::variables::{PORT, replaced};
use crate::derive::start::words;
use crate::shell::{assignment, plain_words, program};

/// The port that a platform would choose.
const CHOSEN: &str = "8000";

/// Programs that need what a base without a shell has not.
pub(crate) const SHELLS: [&str; 5] = ["bash", "dash", "ksh", "sh", "zsh"];

/// Others that no base has: tools of developers, and what runs other languages.
const OTHERS: [&str; 8] = ["docker", "docker-compose", "java", "just", "make", "node", "npm", "yarn"];

const NO_ENV: &BTreeMap<String, String> = &BTreeMap::new();

/// What a platform does for a command.
#[derive(Debug, Clone, Copy)]
pub(super) struct Platform<'p> {
    /// Where it expects the process to listen.
    pub(super) port: Option<&'p str>,
    /// The variables that it sets.
    pub(super) env: &'p BTreeMap<String, String>,
    /// Whether it tells the process by `PORT` where to listen.
    pub(super) is_web: bool,
}

impl Platform<'_> {
    /// One that sets no variable but, for a process that serves, `PORT`.
    pub(super) fn plain(is_web: bool) -> Self {
        Self { port: None, env: NO_ENV, is_web }
    }
}

/// What a command starts, or why an image cannot.
pub(super) fn entry(known: &Known<'_>, reason: String, command: &str, platform: Platform<'_>) -> Result<Entry, String> {
    let port = platform.env.get(PORT).map(String::as_str).or(platform.port).unwrap_or(CHOSEN);
    let (text, asks_for_port) = replaced(command, port, platform.env);
    let mut entry = Entry::new::<&str>(&[], reason);
    entry.env.clone_from(platform.env);
    let mut rest = text.trim_start();
    while let Some(((variable, value), after)) =
        rest.split_once(' ').and_then(|(word, after)| Some((assignment(word)?, after)))
    {
        let value = plain_words(value).ok_or("a variable of it needs a shell, which the base does not have")?;
        entry.env.insert(variable.to_owned(), value.concat());
        rest = after.trim_start();
    }
    let mut words = without_shell(rest).ok_or("it needs a shell, which the base does not have")?;
    runner::take_off(&mut words);
    let first = words.first_mut().ok_or("it starts nothing")?;
    let is_other = SHELLS.iter().chain(&OTHERS).any(|it| *it == program(first)) || first.ends_with(".sh");
    if is_other || known.has(first.trim_start_matches("./")) {
        return Err(format!("{first} needs a shell or more of a system than the base has"));
    }
    if first == "python" {
        // Debian has the name with the number alone.
        "python3".clone_into(first);
    }
    entry.file = words.iter().find(|word| word.ends_with(".py") && known.has(word)).cloned();
    entry.notes.extend(words::loopback_warning(&words));
    entry.ports = words::ports(&words).iter().map(ToString::to_string).collect();
    if platform.is_web || asks_for_port {
        entry.env.entry(PORT.to_owned()).or_insert_with(|| port.to_owned());
        if entry.ports.is_empty() {
            entry.ports.push(port.to_owned());
        }
    }
    entry.cmd = words;
    Ok(entry)
}

/// The words of a command that needs no shell, also where one is asked for in vain: `sh -c "gunicorn shop:app"`.
fn without_shell(text: &str) -> Option<Vec<String>> {
    let words = plain_words(text)?;
    match &words[..] {
        [shell, option, text]
            if SHELLS.contains(&program(shell)) && ["-c", "-lc", "-ec"].contains(&option.as_str()) =>
        {
            plain_words(text)
        }
        _ => Some(words),
    }
}
