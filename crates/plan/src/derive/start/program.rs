//! Programs that need no other: a script, or a package that is run with `-m`.

use crate::derive::entry::Entry;
use crate::derive::known::Known;
use crate::derive::start::listener::listening;
use crate::derive::start::modules::{Module, modules};
use crate::derive::start::search::{Found, Search};

/// Scripts by their names, in the order in which they are taken.
const SCRIPTS: [&str; 6] = ["main.py", "app.py", "run.py", "server.py", "bot.py", "__main__.py"];

/// Finds a script at the top, a package with `__main__`, the only module there is, or a script in a folder.
pub(super) fn find(known: &Known<'_>, search: &mut Search) -> Found {
    let modules: Vec<Module> =
        modules(known).into_iter().filter(|module| !search.unserved.contains(&module.file)).collect();
    let at_top = |file: &str| !file.contains('/');
    let top: Vec<&Module> = modules.iter().filter(|module| at_top(&module.file)).collect();
    if let Some(module) = SCRIPTS.iter().find_map(|name| top.iter().find(|module| module.file == *name)) {
        return Found::start(of_file(known, &module.file, format!("{} is a script by its name", module.file)));
    }
    search.looked_for.push(format!("a script: {}", SCRIPTS.join(", ")));
    // Packages in other folders may be copies of what others wrote.
    let (near, far): (Vec<Module>, Vec<Module>) = modules.iter().cloned().partition(is_near);
    match package(known, &near) {
        Found::Nothing => search.looked_for.push("a package with __main__.py".to_owned()),
        found => return found,
    }
    let is_script = |module: &&Module| known.code(&module.file).is_some_and(|code| code.is_script);
    let scripts: Vec<&Module> = top.iter().copied().filter(|module| is_script(module)).collect();
    if !scripts.is_empty() {
        return several(known, &scripts);
    }
    match package(known, &far) {
        Found::Nothing => {}
        found => return found,
    }
    search.looked_for.push("a single module at the top with `if __name__ == \"__main__\"`".to_owned());
    // Beside a web application that nothing serves, a module that does nothing when it is run is a part of it.
    let is_program = |module: &&Module| search.unserved.is_empty() || is_script(module);
    if let Some(only) = top.first().filter(|it| top.len() == 1 && is_program(it)) {
        return Found::start(of_file(known, &only.file, format!("{} is the only module", only.file)));
    }
    let is_below = |module: &&Module| !at_top(&module.file) && module.file.matches('/').count() <= 2;
    let below: Vec<&Module> = modules.iter().filter(is_below).filter(is_program).collect();
    let is_named = |module: &Module, name: &str| module.file.ends_with(&format!("/{name}"));
    let name = SCRIPTS.into_iter().find(|name| below.iter().any(|module| is_named(module, name)));
    let is_taken = |module: &&Module| name.map_or_else(|| is_script(module), |name| is_named(module, name));
    let scripts: Vec<&Module> = below.into_iter().filter(is_taken).collect();
    several(known, &scripts)
}

/// Whether a module is imported from the top or from `src`.
fn is_near(module: &Module) -> bool {
    matches!(module.root.as_str(), "" | "src/")
}

fn several(known: &Known<'_>, scripts: &[&Module]) -> Found {
    let reason = |file: &str| match scripts.len() {
        1 => format!("{file} is the only module with `if __name__ == \"__main__\"` or a name such as main.py"),
        _ => format!("{file} is a script"),
    };
    Found::of(scripts.iter().map(|module| of_file(known, &module.file, reason(&module.file))).collect())
}

/// The package with `__main__`: that of the project, or the only one.
pub(super) fn package(known: &Known<'_>, modules: &[Module]) -> Found {
    let is_main = |module: &&Module| module.name.ends_with(".__main__") && module.name.matches('.').count() == 1;
    let all: Vec<&Module> = modules.iter().filter(is_main).collect();
    let own = |module: &&Module| is_own(known, module.name.split('.').next().unwrap_or_default());
    let has_own = modules.iter().any(|module| own(&module));
    let found: Vec<&Module> = all.into_iter().filter(|module| !has_own || own(module)).collect();
    let entry = |module: &&Module| {
        let package = module.name.strip_suffix(".__main__").unwrap_or(&module.name);
        let reason = format!("{} is what the package is run by", module.file);
        let mut entry = Entry::new(&["python3", "-m", package], reason);
        place(known, &module.file, &module.root, &mut entry);
        listen(known, &module.file, entry)
    };
    Found::of(found.iter().map(entry).collect())
}

/// Whether a package is the project's by its name: `synapse` is of `matrix-synapse`.
fn is_own(known: &Known<'_>, package: &str) -> bool {
    let package = package.replace('_', "-").to_lowercase();
    let name = known.project.name.as_ref().map(ToString::to_string).unwrap_or_default();
    name == package || name.strip_suffix(&package).is_some_and(|rest| rest.ends_with('-'))
}

/// The start of a file: by its path, or as a module where it imports its own package.
pub(super) fn of_file(known: &Known<'_>, file: &str, reason: String) -> Entry {
    let module = modules(known).into_iter().find(|module| module.file == file);
    let (root, name) = module.map_or((String::new(), String::new()), |module| (module.root, module.name));
    let package = name.split('.').next().filter(|first| *first != name).unwrap_or_default();
    let imports_own = |code: &crate::derive::code::Code| code.is_relative || code.imports.contains(package);
    let mut entry = match known.code(file).is_some_and(|code| !package.is_empty() && imports_own(code)) {
        true => {
            let mut entry = Entry::new(&["python3", "-m", &name], reason);
            place(known, file, &root, &mut entry);
            entry
        }
        false => {
            let entry = Entry::new(&["python3", &format!("/app/{file}")], reason);
            Entry { file: Some(file.to_owned()), root: src(known).to_owned(), ..entry }
        }
    };
    entry = listen(known, file, entry);
    entry
}

/// Where a module is imported from: its folder's place in the image.
pub(super) fn place(known: &Known<'_>, file: &str, root: &str, entry: &mut Entry) {
    match root {
        "" | "src/" => {
            entry.root = root.to_owned();
            entry.file = Some(file.to_owned()).filter(|file| !file.contains('/'));
        }
        folder => {
            entry.workdir = folder.trim_end_matches('/').to_owned();
            entry.file = known.is_project.then(|| entry.workdir.clone());
        }
    }
}

/// `src/`, where a script at the top may have its packages.
fn src(known: &Known<'_>) -> &'static str {
    match known.has_below("src/") && !known.has("src/__init__.py") && has_modules(known, "src/") {
        true => "src/",
        false => "",
    }
}

fn has_modules(known: &Known<'_>, folder: &str) -> bool {
    known.folder.files.iter().any(|file| file.starts_with(folder) && file.ends_with(".py"))
}

/// The ports and warnings of a program that listens by itself.
pub(super) fn listen(known: &Known<'_>, file: &str, mut entry: Entry) -> Entry {
    let Some(code) = known.code(file) else { return entry };
    let listening = listening(code);
    if let Some(default) = code.port_variable() {
        let port = default.unwrap_or(8080);
        entry = entry.at_port(Some(port)).with("PORT", port);
    } else {
        entry = entry.at_port(listening.as_ref().and_then(|it| it.port));
    }
    if let Some(listening) = listening.filter(|it| it.is_loopback) {
        entry.notes.push(format!(
            "warning: {}() in {file} listens on 127.0.0.1, which nothing outside of the container reaches: give it \
             the host 0.0.0.0",
            listening.call
        ));
    }
    entry
}

/// Of a program whose code is in several modules: what any of them asks for.
pub(super) fn listen_anywhere(known: &Known<'_>, entry: Entry) -> Entry {
    let asks = |module: &Module| known.code(&module.file).is_some_and(|code| code.port_variable().is_some());
    match modules(known).into_iter().find(asks) {
        Some(module) if entry.ports.is_empty() => listen(known, &module.file, Entry { notes: Vec::new(), ..entry }),
        _ => entry,
    }
}
