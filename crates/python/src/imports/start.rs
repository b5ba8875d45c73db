//! What a command line starts: the module or the script, and from where it imports.

use std::collections::BTreeMap;

use super::flags::ImportFolders;
use super::gunicorn::{Named, library};

/// A command as the runtime starts it.
#[derive(Debug, Clone, Default)]
pub struct Command {
    /// Entrypoint and cmd together.
    pub words: Vec<String>,
    /// The variables that it gets.
    pub env: BTreeMap<String, String>,
    /// The absolute working directory.
    pub workdir: String,
}

/// What is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// A file that is run, by its absolute path.
    Script(String),
    /// A file of settings that is run like a module, by its absolute path.
    File(String),
    /// A module that is run with `-m`.
    Main(String),
    /// A module that a server imports, and the name that it takes from it, if it is plain.
    Module(String, Option<String>),
}

/// Programs that take the application as `MODULE:NAME`.
const SERVERS: [&str; 6] = ["uvicorn", "gunicorn", "hypercorn", "granian", "waitress-serve", "daphne"];

/// Programs that take the application after a flag, or from a variable.
const BY_FLAG: [(&str, &[&str], &str); 4] = [
    ("celery", &["-A", "--app"], "CELERY_APP"),
    ("flask", &["-A", "--app"], "FLASK_APP"),
    ("rq", &["-c", "--config"], ""),
    ("uwsgi", &["-w", "--module", "--wsgi"], ""),
];

/// Programs that run a script behind a word of their own.
const RUNNERS: [(&str, &str); 3] = [("bokeh", "serve"), ("panel", "serve"), ("streamlit", "run")];

/// Programs that take `MODULE` or `MODULE:NAME` as their first words; those behind an option may be its values.
const BY_WORD: [&str; 2] = ["dramatiq", "taskiq"];

/// Programs that take `MODULE.NAME` as their first word.
const BY_PATH: [&str; 3] = ["arq", "huey_consumer", "huey_consumer.py"];

/// What a command starts, as far as its words say: no word is taken for a module that might be something else.
///
/// `own_script` tells the path of a script in the environment that belongs to the application.
pub fn starts(command: &Command, own_script: impl Fn(&str) -> Option<String>) -> Vec<Start> {
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    let Some((program, rest)) = words.split_first() else { return Vec::new() };
    let name = program.rsplit('/').next().unwrap_or(program);
    if let Some(script) = own_script(program) {
        return vec![Start::Script(script)];
    }
    if is_python(name) {
        return python(rest, command);
    }
    if program.ends_with(".py") {
        return vec![Start::Script(absolute(&command.workdir, program))];
    }
    served(name, rest, command)
}

fn is_python(name: &str) -> bool {
    name.strip_prefix("python").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// The switches of CPython that take a value.
const WITH_VALUE: [&str; 3] = ["-X", "-W", "--check-hash-based-pycs"];

fn python(words: &[&str], command: &Command) -> Vec<Start> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "-m" => {
                let rest: Vec<&str> = words.copied().collect();
                let Some((module, arguments)) = rest.split_first() else { return Vec::new() };
                let served = served(module, arguments, command);
                return if served.is_empty() { vec![Start::Main((*module).to_owned())] } else { served };
            }
            "-c" | "-" => return Vec::new(),
            with_value if WITH_VALUE.contains(&with_value) => _ = words.next(),
            switch if switch.starts_with('-') => {}
            script => return vec![Start::Script(absolute(&command.workdir, script))],
        }
    }
    Vec::new()
}

/// What a program out of a wheel is told to import.
fn served(program: &str, words: &[&str], command: &Command) -> Vec<Start> {
    if SERVERS.contains(&program) {
        let named = words.iter().rev().find_map(|word| object(word));
        // gunicorn takes `application` of a module that is named alone; a word behind a flag may be its value.
        let alone = match words {
            [.., flag, _] if flag.starts_with('-') && !flag.contains('=') => None,
            [.., last] if program == "gunicorn" => module_path(last),
            _ => None,
        };
        let more = if program == "gunicorn" { of_gunicorn(words, command) } else { Vec::new() };
        return named.or(alone).into_iter().chain(more).collect();
    }
    let script = |script: &str| vec![Start::Script(absolute(&command.workdir, script))];
    if RUNNERS.iter().any(|(runner, word)| *runner == program && words.first() == Some(word)) {
        return words.iter().find(|word| word.ends_with(".py")).map(|word| script(word)).unwrap_or_default();
    }
    let first_words = || words.iter().skip_while(|word| **word == "worker").take_while(|word| !word.starts_with('-'));
    if BY_WORD.contains(&program) {
        return first_words().filter_map(|word| object(word).or_else(|| module_path(word))).collect();
    }
    if BY_PATH.contains(&program) {
        let path = first_words().next().and_then(|word| word.rsplit_once('.'));
        let start = path.filter(|(_, name)| is_name(name)).and_then(|(of, name)| object(&format!("{of}:{name}")));
        return start.into_iter().collect();
    }
    let Some((_, flags, variable)) = BY_FLAG.iter().find(|(name, ..)| *name == program) else { return Vec::new() };
    match flag_value(words, flags).or_else(|| command.env.get(*variable).map(String::as_str)) {
        Some(named) if named.ends_with(".py") => script(named),
        Some(named) => module_path(named.split(':').next().unwrap_or(named)).into_iter().collect(),
        None => Vec::new(),
    }
}

/// The settings of gunicorn, and the class of its workers, which it imports before the application.
fn of_gunicorn(words: &[&str], command: &Command) -> Vec<Start> {
    let Named { settings, worker } = Named::of(words, &command.env);
    let settings = settings.and_then(|named| {
        let path = named.strip_prefix("file:").unwrap_or(&named);
        match named.strip_prefix("python:") {
            Some(module) => module_path(module),
            None => path.ends_with(".py").then(|| Start::File(absolute(&command.workdir, path))),
        }
    });
    let worker = worker.and_then(|named| match (library(&named), named.rsplit_once('.')) {
        (Some(library), _) => module_path(library),
        (None, class) => class.and_then(|(module, name)| object(&format!("{module}:{name}"))),
    });
    settings.into_iter().chain(worker).collect()
}

/// The value of the first of some flags, in a word of its own or behind `=`.
fn flag_value<'w>(words: &[&'w str], flags: &[&str]) -> Option<&'w str> {
    let glued = |word: &&'w str| word.split_once('=').filter(|(flag, _)| flags.contains(flag)).map(|(_, value)| value);
    let apart = words.windows(2).find(|pair| flags.contains(&pair[0])).map(|pair| pair[1]);
    apart.or_else(|| words.iter().find_map(glued))
}

/// `package.module:name`.
fn object(word: &str) -> Option<Start> {
    let (module, object) = word.split_once(':')?;
    let object = object.split(['(', '.']).next().unwrap_or(object);
    match (module_path(module)?, is_name(object)) {
        // `python:settings` names a configuration of gunicorn's.
        (Start::Module(module, _), true) if module != "python" => Some(Start::Module(module, Some(object.to_owned()))),
        _ => None,
    }
}

/// `package.module`.
pub(super) fn module_path(word: &str) -> Option<Start> {
    word.split('.').all(is_name).then(|| Start::Module(word.to_owned(), None))
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_') && word.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The folders that a command imports from before the standard library: the working directory or the script's, those
/// that a flag names, and `PYTHONPATH`.
pub(super) fn folders(command: &Command, start: &Start) -> Vec<String> {
    let own = match start {
        Start::Script(path) => path.rsplit_once('/').map_or("/", |(folder, _)| folder).to_owned(),
        Start::File(_) | Start::Main(_) | Start::Module(..) => command.workdir.clone(),
    };
    let words = command.words.iter().map(String::as_str);
    let ImportFolders { added, instead } = ImportFolders::of(&program(&command.words), words, &command.env);
    let flags = added.into_iter().chain(instead).map(|folder| absolute(&command.workdir, &folder));
    let variable = command.env.get("PYTHONPATH").map(String::as_str).unwrap_or_default();
    let variable = variable.split(':').filter(|folder| !folder.is_empty());
    flags.chain([own]).chain(variable.map(|folder| absolute(&command.workdir, folder))).collect()
}

/// The name of the program, or of the module behind `python -m`.
fn program(words: &[String]) -> String {
    let first = words.first().map_or("", |word| word.rsplit('/').next().unwrap_or(word));
    let module = words.iter().skip_while(|word| *word != "-m").nth(1).filter(|_| is_python(first));
    module.map_or(first, String::as_str).to_owned()
}

/// A path below a folder, without `.` and `..`.
pub(super) fn absolute(folder: &str, path: &str) -> String {
    let joined = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." { _ = parts.pop() } else { parts.push(part) }
    }
    format!("/{}", parts.join("/"))
}
