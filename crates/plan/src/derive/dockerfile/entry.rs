//! What a Dockerfile starts, in an image that has the folder as a whole in one place: for a folder without an image.toml.

use std::collections::BTreeMap;

use crate::derive::entry::Entry;
use crate::derive::known::{APPLICATION, DEPTH, Known};
use crate::derive::runner::options;
use crate::derive::sources;
use crate::derive::start::variables::{PORT, replaced};
use crate::derive::start::words;
use crate::derive::writes::Folders;
use crate::dockerfile::{At, Command, Dockerfile, ImageConfig, absolute};
use crate::shell::{plain_words, program};

use super::draft::{Draft, below};
use super::layout::Layout;
use super::settings::{Settings, UNBUFFERED};
use super::{stages, start, users, writable};

/// The names of the file, the first that there is counts.
const FILES: [&str; 2] = ["Dockerfile", "Containerfile"];

/// The port of a program that asks for one, where no line says it.
const CHOSEN: &str = "8000";

/// Why a command is none that the base can start.
const NEEDS_SHELL: &str = "it needs a shell, which the base does not have; `shipwheel init --from Dockerfile` adds one";

/// Programs by the distribution that brings them.
const PROGRAMS: [(&str, &str); 12] = [
    ("celery", "celery"),
    ("daphne", "daphne"),
    ("fastapi", "fastapi"),
    ("flask", "flask"),
    ("granian", "granian"),
    ("gunicorn", "gunicorn"),
    ("hypercorn", "hypercorn"),
    ("sanic", "sanic"),
    ("streamlit", "streamlit"),
    ("uvicorn", "uvicorn"),
    ("uwsgi", "uwsgi"),
    ("waitress-serve", "waitress"),
];

/// The commands that celery has by itself; distributions such as flower bring others.
const CELERY: [&str; 18] = [
    "amqp", "beat", "call", "control", "events", "graph", "inspect", "list", "logtool", "migrate", "multi", "purge",
    "report", "result", "shell", "status", "upgrade", "worker",
];

/// Servers that come before Django's own, which is for development.
const SERVERS: [&str; 7] = ["gunicorn", "uvicorn", "hypercorn", "granian", "daphne", "waitress", "uwsgi"];

/// Whether a file's text is asked for.
pub(crate) fn is_read(path: &str) -> bool {
    FILES.contains(&path)
}

/// What the Dockerfile of a folder starts; `None` if there is none, or it starts nothing.
///
/// # Errors
/// Why an image of shipwheel cannot start it.
pub(crate) fn find(known: &Known<'_>) -> Result<Option<Entry>, String> {
    let Some((name, text)) = written(known) else { return Ok(None) };
    let file = Dockerfile::parse(text).map_err(|cause| format!("{name}: {cause}"))?;
    let image = file.image(file.last());
    let Some(first) = image.entrypoint.as_ref().or(image.cmd.as_ref()) else { return Ok(None) };
    let line = image.cmd.as_ref().map_or(first.line, |cmd| cmd.line);
    let mut reading = Reading::of(known, &file, &image);
    let place = format!("line {line} of the {name}");
    let entry = reading.entry().map_err(|why| format!("{place}, {}: {why}", file.text(line)))?;
    let notes = image
        .healthcheck
        .as_ref()
        .map(|check| format!("line {}, HEALTHCHECK, is not taken: OCI images have no health check", check.line));
    let notes = entry.notes.iter().cloned().chain(notes).collect();
    Ok(Some(Entry { reason: format!("{place}: {}", file.text(line)), notes, ..entry }))
}

/// What the Dockerfile of a folder says around its command, for another one; `None` if there is none that can be read.
pub(crate) fn around(known: &Known<'_>) -> Option<Entry> {
    let (name, text) = written(known)?;
    let file = Dockerfile::parse(text).ok()?;
    let image = file.image(file.last());
    let mut reading = Reading::of(known, &file, &image);
    let mut entry = Entry { env: reading.env.clone(), ports: reading.ports.clone(), ..Entry::default() };
    reading.surround(&mut entry);
    entry.reason = format!("the {name}");
    Some(entry)
}

/// The Dockerfile of a folder, with its name.
fn written<'k>(known: &Known<'k>) -> Option<(&'static str, &'k str)> {
    FILES.into_iter().find_map(|name| Some((name, known.folder.texts.get(name)?.as_str())))
}

/// A Dockerfile while its command is read.
struct Reading<'r> {
    known: &'r Known<'r>,
    draft: Draft,
    layout: Layout,
    file: &'r Dockerfile,
    image: &'r ImageConfig,
    /// The working directory of the Dockerfile.
    workdir: &'r str,
    /// The variables of the image.
    env: BTreeMap<String, String>,
    ports: Vec<String>,
    /// The port of a program that asks for one, and whether any does.
    port: String,
    asks_for_port: bool,
}

impl<'r> Reading<'r> {
    fn of(known: &'r Known<'r>, file: &'r Dockerfile, image: &'r ImageConfig) -> Self {
        let mut draft = Draft::default();
        stages::read(&mut draft, known, file);
        let layout = Layout::at(&draft, APPLICATION);
        let env = Settings { file, image, layout: &layout }.environment(&mut draft);
        let env: BTreeMap<String, String> = env.into_iter().map(|(name, at)| (name, at.value)).collect();
        let ports: Vec<String> = image.exposed.iter().filter_map(|at| port(&at.value)).collect();
        let port = env.get(PORT).or(ports.first()).map_or(CHOSEN, String::as_str).to_owned();
        let workdir = image.workdir.as_ref().map_or("/", |at| at.value.as_str());
        Self { known, draft, layout, file, image, workdir, env, ports, port, asks_for_port: false }
    }

    fn entry(&mut self) -> Result<Entry, String> {
        let mut entry = Entry::default();
        if let Some(at) = &self.image.entrypoint {
            entry.entrypoint = self.words(at, true)?;
        }
        if let Some(inherited) = start::inherited(self.file).filter(|_| self.image.entrypoint.is_none()) {
            entry.entrypoint = vec![inherited.to_owned()];
        }
        // A text for a shell takes no arguments.
        let is_text = self.image.entrypoint.as_ref().is_some_and(|at| matches!(at.value, Command::Shell { .. }));
        if let Some(at) = self.image.cmd.as_ref().filter(|_| !is_text || entry.entrypoint.is_empty()) {
            entry.cmd = self.words(at, entry.entrypoint.is_empty())?;
        }
        self.check(&mut entry)?;
        self.listen(&mut entry);
        self.surround(&mut entry);
        Ok(entry)
    }

    /// Takes in what a command finds around it: its user, its working directory, and where it may write.
    fn surround(&mut self, entry: &mut Entry) {
        let numbers =
            |at: &At<String>| Some((users::numbers(&self.draft, &at.value)?, format!("line {}: USER", at.line)));
        entry.user = self.image.user.as_ref().and_then(numbers);
        entry.needs_workdir = self.image.workdir.is_some();
        entry.workdir = below(&self.layout.path(self.workdir), APPLICATION).unwrap_or_default().to_owned();
        self.store(entry);
    }

    /// Takes in what may be written to, and what is mounted; lines that no USER follows make folders for whom the image has.
    fn store(&mut self, entry: &mut Entry) {
        let (draft, layout) = (&mut self.draft, &self.layout);
        let named = writable::named(draft, self.known, self.image, layout, Folders::default());
        entry.writes = if users::is_root(draft, self.image) { Folders::default() } else { named };
        entry.volumes = Settings { file: self.file, image: self.image, layout }.volumes(draft);
    }

    /// Takes in the variables and the ports.
    fn listen(&self, entry: &mut Entry) {
        let words: Vec<&String> = entry.entrypoint.iter().chain(&entry.cmd).collect();
        entry.notes.extend(words::loopback_warning(&words));
        let named = || words::ports(&words).iter().map(ToString::to_string).collect();
        entry.ports = if self.ports.is_empty() { named() } else { self.ports.clone() };
        entry.env.clone_from(&self.env);
        if self.asks_for_port {
            entry.env.entry(PORT.to_owned()).or_insert_with(|| self.port.clone());
            if entry.ports.is_empty() {
                entry.ports.push(self.port.clone());
            }
        }
    }

    /// A command as words, or why it cannot be one.
    fn words(&mut self, at: &At<Command>, is_whole: bool) -> Result<Vec<String>, String> {
        let value = match &at.value {
            Command::Shell { text, .. } if at.value.plain().is_none() => {
                let (text, asks) = replaced(text, &self.port, &self.env);
                self.asks_for_port |= asks;
                Command::Exec(plain_words(&text).ok_or(NEEDS_SHELL)?)
            }
            command => command.clone(),
        };
        let at = At { line: at.line, value };
        let started = start::read((self.known, &self.draft), &self.layout, self.workdir, &at, is_whole);
        let started = started.map_err(|it| format!("it starts {}, which starts other programs", it.name))?;
        if started.is_unbuffered {
            self.env.entry(UNBUFFERED.to_owned()).or_insert_with(|| "1".to_owned());
        }
        if started.packages.is_empty() { Ok(started.words) } else { Err(NEEDS_SHELL.to_owned()) }
    }

    /// Whether the image has what is started, as far as names tell.
    fn check(&self, entry: &mut Entry) -> Result<(), String> {
        let workdir = self.layout.path(self.workdir);
        let place = |word: &String| absolute(&workdir, word);
        let words = || entry.entrypoint.iter().chain(&entry.cmd);
        let file = words()
            .map(place)
            .find_map(|path| Some(below(&path, APPLICATION)?.to_owned()).filter(|it| self.known.has(it)));
        if let Some(file) = file.as_deref().filter(|_| self.known.is_project)
            && sources::installed(self.known).contains(file.split('/').next().unwrap_or_default())
        {
            return Err(format!("{file} is part of the project, which is installed elsewhere"));
        }
        let first = words().next().ok_or("it starts nothing")?;
        if first.starts_with('-') {
            return Err("these are arguments for the entry point of its base".to_owned());
        }
        let name = program(first);
        let missing =
            PROGRAMS.iter().find(|(program, distribution)| *program == name && !self.known.depends_on(distribution));
        if let Some((_, distribution)) = missing.filter(|_| !self.known.distributions.is_empty()) {
            return Err(format!("{distribution} is not locked"));
        }
        self.check_command(&words().map(String::as_str).collect::<Vec<_>>())?;
        if words().any(|word| word == "runserver") {
            let server = SERVERS.iter().find(|server| self.known.depends_on(server));
            if let Some(server) = server {
                return Err(format!("runserver is for development, and {server} is locked"));
            }
        }
        let is_python =
            name.strip_prefix("python").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'));
        if is_python {
            if let Some(missing) = self.missing_script(&words().cloned().collect::<Vec<_>>()) {
                return Err(format!("{missing} is not in the folder"));
            }
            let first = entry.entrypoint.iter_mut().chain(&mut entry.cmd).next();
            // Debian has the name with the number alone.
            first.into_iter().for_each(|word| "python3".clone_into(word));
        }
        entry.file = file;
        Ok(())
    }
}

impl Reading<'_> {
    /// Whether a program of a library finds in this image what its words alone do not name.
    fn check_command(&self, words: &[&str]) -> Result<(), String> {
        let Some((first, rest)) = words.split_first() else { return Ok(()) };
        match (program(first), rest.first()) {
            ("fastapi", Some(&"run" | &"dev")) if self.known.is_project && !names_application(&rest[1..]) => Err(
                "it looks for the application in files of the working directory, and the project is installed elsewhere"
                    .to_owned(),
            ),
            ("celery", Some(command)) if is_plain(command) && !CELERY.contains(command) => {
                let is_there = self.known.distributions.iter().any(|it| it.as_str().contains(command));
                let is_own = self.known.is_project
                    && self.known.project.name.as_ref().is_some_and(|name| name.as_str() == *command);
                match is_there || is_own {
                    true => Ok(()),
                    false => Err(format!("celery has no command `{command}`, and nothing that is locked brings it")),
                }
            }
            _ => Ok(()),
        }
    }

    /// The script that Python is given, if it is none of the folder's: a line of the Dockerfile made it.
    fn missing_script(&self, words: &[String]) -> Option<String> {
        let script = words.get(1 + options(words, 1))?;
        // Neither the module of `-m` nor the text of `-c`.
        let is_text = words[1..].iter().any(|word| word == "-m" || word == "-c") || !script.contains(['/', '.']);
        // Where no line says the working directory, it is whatever the folder became.
        if is_text || self.known.has(script.trim_start_matches("./")) {
            return None;
        }
        let path = absolute(&self.layout.path(self.workdir), script);
        let is_there =
            below(&path, APPLICATION).is_some_and(|path| self.known.has(path) || path.matches('/').count() >= DEPTH);
        (!is_there).then(|| script.clone())
    }
}

/// Whether words of `fastapi run` name the application: a file, or `MODULE:NAME` behind a flag.
fn names_application(words: &[&str]) -> bool {
    let is_flag = |word: &&str| ["-e", "--entrypoint"].contains(word) || word.starts_with("--entrypoint=");
    words.iter().any(|word| is_flag(word) || word.contains('/') || word.ends_with(".py"))
}

fn is_plain(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A port as `config.exposed-ports` has it: `8000`, `53/udp`.
fn port(text: &str) -> Option<String> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let number = number.parse::<u16>().ok().filter(|port| *port > 0)?;
    match protocol.to_ascii_lowercase().as_str() {
        "tcp" => Some(number.to_string()),
        protocol @ ("udp" | "sctp") => Some(format!("{number}/{protocol}")),
        _ => None,
    }
}
