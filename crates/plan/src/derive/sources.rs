//! What of a folder is taken: all of it, less what is for development; of a project what its wheel does not have.

use std::collections::{BTreeMap, BTreeSet};

use shipwheel_python::DistributionName;

use crate::derive::known::Known;
use crate::derive::write::{self, Line};
use crate::development::{LeftOutNames, Mention, Mentions, resolved, unit};
use crate::dockerignore::Dockerignore;
use crate::leftovers;

/// The lines of `[app]` that say what is in the image; `entry` is the file that is started by its path, or the folder that
/// it is started from.
pub(super) fn lines(known: &Known<'_>, entry: Option<&str>) -> Vec<Line> {
    let sources = |reason: &str| Line::new("sources", write::list(["."]), reason);
    if !known.is_project {
        const FOLDER: &str = "the folder, less tests, docs, tools, lists of dependencies, caches and secrets";
        let name = known.project.name.as_ref().map_or("", DistributionName::as_str);
        let why =
            format!("{FOLDER}\nno project is installed: its backend looks for a package `{name}`, which is not there");
        return vec![sources(if known.lacks_package { &why } else { FOLDER })];
    }
    let reason = match known.text("pyproject.toml").contains("[build-system]") {
        true => "pyproject.toml has a [build-system]: built to a wheel and installed",
        false => "setup.py or setup.cfg describes a project with commands: built to a wheel and installed",
    };
    let mut lines = vec![Line::new("project", write::text("."), reason)];
    if entry.is_some() || has_more(known) {
        lines.push(sources("what is beside the project's packages"));
        // What is started by its path, or from its folder, is there as well.
        let started = entry.and_then(|path| path.split('/').next());
        let installed = installed(known).into_iter().filter(|name| Some(*name) != started);
        let installed = installed.map(|name| format!("/{name}/")).chain(["/pyproject.toml".to_owned()]);
        lines.push(Line::new("exclude", write::list(installed), "installed already"));
    }
    lines
}

/// Whether a project's folder has more that is taken than what its wheel has.
pub(super) fn has_more(known: &Known<'_>) -> bool {
    let installed = installed(known);
    let is_more = |path: &&str| {
        let top = path.split('/').next().unwrap_or_default();
        !installed.contains(top) && !top.starts_with('.') && *path != "pyproject.toml"
    };
    files(known).into_iter().any(|path| is_more(&path))
}

/// The folders at the top that a project's wheel is made from: `src`, and packages.
pub(super) fn installed<'k>(known: &'k Known<'_>) -> BTreeSet<&'k str> {
    let name = known.project.name.as_ref().map(|name| name.as_str().replace('-', "_"));
    let folders = known.folder.files.iter().filter_map(|path| path.split_once('/')).map(|(top, _)| top);
    let is_installed =
        |top: &&str| *top == "src" || known.has(&format!("{top}/__init__.py")) || name.as_deref() == Some(*top);
    let taken = named(known);
    folders.filter(is_installed).filter(|top| unit(&format!("{top}/x"), taken).is_none()).collect()
}

/// The files that are taken, as far as their names and the texts that were read tell.
pub(super) fn files<'k>(known: &'k Known<'_>) -> Vec<&'k str> {
    // A broken .dockerignore is told when the sources are collected.
    let ignored = known.folder.texts.get(".dockerignore").map(|text| Dockerignore::parse(text.as_bytes()));
    let ignored = ignored.and_then(Result::ok).unwrap_or_default();
    let taken = named(known);
    let is_left_over = |path: &str| {
        let file = path.rsplit('/').next().unwrap_or(path);
        let is_package = |folder: &str| known.has(&format!("{folder}/__init__.py"));
        leftovers::is_left_out_file(file)
            || leftovers::is_in_left_out_folder(path)
            || leftovers::is_in_secret_folder(path, is_package)
    };
    let files = known.folder.files.iter().map(String::as_str);
    let files = files.filter(|path| unit(path, taken).is_none() && !is_left_over(path));
    files.filter(|path| ignored.leaves_out(path).is_none()).collect()
}

/// What is for development by its name, and named by a module that is taken.
fn named<'k>(known: &'k Known<'_>) -> &'k BTreeSet<String> {
    known.named.get_or_init(|| find_named(known))
}

fn find_named(known: &Known<'_>) -> BTreeSet<String> {
    // Each module is read once, however many rounds there are.
    let mut mentions: BTreeMap<&str, BTreeSet<Mention>> = BTreeMap::new();
    let mut taken = BTreeSet::new();
    loop {
        let mut names = LeftOutNames::default();
        let waiting = known.folder.files.iter().filter(|path| unit(path, &taken).is_some());
        waiting.for_each(|path| names.insert(path.clone()));
        if names.is_empty() {
            return taken;
        }
        let modules = known.folder.texts.iter().filter(|(path, _)| path.ends_with(".py"));
        let mut more = BTreeSet::new();
        for (path, text) in modules.filter(|(path, _)| unit(path, &taken).is_none()) {
            let read = || Mentions::read(text).0.into_iter().map(|(mention, _)| mention).collect();
            let found = mentions.entry(path).or_insert_with(read).iter();
            let found = found.filter_map(|mention| resolved(path, mention, &names));
            more.extend(found.filter_map(|found| unit(found, &taken)).map(str::to_owned));
        }
        if more.is_empty() {
            return taken;
        }
        taken.extend(more);
    }
}
