//! Finds what an image starts: what the user wrote, a command of the project, a web application behind a server, what
//! another program runs, or a script.

use crate::derive::choices::Choices;
use crate::derive::dockerfile::entry;
use crate::derive::entry::Entry;
use crate::derive::error::{DeriveError, Start};
use crate::derive::known::Known;

mod application;
mod around;
mod command;
mod compose;
mod django;
pub(super) mod framework;
mod gunicorn;
mod line;
mod listener;
mod modules;
mod platform_files;
mod procfile;
mod program;
mod search;
pub(super) mod server;
pub(super) mod tool;
pub(super) mod variables;
mod web;
pub(super) mod words;
mod yaml;

use search::{Found, Search};

/// Whether the text of a module is asked for.
pub(super) fn is_read(path: &str) -> bool {
    const DEEP: [&str; 6] = ["main.py", "app.py", "asgi.py", "wsgi.py", "__init__.py", "__main__.py"];
    let name = path.rsplit('/').next().unwrap_or(path);
    // Packages in `src` are as deep as those at the top.
    match path.strip_prefix("src/").unwrap_or(path).matches('/').count() {
        0 if path == procfile::FILE
            || compose::is_read(path)
            || platform_files::is_read(path)
            || entry::is_read(path) =>
        {
            true
        }
        0..=2 => name.ends_with(".py"),
        3 => DEEP.contains(&name),
        _ => false,
    }
}

/// Finds what is started.
///
/// # Errors
/// When nothing says what it is, or several things do that nothing prefers over one another.
pub(super) fn find(known: &Known<'_>, choices: &Choices) -> Result<Entry, DeriveError> {
    let mut search = Search::default();
    let found = match chosen(known, choices) {
        Some(entry) => Found::start(around::chosen(known, entry)),
        None => search_all(known, &mut search),
    };
    match found {
        Found::Start(mut entry) => {
            entry.notes.append(&mut search.passed_over);
            gunicorn::complete(known, &mut entry);
            entry.listen_at(&choices.ports);
            Ok(*entry)
        }
        Found::Several(entries) => {
            let start = |entry: &Entry| Start { command: entry.typed(), reason: entry.reason.clone() };
            Err(DeriveError::SeveralStarts {
                found: entries.iter().map(start).collect(),
                passed_over: search.passed_over,
            })
        }
        Found::Nothing => {
            let looked_for = search.passed_over.into_iter().chain(search.looked_for).collect();
            Err(DeriveError::NoEntryPoint { looked_for, advice: search.advice })
        }
    }
}

/// What the user named by a flag.
fn chosen(known: &Known<'_>, choices: &Choices) -> Option<Entry> {
    let (flag, entrypoint) = match (&choices.cmd, &choices.entrypoint) {
        (None, None) => return None,
        (_, Some(entrypoint)) => ("--entrypoint", entrypoint.clone()),
        (Some(_), None) => ("--cmd", Vec::new()),
    };
    let cmd = choices.cmd.clone().unwrap_or_default();
    let words: Vec<String> = entrypoint.iter().chain(&cmd).cloned().collect();
    let file = words.iter().map(|word| word.strip_prefix("/app/").unwrap_or(word)).find(|word| known.has(word));
    let ports = words::ports(&words).iter().map(ToString::to_string).collect();
    let file = file.map(str::to_owned);
    let notes = words::loopback_warning(&words).into_iter().collect();
    Some(Entry { entrypoint, file, ports, notes, ..Entry::new(&cmd, format!("what {flag} says")) })
}

fn search_all(known: &Known<'_>, search: &mut Search) -> Found {
    match entry::find(known) {
        Ok(Some(entry)) => return Found::start(entry),
        Ok(None) => {}
        Err(why) => search.passed_over.push(why),
    }
    match search_others(known, search) {
        Found::Start(entry) => Found::start(around::found(known, *entry)),
        found => found,
    }
}

/// Searches beside the Dockerfile.
fn search_others(known: &Known<'_>, search: &mut Search) -> Found {
    for find in [procfile::find, compose::find, platform_files::find] {
        let written = find(known, search);
        if !matches!(written, Found::Nothing) {
            return written;
        }
    }
    let commands = command::commands(known, search);
    // A command that prints and ends is not what an image with a web application is for.
    if let Some(chosen) = commands.chosen.clone().filter(|_| commands.serves) {
        return Found::start(chosen);
    }
    let web = web::find(known, search);
    if !matches!(web, Found::Nothing) {
        return web;
    }
    if let Some(chosen) = commands.chosen {
        return Found::start(chosen);
    }
    if !commands.several.is_empty() {
        return match program::package(known, &modules::modules(known)) {
            Found::Nothing => Found::Several(commands.several),
            found => found,
        };
    }
    let found = match tool::find(known, search) {
        Found::Nothing => program::find(known, search),
        found => found,
    };
    found.beside(search.development.take())
}

#[cfg(test)]
mod tests;
