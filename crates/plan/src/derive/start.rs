//! Finds what an image starts: a command of the project, a web application behind a server, or a script.

use crate::derive::entry::Entry;
use crate::derive::error::DeriveError;
use crate::derive::known::Known;
use crate::derive::sources::{packages, roots, taken};
use crate::derive::web;

/// Modules below the top that may be started, besides those of web applications; their texts are read.
pub(super) const MODULES: [&str; 2] = ["__main__.py", "manage.py"];

/// Scripts at the top, in the order in which they are taken.
const SCRIPTS: [&str; 6] = ["main.py", "app.py", "run.py", "server.py", "bot.py", "__main__.py"];

/// Finds what is started.
pub(super) fn find(known: &Known<'_>) -> Result<Entry, DeriveError> {
    let mut looked_for = Vec::new();
    let found = command(known, &mut looked_for)
        .or_else(|| web::find(known, &mut looked_for))
        .or_else(|| script(known, &mut looked_for));
    found.ok_or(DeriveError::NoEntryPoint { looked_for })
}

/// The only command of `[project.scripts]`, or the one named as the project.
fn command(known: &Known<'_>, looked_for: &mut Vec<String>) -> Option<Entry> {
    let scripts = &known.project.scripts;
    let name = known.project.name.as_ref();
    let named = |script: &&String| script.parse().ok().as_ref() == name && name.is_some();
    let found = match &scripts[..] {
        _ if !known.is_project => None,
        [only] => Some(Entry::new(&[only.as_str()], "the only command in [project.scripts]")),
        many => many
            .iter()
            .find(named)
            .map(|it| Entry::new(&[it.as_str()], "the command in [project.scripts] named as the project")),
    };
    if found.is_none() {
        looked_for.push(match scripts.len() {
            0 => "a command in [project.scripts] of pyproject.toml: found none".to_owned(),
            _ if !known.is_project => {
                "a command in [project.scripts]: without a [build-system], no command is installed".to_owned()
            }
            _ => format!("a command in [project.scripts] named like the project: found {}", scripts.join(", ")),
        });
    }
    found.map(|mut entry| {
        entry.port = any_port(known);
        entry
    })
}

/// A script at the top, a package with `__main__`, or the only module there is.
fn script(known: &Known<'_>, looked_for: &mut Vec<String>) -> Option<Entry> {
    if let Some(file) = SCRIPTS.into_iter().find(|file| known.has(file)) {
        return Some(of_file(known, file, format!("{file} is a script by its name")));
    }
    looked_for.push(format!("a script: {}", SCRIPTS.join(", ")));
    for root in roots(known) {
        let with_main: Vec<String> =
            packages(known, root).into_iter().filter(|it| known.has(&format!("{root}{it}/__main__.py"))).collect();
        if let [package] = &with_main[..] {
            let reason = format!("{root}{package} has a __main__.py");
            let port = port(known, &format!("{root}{package}/__main__.py")).or_else(|| any_port(known));
            return Some(Entry { root, port, ..Entry::new(&["python3", "-m", package], reason) });
        }
        if with_main.len() > 1 {
            looked_for.push(format!("one package with __main__.py: found {}", with_main.join(", ")));
        }
    }
    looked_for.push("a package with __main__.py".to_owned());
    let modules: Vec<String> = taken(known).into_iter().filter(|name| name.ends_with(".py")).collect();
    match &modules[..] {
        [only] => Some(of_file(known, only, format!("{only} is the only module"))),
        many => {
            let starts: Vec<&String> = many.iter().filter(|file| known.code(file).is_script).collect();
            if let [only] = starts[..] {
                let reason = format!("{only} is the only module with `if __name__ == \"__main__\"`");
                return Some(of_file(known, only, reason));
            }
            looked_for.push("a single module at the top with `if __name__ == \"__main__\"`".to_owned());
            None
        }
    }
}

fn of_file(known: &Known<'_>, file: &str, reason: String) -> Entry {
    let port = port(known, file);
    Entry {
        file: Some(file.to_owned()),
        port,
        root: src(known),
        ..Entry::new(&["python3", &format!("/app/{file}")], reason)
    }
}

/// `src/`, where a script at the top may have its packages.
fn src(known: &Known<'_>) -> &'static str {
    roots(known).last().copied().unwrap_or_default()
}

/// A program that asks for `PORT` listens there.
fn port(known: &Known<'_>, file: &str) -> Option<(u16, Option<&'static str>)> {
    known.code(file).reads_port.then_some((8080, Some("PORT")))
}

fn any_port(known: &Known<'_>) -> Option<(u16, Option<&'static str>)> {
    known.folder.texts.keys().filter(|path| path.ends_with(".py")).find_map(|path| port(known, path))
}
