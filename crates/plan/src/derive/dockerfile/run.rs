//! `RUN`: each command of its text, by what it does.

use crate::dockerfile::{Command, Run, absolute};
use crate::shell::{ShellCommand, Surroundings, commands, program};

use super::draft::{Draft, From, Step};
use super::script::quoted;
use super::{install, packages, prepared, users};

/// What a command does.
type Reader = fn(&mut Draft, &Step<'_>);

/// Commands by name; a new one is one row.
const COMMANDS: [(&[&str], Reader); 12] = [
    (&["apt-get", "apt", "aptitude"], packages::apt),
    (&["apk"], packages::apk),
    (&["dnf", "microdnf", "yum", "zypper", "pacman", "conda", "mamba", "micromamba"], packages::foreign),
    (&["pip", "pip3"], install::pip),
    (&["useradd", "adduser"], users::user),
    (&["groupadd", "addgroup"], users::group),
    (&["mkdir", "install"], folder),
    (&["chown", "chgrp"], owner),
    (&["chmod"], mode),
    (&["python", "python3"], python),
    (&["curl", "wget"], download),
    (&["virtualenv"], environment),
];

/// Commands that leave nothing that an image of shipwheel would miss.
const WITHOUT_EFFECT: [(&[&str], &str); 6] = [
    (
        &[
            ":", "[", "case", "cd", "command", "echo", "exit", "false", "for", "in", "ls", "printf", "pwd", "set",
            "sleep", "test", "true", "which", "cat", "esac", "umask", "hash", "type", "env", "id", "whoami", "df",
            "du", "find",
        ],
        "changes nothing in the image",
    ),
    (&["rm", "rmdir", "strip"], "shipwheel adds nothing that has to be removed"),
    (&["usermod", "passwd", "chsh"], "an image needs numbers, no names"),
    (&["add-apt-repository", "apt-key", "apt-mark", "dpkg"], "the base's packages come from Debian"),
    (
        &["wc", "grep", "head", "tail", "sort", "uname", "date", "tee", "tr", "cut", "nproc"],
        "changes nothing in the image",
    ),
    (
        &[
            "ldconfig",
            "update-ca-certificates",
            "locale-gen",
            "update-locale",
            "dpkg-reconfigure",
            "corepack",
            "source",
            ".",
        ],
        "the base is assembled without it; C.UTF-8 and certificates are there",
    ),
];

/// Programs that build something from the sources.
const STEPS: [&str; 13] = [
    "bun",
    "django-admin",
    "flask",
    "gulp",
    "make",
    "mkdocs",
    "msgfmt",
    "npm",
    "npx",
    "pnpm",
    "pybabel",
    "vite",
    "yarn",
];

/// The names of the commands in the table, for the test of the docs.
#[cfg(test)]
pub(super) fn command_names() -> impl Iterator<Item = &'static [&'static str]> {
    COMMANDS.iter().map(|(names, _)| *names)
}

/// Takes in a `RUN`.
pub(super) fn run(draft: &mut Draft, line: usize, run: &Run, is_final: bool) {
    let text = match &run.command {
        Command::Exec(words) => quoted(words),
        Command::Shell { text, .. } => text.clone(),
    };
    let documents: String = run.documents.iter().map(|it| format!("\n{}{}\n", it.text, it.name)).collect();
    let environment = run.variables.as_ref().clone();
    let surroundings = Surroundings { environment, arguments: Vec::new() };
    let mut workdir = run.workdir.clone();
    for command in commands(&format!("{text}{documents}"), surroundings) {
        let mut words: Vec<String> = command.words.iter().map(|word| word.text.clone()).collect();
        unwrap(&mut words);
        if words.first().is_some_and(|word| word == "cd") {
            workdir = words.get(1).map_or(workdir.clone(), |to| absolute(&workdir, to));
            continue;
        }
        if !words.is_empty() {
            let environment = &command.environment;
            let step = Step { line, words: &words, workdir: &workdir, is_final, environment };
            read(draft, &step, &command);
        }
    }
}

/// Takes off what runs another program: `sudo`, `env`, `uv pip`, `python -m pip`, `poetry run`.
fn unwrap(words: &mut Vec<String>) {
    loop {
        let Some(first) = words.first().map(|word| program(word).to_owned()) else { return };
        // A program of the image by its place; `./configure` is one of the folder.
        if words[0].starts_with('/') {
            words[0].clone_from(&first);
        }
        let second = words.get(1).map_or("", String::as_str);
        let third = words.get(2).map_or("", String::as_str);
        let taken = match first.as_str() {
            "sudo" | "exec" | "time" | "nice" | "eatmydata" | "fakeroot" => 1,
            "uv" if second == "pip" => 1,
            "uv" | "poetry" | "pdm" | "pipenv" | "hatch" if second == "run" => {
                let options = words[2..].iter().take_while(|word| word.starts_with('-')).count();
                2 + options
            }
            _ if first.starts_with("python") && second == "-m" && is_module(third) => 2,
            _ => break,
        };
        words.drain(..taken.min(words.len()));
    }
    let is_version = |rest: &str| rest.chars().all(|c| c.is_ascii_digit() || c == '.');
    for name in ["python", "pip"] {
        if words[0].strip_prefix(name).is_some_and(|rest| !rest.is_empty() && is_version(rest)) {
            name.clone_into(&mut words[0]);
        }
    }
}

/// Modules that are the program of their name.
fn is_module(name: &str) -> bool {
    ["pip", "poetry", "pdm", "pipenv", "uv", "virtualenv"].contains(&name)
}

fn read(draft: &mut Draft, step: &Step<'_>, command: &ShellCommand) {
    let name = step.words[0].as_str();
    let text = step.text();
    if command.words.first().is_some_and(|word| word.is_unknown) {
        return draft.account.open(
            step.line,
            &text,
            "what runs depends on the build",
            "run it before the build, in the folder",
        );
    }
    if let Some((_, reader)) = COMMANDS.iter().find(|(names, _)| names.contains(&name)) {
        return reader(draft, step);
    }
    if install::is_tool(name) {
        return install::tool(draft, step);
    }
    if let Some((_, why)) = WITHOUT_EFFECT.iter().find(|(names, _)| names.contains(&name)) {
        return draft.account.not_needed(step.line, &text, *why);
    }
    if packages::INITS.contains(&name) || ["corepack", "pyenv"].contains(&name) {
        return draft.account.not_needed(step.line, &text, "shipwheel works without it");
    }
    if STEPS.contains(&name) {
        return prepare(draft, step);
    }
    let why = "shipwheel runs no command in the image";
    draft.account.open(step.line, &text, why, "run it before the build, so that its result is in the folder");
}

/// A step that makes files from the sources.
fn prepare(draft: &mut Draft, step: &Step<'_>) {
    if !step.is_final
        && ["npm", "pnpm", "yarn", "bun", "npx"].contains(&step.words[0].as_str())
        && step.has(&["install", "ci"])
    {
        return draft.account.not_needed(step.line, &step.text(), "its stage only builds");
    }
    if !prepared::command(draft, step) {
        prepared::left_to_do(draft, step);
    }
}

/// `python -m compileall`, `python -m venv`, `python manage.py collectstatic`.
fn python(draft: &mut Draft, step: &Step<'_>) {
    let text = step.text();
    let module = step.values(&["-m"]).first().copied().unwrap_or_default();
    match (module, step.operands().first().copied().unwrap_or_default()) {
        ("compileall" | "py_compile", _) => {
            let level = step.values(&["-o"]).iter().filter_map(|level| level.parse().ok()).max();
            let short =
                [("-OO", 2_u8), ("-O", 1)].into_iter().find(|(flag, _)| step.has(&[*flag])).map(|(_, level)| level);
            let level = level.or(short);
            let key =
                level.map_or("bytecode.enabled, as always".to_owned(), |level| format!("bytecode.optimize = {level}"));
            draft.account.became(step.line, &text, key);
            if let Some(value) = level {
                draft.optimize = Some(From { line: step.line, text, value });
            }
        }
        ("venv" | "virtualenv", _) => environment(draft, step),
        ("ensurepip", _) => draft.account.not_needed(step.line, &text, "shipwheel installs without it"),
        ("spacy" | "nltk" | "nltk.downloader" | "playwright", _) => draft.account.open(
            step.line,
            &text,
            "downloads data, and shipwheel runs no command in the image",
            "put the data into the folder, or lock a wheel that has it",
        ),
        (_, "manage.py") if step.has(&["migrate", "createsuperuser", "loaddata"]) => draft.account.open(
            step.line,
            &text,
            "changes a database, which no image has",
            "run it when the application is deployed",
        ),
        ("", first) if step.has(&["-c"]) || first.is_empty() => draft.account.open(
            step.line,
            &text,
            "runs code during the build",
            "run it before the build, so that its result is in the folder",
        ),
        ("", "setup.py") => {
            draft.account.became(step.line, &text, "app.project, if the folder has a build system");
            draft.installed.project = Some(From { line: step.line, text, value: () });
        }
        _ => prepare(draft, step),
    }
}

fn environment(draft: &mut Draft, step: &Step<'_>) {
    let folder = step.operands().into_iter().rev().find(|word| !["venv", "virtualenv"].contains(word));
    draft.environments.extend(folder.map(|folder| step.place(folder)));
    draft.account.not_needed(step.line, &step.text(), "shipwheel makes the environment: /opt/venv");
}

fn folder(draft: &mut Draft, step: &Step<'_>) {
    let options = step.values(&["-m", "--mode", "-o", "-g", "--owner", "--group"]);
    let places: Vec<String> =
        step.operands().into_iter().filter(|path| !options.contains(path)).map(|path| step.place(path)).collect();
    let is_given = step.has(&["-o", "--owner"]) || options.iter().any(|mode| mode.ends_with("777"));
    match (is_given, step.is_final) {
        (true, _) => give(draft, step, &places),
        (false, true) => draft.made.extend(places.into_iter().map(|value| of_step(step, value))),
        (false, false) => draft.account.not_needed(step.line, &step.text(), "its stage only builds"),
    }
}

fn owner(draft: &mut Draft, step: &Step<'_>) {
    let operands = step.operands();
    let root =
        operands.first().is_some_and(|owner| *owner == "root" || owner.starts_with("root:") || owner.starts_with('0'));
    let places: Vec<String> = operands.iter().skip(1).map(|path| step.place(path)).collect();
    if root {
        return draft.account.not_needed(step.line, &step.text(), "files are root's");
    }
    give(draft, step, &places);
}

fn mode(draft: &mut Draft, step: &Step<'_>) {
    let operands = step.operands();
    let mode = operands.first().copied().unwrap_or_default();
    let places: Vec<String> = operands.iter().skip(1).map(|path| step.place(path)).collect();
    let for_all = ["777", "0777", "1777", "666", "a+rw", "a+rwx", "ugo+rwx", "o+w", "a+w"].contains(&mode);
    match for_all {
        true => give(draft, step, &places),
        false => {
            draft.executable.extend(places);
            let why = "a file keeps the mode that it has in the folder, and a script is given to its shell";
            draft.account.not_needed(step.line, &step.text(), why);
        }
    }
}

fn give(draft: &mut Draft, step: &Step<'_>, places: &[String]) {
    match step.is_final {
        true => draft.given.extend(places.iter().map(|place| of_step(step, place.clone()))),
        false => draft.account.not_needed(step.line, &step.text(), "its stage only builds"),
    }
}

fn of_step(step: &Step<'_>, value: String) -> From<String> {
    From { line: step.line, text: step.text(), value }
}

fn download(draft: &mut Draft, step: &Step<'_>) {
    let text = step.text();
    let is_tool = step
        .operands()
        .iter()
        .any(|url| ["/uv/", "poetry", "pdm-project", "rustup"].iter().any(|tool| url.contains(tool)));
    match is_tool {
        true => draft.account.not_needed(step.line, &text, "shipwheel installs without it"),
        false if !step.is_final => draft.account.not_needed(step.line, &text, "its stage only builds"),
        false => draft.account.open(
            step.line,
            &text,
            "downloads a file",
            "put the file into the folder, and add it to `app.sources`",
        ),
    }
}
