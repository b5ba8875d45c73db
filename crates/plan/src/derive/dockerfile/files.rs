//! `COPY` and `ADD`: the application's files, and where the image has them.

use std::collections::BTreeSet;

use crate::derive::known::Known;
use crate::dockerfile::{Copy, Dockerfile, Kind, Run, absolute, flag};

use super::draft::{CopiedFile, Draft, From, Prepared, below};

/// Files that say what is installed; they need not be in the image.
const OF_DEPENDENCIES: [&str; 13] = [
    "Pipfile",
    "Pipfile.lock",
    "README.md",
    "README.rst",
    "constraints.txt",
    "environment.yml",
    "pdm.lock",
    "poetry.lock",
    "poetry.toml",
    "pylock.toml",
    "pyproject.toml",
    "setup.cfg",
    "uv.lock",
];

/// Folders of an image that hold what was installed.
const OF_INSTALLS: [&str; 8] =
    ["/install", "/usr/local", "/root/.local", "/wheels", "/wheel", "/usr/lib/python3", "/root/.cache", "/opt/conda"];

/// More files than a Dockerfile copies by name.
const MAX_FILES: usize = 1000;

/// A `COPY` or `ADD` of one stage.
pub(super) struct CopyLine<'c> {
    pub(super) line: usize,
    pub(super) text: &'c str,
    pub(super) copy: &'c Copy,
    pub(super) is_add: bool,
}

/// Takes in a line of the final stage.
pub(super) fn copy(draft: &mut Draft, known: &Known<'_>, file: &Dockerfile, it: &CopyLine<'_>) {
    let (line, text) = (it.line, it.text);
    if flag(&it.copy.flags, "chmod").is_some() {
        draft.executable.extend(expanded(known, it.copy).into_iter().map(|file| file.place));
    }
    if !it.copy.documents.is_empty() {
        let todo = format!(
            "put it into the folder, and add it to `app.sources`; the Dockerfile has it at {}",
            it.copy.destination
        );
        draft.account.open(line, text, "a file that stands in the Dockerfile itself", todo);
    }
    match (it.copy.stage, it.copy.from()) {
        (Some(stage), _) => from_stage(draft, known, file, it, stage),
        (None, Some(image)) if image.contains("uv") => {
            draft.account.not_needed(line, text, "shipwheel installs without it");
        }
        (None, Some(image)) => {
            let why = format!("a file of the image {image}");
            draft.account.open(line, text, why, "put the file into the folder, and add it to `app.sources`");
        }
        (None, None) => from_folder(draft, known, it),
    }
}

fn from_folder(draft: &mut Draft, known: &Known<'_>, it: &CopyLine<'_>) {
    let found = expanded(known, it.copy);
    let mut taken = BTreeSet::new();
    let mut is_open = false;
    for source in &it.copy.sources {
        if it.is_add && (source.contains("://") || source.starts_with("git@")) {
            let why = format!("{source} is downloaded");
            draft.account.open(it.line, it.text, why, "put the file into the folder, and add it to `app.sources`");
            is_open = true;
        } else if it.is_add
            && [".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2"].iter().any(|end| source.ends_with(end))
        {
            draft.account.open(
                it.line,
                it.text,
                "an archive that is unpacked",
                "unpack it in the folder, and add what is in it",
            );
            is_open = true;
        }
    }
    for file in found {
        if is_of_dependencies(&file.source) {
            continue;
        }
        taken.insert(file.source.clone());
        draft.copied.push(From { line: it.line, text: it.text.to_owned(), value: file });
    }
    match (taken.is_empty(), is_open) {
        (false, _) => {
            let shown: Vec<&str> = taken.iter().map(|it| if it.is_empty() { "." } else { it.as_str() }).collect();
            draft.account.became(it.line, it.text, format!("app.sources: {}", shown.join(", ")));
        }
        (true, true) => {}
        (true, false) if it.copy.sources.is_empty() => {}
        (true, false) if it.copy.sources.iter().all(|source| is_of_dependencies(relative(source).as_str())) => {
            draft.account.not_needed(it.line, it.text, "read from the folder, where `python.lock` names it");
        }
        (true, false) => {
            draft.account.open(it.line, it.text, "nothing of this name is in the folder", "correct `app.sources`");
        }
    }
}

fn is_of_dependencies(source: &str) -> bool {
    let name = source.rsplit('/').next().unwrap_or(source);
    let is_requirements = name.ends_with(".txt") || name.ends_with(".in");
    OF_DEPENDENCIES.contains(&name)
        || source == "setup.py"
        || is_requirements && (name.contains("requirement") || source.contains("requirements/"))
        || matches!(
            source,
            "requirements" | "uv.lock*" | "poetry.lock*" | "Pipfile*" | "requirements*" | "requirements*.txt"
        )
}

fn relative(source: &str) -> String {
    absolute("/", source).trim_start_matches('/').to_owned()
}

/// What of the folder a line copies, and where to: patterns by what they match.
pub(super) fn expanded(known: &Known<'_>, copy: &Copy) -> Vec<CopiedFile> {
    let mut found = Vec::new();
    for source in copy.sources.iter().filter(|source| !source.contains("://")) {
        let source = relative(source);
        let tops: Vec<String> = match source.contains(['*', '?']) {
            false => vec![source],
            true => matching(known, &source),
        };
        let is_many = copy.sources.len() > 1 || tops.len() > 1 || copy.destination.ends_with('/');
        for source in tops {
            let is_folder = source.is_empty()
                || known.folder.files.iter().any(|path| below(path, &source).is_some_and(|it| !it.is_empty()));
            if !is_folder && !known.has(&source) && !is_of_dependencies(&source) {
                continue;
            }
            let name = source.rsplit('/').next().unwrap_or_default();
            let place = match is_folder || !is_many {
                true => absolute("/", &copy.destination),
                false => absolute(&copy.destination, name),
            };
            found.push(CopiedFile { source, place });
        }
    }
    found
}

/// Files and folders that a pattern matches, part by part.
fn matching(known: &Known<'_>, pattern: &str) -> Vec<String> {
    let depth = pattern.split('/').count();
    let mut found = BTreeSet::new();
    for path in &known.folder.files {
        let parts: Vec<&str> = path.split('/').take(depth).collect();
        if parts.len() == depth && parts.iter().zip(pattern.split('/')).all(|(part, pattern)| is_match(part, pattern)) {
            found.insert(parts.join("/"));
        }
    }
    found.into_iter().collect()
}

/// Whether a name is what a pattern of `*` and `?` says.
fn is_match(name: &str, pattern: &str) -> bool {
    let (name, pattern): (Vec<char>, Vec<char>) = (name.chars().collect(), pattern.chars().collect());
    let (mut at, mut in_pattern, mut star) = (0, 0, None);
    while at < name.len() {
        match pattern.get(in_pattern) {
            Some('*') => {
                star = Some((in_pattern, at));
                in_pattern += 1;
            }
            Some(c) if *c == '?' || *c == name[at] => (at, in_pattern) = (at + 1, in_pattern + 1),
            _ => match star {
                Some((place, from)) => {
                    star = Some((place, from + 1));
                    (in_pattern, at) = (place + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[in_pattern..].iter().all(|c| *c == '*')
}

/// `RUN --mount=type=bind,source=uv.lock,target=uv.lock`.
pub(super) fn mounted(draft: &mut Draft, run: &Run) {
    for (_, mount) in run.flags.iter().filter(|(name, _)| name == "mount") {
        let part = |names: &[&str]| {
            let mut pairs = mount.split(',').filter_map(|part| part.split_once('='));
            pairs.find(|(name, _)| names.contains(name)).map(|(_, value)| value)
        };
        if let (None, Some(source), Some(target)) =
            (part(&["from"]), part(&["source", "src"]), part(&["target", "dst", "destination"]))
        {
            let place = absolute(&run.workdir, target);
            draft.placed.push(CopiedFile { source: relative(source), place });
        }
    }
}

/// What another stage has: what it installed, or files that it copied itself.
fn from_stage(draft: &mut Draft, known: &Known<'_>, file: &Dockerfile, it: &CopyLine<'_>, stage: usize) {
    let mut installed = false;
    for source in &it.copy.sources {
        let source = absolute("/", source);
        installed |= is_environment(draft, &source) || OF_INSTALLS.iter().any(|folder| source.starts_with(folder));
        installed |= exported(draft, it.copy, &source);
    }
    let mut files = through(known, file, it.copy, stage);
    files.retain(|file| !is_of_dependencies(&file.source) && !is_environment(draft, &format!("/{}", file.source)));
    match (files.is_empty(), installed) {
        (true, true) => draft.account.became(it.line, it.text, "python.lock: what is installed there"),
        (true, false) => match draft.front_ends.get(&stage).cloned() {
            Some(front_end) => {
                let place = absolute("/", &it.copy.destination);
                draft.prepared.push(Prepared::FrontEnd { front_end, line: it.line, text: it.text.to_owned(), place });
            }
            None => left_to_do(draft, it.line, it.text),
        },
        (false, _) => {
            let names: BTreeSet<&str> =
                files.iter().map(|file| if file.source.is_empty() { "." } else { &file.source }).collect();
            let shown = names.into_iter().collect::<Vec<_>>().join(", ");
            draft.account.became(it.line, it.text, format!("app.sources: {shown}"));
            draft.copied.extend(files.into_iter().map(|value| From { line: it.line, text: it.text.to_owned(), value }));
        }
    }
}

/// What the user has to do about a line that copies what another stage made.
pub(super) fn left_to_do(draft: &mut Draft, line: usize, text: &str) {
    let why = "made by commands of another stage, which shipwheel does not run";
    let todo =
        "make it before the build, in the folder, or as a step of `[[app.prepare]]`, and add it to `app.sources`";
    draft.account.open(line, text, why, todo);
}

fn is_environment(draft: &Draft, place: &str) -> bool {
    draft.environments.contains(place) || place.ends_with("venv")
}

/// Takes along requirements that a tool wrote in another stage.
fn exported(draft: &mut Draft, copy: &Copy, source: &str) -> bool {
    let Some(lock) = draft.installed.exported.get(source).cloned() else { return false };
    let name = source.rsplit('/').next().unwrap_or_default();
    let place =
        if copy.destination.ends_with('/') { absolute(&copy.destination, name) } else { copy.destination.clone() };
    draft.installed.exported.insert(place, lock);
    true
}

/// The files of the folder that a copy from a stage brings: those that the stage copied itself.
fn through(known: &Known<'_>, file: &Dockerfile, copy: &Copy, stage: usize) -> Vec<CopiedFile> {
    let mut files = Vec::new();
    for source in &copy.sources {
        let source = absolute("/", source);
        for copied in copied_in(known, file, stage) {
            match (below(&copied.place, &source), below(&source, &copied.place)) {
                // The stage put it into what is copied.
                (Some(rest), _) => files.push(CopiedFile { place: absolute(&copy.destination, rest), ..copied }),
                // A part of what the stage put there is copied.
                (None, Some(rest)) => {
                    let source = relative(&format!("{}/{rest}", copied.source));
                    if known.folder.files.iter().any(|path| below(path, &source).is_some()) {
                        files.push(CopiedFile { source, place: absolute("/", &copy.destination) });
                    }
                }
                (None, None) => {}
            }
        }
    }
    files
}

/// What a stage and those that it follows from copy from the folder, also by way of stages above it.
fn copied_in(known: &Known<'_>, file: &Dockerfile, stage: usize) -> Vec<CopiedFile> {
    let chain = file.chain(stage);
    let instructions = chain.iter().flat_map(|stage| &stage.instructions);
    let copies = instructions.filter_map(|instruction| match &instruction.kind {
        Kind::Copy(copy) | Kind::Add(copy) => Some(copy),
        _ => None,
    });
    let mut files = Vec::new();
    for copy in copies {
        match (copy.stage, copy.from()) {
            // Only stages above: this ends.
            (Some(above), _) if above < stage => files.extend(through(known, file, copy, above)),
            (None, None) => files.extend(expanded(known, copy)),
            _ => {}
        }
        files.truncate(MAX_FILES);
    }
    files
}
