//! The commands that the project itself installs: `[project.scripts]`.

use crate::derive::entry::Entry;
use crate::derive::known::Known;
use crate::derive::start::listener::listening;
use crate::derive::start::modules::{Module, is_aside, modules};
use crate::derive::start::program;
use crate::derive::start::search::Search;

/// Names of commands that serve, alone or behind a `-`.
const SERVING: [&str; 7] = ["api", "bot", "serve", "server", "start", "web", "worker"];

/// Modules that only a program imports that serves.
const SERVERS: [&str; 9] =
    ["aiohttp", "daphne", "granian", "grpc", "gunicorn", "hypercorn", "tornado", "uvicorn", "waitress"];

/// The commands of a project, and what is known of them.
pub(super) struct Commands {
    /// The only one, or the one named as the project.
    pub(super) chosen: Option<Entry>,
    /// Whether the chosen one serves as far as its code shows, so that it is what the image is for.
    pub(super) serves: bool,
    /// All of them, where none is chosen.
    pub(super) several: Vec<Entry>,
}

/// Looks at the commands of `[project.scripts]`.
pub(super) fn commands(known: &Known<'_>, search: &mut Search) -> Commands {
    let scripts = &known.project.scripts;
    let entry = |name: &str, reason: &str| {
        let entry = Entry::new(&[name], format!("{reason} in [project.scripts]"));
        let entry = match target(known, &scripts[name]) {
            Some(module) => program::listen(known, &module.file, entry),
            None => entry,
        };
        program::listen_anywhere(known, entry)
    };
    let name = known.project.name.as_ref();
    let named = |script: &&String| script.parse().ok().as_ref() == name && name.is_some();
    let (found, reason) = match scripts.len() {
        _ if !known.is_project => (None, ""),
        1 => (scripts.keys().next(), "the only command"),
        _ => (scripts.keys().find(named), "the command named as the project,"),
    };
    if found.is_none() {
        search.looked_for.push(match scripts.len() {
            0 => "a command in [project.scripts] of pyproject.toml: found none".to_owned(),
            _ if !known.is_project => {
                "a command in [project.scripts]: without a [build-system], no command is installed".to_owned()
            }
            _ => {
                let names: Vec<&str> = scripts.keys().map(String::as_str).collect();
                format!("a command in [project.scripts] named like the project: found {}", names.join(", "))
            }
        });
    }
    let several = scripts.keys().filter(|_| known.is_project && found.is_none());
    let several = several.map(|name| entry(name, "a command")).collect();
    let serves = found.is_some_and(|name| serves(known, name, &scripts[name]));
    Commands { chosen: found.map(|name| entry(name, reason)), serves, several }
}

/// The module that a command calls a function of.
fn target(known: &Known<'_>, target: &str) -> Option<Module> {
    let module = target.split(':').next().unwrap_or(target).trim();
    modules(known).into_iter().find(|it| it.name == module)
}

/// Whether a command serves, by its name or by what its module imports; a module that is not known may.
fn serves(known: &Known<'_>, name: &str, target: &str) -> bool {
    if SERVING.contains(&name.rsplit(['-', '_']).next().unwrap_or(name)) {
        return true;
    }
    let found = self::target(known, target);
    let code = found.as_ref().filter(|it| !is_aside(&it.file)).and_then(|it| known.code(&it.file));
    code.is_none_or(|code| listening(code).is_some() || SERVERS.iter().any(|it| code.imports.contains(*it)))
}
