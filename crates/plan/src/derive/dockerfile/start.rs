//! `ENTRYPOINT` and `CMD`: what is started, without what an image of shipwheel does not need around it.

use std::collections::BTreeMap;

use crate::derive::known::Known;
use crate::derive::runner::{self, options};
use crate::dockerfile::{At, Command, Dockerfile, absolute};
use crate::shell::{Surroundings, commands, program};

use super::draft::{Draft, below};
use super::layout::Layout;
use super::packages::INITS;

/// Programs that start others, of which an image has one.
const SUPERVISORS: [&str; 11] =
    ["supervisord", "cron", "crond", "systemd", "init", "s6-svscan", "nginx", "apache2", "httpd", "circusd", "service"];

/// A command as image.toml has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Started {
    pub(super) words: Vec<String>,
    /// What was taken off, and why.
    pub(super) notes: Vec<String>,
    /// Packages that it needs besides Python.
    pub(super) packages: Vec<&'static str>,
    /// Whether `-u` was taken off with the interpreter: it does not buffer what it prints.
    pub(super) is_unbuffered: bool,
}

/// The entry point that an image has from its base, if no line names one: distroless images start their Python.
pub(super) fn inherited(file: &Dockerfile) -> Option<&'static str> {
    let chain = file.chain(file.last());
    let image = &chain.first()?.image;
    let name = image.split('@').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let is_minimal = ["distroless", "chainguard", "cgr.dev"].iter().any(|word| image.contains(word));
    (is_minimal && name.starts_with("python")).then_some("python3")
}

/// Why a command is refused: what it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Supervisor {
    pub(super) name: String,
}

/// Reads a command; `is_whole` says whether its first word is the program.
pub(super) fn read(
    (known, draft): (&Known<'_>, &Draft),
    layout: &Layout,
    workdir: &str,
    command: &At<Command>,
    is_whole: bool,
) -> Result<Started, Supervisor> {
    let mut started = Started::default();
    let words = command.value.plain().or_else(|| match &command.value {
        Command::Exec(words) => Some(words.clone()),
        Command::Shell { .. } => None,
    });
    started.words = words.unwrap_or_else(|| command.value.argv());
    if is_whole {
        simplify(draft, &mut started);
        without_python(known, layout, &mut started);
    }
    let supervisor = programs(&started.words).into_iter().find(|name| SUPERVISORS.contains(&name.as_str()));
    if let Some(name) = supervisor.filter(|_| is_whole) {
        return Err(Supervisor { name });
    }
    let script = started.words.first().filter(|word| is_whole && word.ends_with(".sh"));
    let script = script.map(|word| match word.contains('/') {
        true => absolute(workdir, word),
        false => absolute("/usr/local/bin", word),
    });
    place(known, layout, workdir, &mut started.words, is_whole);
    if let Some(script) = script {
        let shell = shell_of(known, layout, &script);
        // Where a line makes it executable, it may not be so in the folder.
        if draft.executable.contains(&script) {
            started.words.insert(0, shell.to_owned());
        }
        // A script may call anything; these are what most do.
        started.packages = vec![program(shell), "coreutils"];
    } else {
        started.packages = needed(&started.words, is_whole);
    }
    started.packages.iter_mut().filter(|name| **name == "sh").for_each(|name| *name = "dash");
    Ok(started)
}

/// Words that are paths of the Dockerfile's image become those of this image.
fn place(known: &Known<'_>, layout: &Layout, workdir: &str, words: &mut [String], is_whole: bool) {
    for (at, word) in words.iter_mut().enumerate() {
        // A program without a folder is looked up on PATH, where a line may have put it.
        if at == 0 && is_whole && !word.contains('/') {
            let on_path = ["/usr/local/bin", "/usr/bin", "/bin"].map(|folder| absolute(folder, word));
            if let Some(place) = on_path.iter().find_map(|place| layout.moved(place)) {
                *word = place;
                continue;
            }
        }
        // The root of the Dockerfile's image is the base's; only files of the folder moved from it.
        if layout.moved("/").is_some() && word.strip_prefix('/').is_some_and(|path| known.has(path)) {
            *word = format!("{}{word}", layout.destination);
            continue;
        }
        let place = absolute(workdir, word);
        if (word.starts_with('/') || word.contains('.'))
            && layout.moved(&place).is_some()
            && !word.contains([':', ' ', '='])
        {
            let moved = layout.path(&place);
            if word.starts_with('/') || !layout.path(workdir).eq(parent(&moved)) {
                *word = moved;
            }
        }
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The shell that a script of the application names in its first line.
fn shell_of(known: &Known<'_>, layout: &Layout, script: &str) -> &'static str {
    let path = layout.path(script);
    let text = below(&path, &layout.destination).map_or("", |path| known.text(path));
    if text.lines().next().is_some_and(|line| line.contains("bash")) { "/bin/bash" } else { "/bin/sh" }
}

/// The programs that a command starts: also those in a text for a shell.
fn programs(words: &[String]) -> Vec<String> {
    let name = |word: &String| program(word).to_owned();
    match words {
        [shell, option, text] if ["sh", "bash", "dash"].contains(&program(shell)) && option.starts_with('-') => {
            let surroundings = Surroundings { environment: BTreeMap::new(), arguments: Vec::new() };
            let words = commands(text, surroundings).into_iter().filter_map(|command| command.words.into_iter().next());
            words.map(|word| name(&word.text)).collect()
        }
        words => words.first().map(name).into_iter().collect(),
    }
}

/// Takes off inits, runners of tools, and the folders of environments.
fn simplify(draft: &Draft, started: &mut Started) {
    loop {
        let words = &mut started.words;
        let Some(first) = words.first().cloned() else { return };
        let name = program(&first).to_owned();
        if INITS.contains(&name.as_str()) {
            let taken = 1 + options(words, 1);
            words.drain(..taken.min(words.len()));
            started.notes.push(format!("without {name}: runtimes start an init themselves (`docker run --init`)"));
        } else if let Some(name) = runner::take_off(words) {
            started.notes.push(format!("without `{name} run`: the environment is on PATH"));
        } else {
            break;
        }
    }
    let Some(first) = started.words.first_mut() else { return };
    let folder = parent(first);
    let is_environment = folder.strip_suffix("/bin").is_some_and(|folder| {
        draft.environments.contains(folder) || folder.ends_with("venv") || folder == "/root/.local"
    });
    let is_python = program(first).starts_with("python") && ["/usr/local/bin", "/usr/bin"].contains(&folder);
    if is_environment || is_python || folder == "/usr/local/bin" && !first.ends_with(".sh") {
        let name = program(first).to_owned();
        *first = name;
    }
}

/// Takes the interpreter off a command of the project that is named by its path: `python -u /usr/local/bin/shop`.
///
/// It is on PATH, wherever the environment of the Dockerfile is.
fn without_python(known: &Known<'_>, layout: &Layout, started: &mut Started) {
    let words = &mut started.words;
    if !words.first().is_some_and(|first| program(first).starts_with("python")) {
        return;
    }
    let at = 1 + options(words, 1);
    let Some(name) = words.get(at).filter(|word| word.contains("/bin/")).map(|word| program(word).to_owned()) else {
        return;
    };
    let is_file = layout
        .moved(&words[at])
        .is_some_and(|place| below(&place, &layout.destination).is_some_and(|path| known.has(path)));
    if known.is_project && known.project.scripts.contains_key(&name) && !is_file {
        started.is_unbuffered = words[1..at].iter().any(|option| option == "-u");
        words.splice(..=at, [name.clone()]);
        started.notes.push(format!("without python: {name} is a command of the project, which is on PATH"));
    }
}

/// Packages for a shell, where one is started.
fn needed(words: &[String], is_whole: bool) -> Vec<&'static str> {
    match words.first().map(|first| program(first)) {
        Some("sh" | "dash") if is_whole => vec!["dash"],
        Some("bash") if is_whole => vec!["bash"],
        _ => Vec::new(),
    }
}
