//! A Procfile: the processes that a platform would start, one `name: command` in a line.

use crate::derive::entry::Entry;
use crate::derive::known::Known;
use crate::derive::runner;
use crate::derive::start::search::{Found, Search};
use crate::derive::start::words;
use crate::shell::{assignment, plain_words, program};

/// The file.
pub(super) const FILE: &str = "Procfile";

/// The process that serves.
const WEB: &str = "web";

/// What runs before a deployment, and is no process.
const RELEASE: &str = "release";

/// The port that the platform would choose.
const PORT: &str = "8000";

/// A process that needs what a base without a shell has not.
const SHELLS: [&str; 5] = ["bash", "dash", "ksh", "sh", "zsh"];

/// Finds what a Procfile starts: `web`, or its only process.
pub(super) fn find(known: &Known<'_>, search: &mut Search) -> Found {
    let processes = processes(known.text(FILE));
    let web: Vec<_> = processes.iter().filter(|(name, _)| *name == WEB).copied().collect();
    let mut entries = Vec::new();
    for (name, command) in if web.is_empty() { processes } else { web } {
        match entry(known, name, command) {
            Ok(entry) => entries.push(entry),
            Err(reason) => search.passed_over.push(format!("`{name}: {command}` of {FILE}: {reason}")),
        }
    }
    Found::of(entries)
}

/// Names and commands, less what is no process.
fn processes(text: &str) -> Vec<(&str, &str)> {
    let lines = text.lines().filter_map(|line| line.trim().split_once(':'));
    let lines = lines.map(|(name, command)| (name.trim(), command.trim()));
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-".contains(c));
    lines.filter(|(name, command)| is_name(name) && *name != RELEASE && !command.is_empty()).collect()
}

/// What a process starts, or why an image cannot.
fn entry(known: &Known<'_>, name: &str, command: &str) -> Result<Entry, String> {
    let (text, asks_for_port) = without_variables(command);
    let mut entry = Entry::new::<&str>(&[], format!("`{name}` of {FILE}"));
    let mut rest = text.trim_start();
    while let Some(((variable, value), after)) =
        rest.split_once(' ').and_then(|(word, after)| Some((assignment(word)?, after)))
    {
        let value = plain_words(value).ok_or("a variable of it needs a shell, which the base does not have")?;
        entry.env.insert(variable.to_owned(), value.concat());
        rest = after.trim_start();
    }
    let mut words = plain_words(rest).ok_or("it needs a shell, which the base does not have")?;
    runner::take_off(&mut words);
    let first = words.first_mut().ok_or("it starts nothing")?;
    let is_shell = SHELLS.contains(&program(first)) || first.ends_with(".sh");
    if is_shell || known.has(first.trim_start_matches("./")) {
        return Err(format!("{first} needs a shell or more of a system than the base has"));
    }
    if first == "python" {
        // Debian has the name with the number alone.
        "python3".clone_into(first);
    }
    entry.file = words.iter().find(|word| word.ends_with(".py") && known.has(word)).cloned();
    entry.notes.extend(words::loopback_warning(&words));
    entry.ports = words::ports(&words).iter().map(ToString::to_string).collect();
    if name == WEB || asks_for_port {
        entry.env.entry("PORT".to_owned()).or_insert_with(|| PORT.to_owned());
        if entry.ports.is_empty() {
            entry.ports.push(PORT.to_owned());
        }
    }
    entry.cmd = words;
    Ok(entry)
}

/// The command with the port for `$PORT` and with the defaults of `${NAME:-default}`; whether it asks for the port.
fn without_variables(command: &str) -> (String, bool) {
    let (mut text, mut rest, mut asks_for_port) = (String::new(), command, false);
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (name, default, after) = variable(rest);
        match (name, default) {
            ("PORT", _) => {
                asks_for_port = true;
                text.push_str(PORT);
            }
            (_, Some(default)) => text.push_str(default),
            // A shell would know it.
            (_, None) => {
                text.push('$');
                continue;
            }
        }
        rest = after;
    }
    text.push_str(rest);
    (text, asks_for_port)
}

/// A variable behind its `$`: its name, its default, and what follows it.
fn variable(text: &str) -> (&str, Option<&str>, &str) {
    if let Some((inside, after)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) {
        return match inside.split_once(":-").or_else(|| inside.split_once('-')) {
            Some((name, default)) => (name, Some(default), after),
            None => (inside, None, after),
        };
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    (&text[..end], None, &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_port_and_defaults_take_the_places_of_variables() {
        for (command, expected, asks_for_port) in [
            ("gunicorn --bind 0.0.0.0:$PORT a:b", "gunicorn --bind 0.0.0.0:8000 a:b", true),
            ("uvicorn a:b --port ${PORT:-5000}", "uvicorn a:b --port 8000", true),
            ("gunicorn -w ${WEB_CONCURRENCY:-2} a:b", "gunicorn -w 2 a:b", false),
            ("gunicorn -w $WORKERS a:b", "gunicorn -w $WORKERS a:b", false),
            ("echo $PORTS $", "echo $PORTS $", false),
            ("echo ${PORT", "echo ${PORT", false),
        ] {
            assert_eq!(without_variables(command), (expected.to_owned(), asks_for_port), "{command}");
        }
    }

    #[test]
    fn names_and_commands_are_read_from_lines() {
        let text = "# a comment: no process\nweb: gunicorn a:b\n\nrelease: python manage.py migrate\n worker:celery -A a worker\nbad name: x\nempty:\n";
        assert_eq!(processes(text), [("web", "gunicorn a:b"), ("worker", "celery -A a worker")]);
    }

    proptest! {
        #[test]
        fn any_command_can_be_read(text in "(\\$|\\{|\\}|PORT|:-|-| |é|\"|'|a){0,20}") {
            let _ = without_variables(&text);
        }
    }
}
