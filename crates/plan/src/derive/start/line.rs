//! A command in one line, as a Procfile or a compose file has it → what an image starts.

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

/// What a command starts, or why an image cannot; a `web` process listens at `PORT`.
pub(super) fn entry(known: &Known<'_>, reason: String, command: &str, is_web: bool) -> Result<Entry, String> {
    let (text, asks_for_port) = replaced(command, CHOSEN, &BTreeMap::new());
    let mut entry = Entry::new::<&str>(&[], reason);
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
    if is_web || asks_for_port {
        entry.env.entry(PORT.to_owned()).or_insert_with(|| CHOSEN.to_owned());
        if entry.ports.is_empty() {
            entry.ports.push(CHOSEN.to_owned());
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
