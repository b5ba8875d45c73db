//! The folders that an application writes to, as far as its sources make it plain; no code runs.
//!
//! Read are the modules that the image has: databases of SQLite, folders that are made, files that are opened for
//! writing, logs, and the settings of frameworks for what users upload. `writes/table.rs` has the calls.

use std::collections::BTreeMap;

mod found;
mod place;
mod table;
#[cfg(test)]
mod tests;
mod values;

use crate::derive::code::lines;
use crate::derive::known::Known;
use crate::derive::sources;
use crate::derive::write::{self, Line};
use crate::development::is_test;
use found::{Write, bind, writes};
use place::APPLICATION;
pub(super) use place::Surroundings;
use values::{Bound, Module};

/// More folders than an application writes to; a module that names more makes up its paths.
const MAX_FOLDERS: usize = 20;

/// The folders that are written to, absolute, with what says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Folders {
    by_path: BTreeMap<String, String>,
    /// Whether one of them is below the working directory, wherever that is.
    pub(super) is_relative: bool,
}

impl Folders {
    /// The folders that the modules of a folder write to.
    pub(super) fn of(known: &Known<'_>, surroundings: &Surroundings<'_>) -> Self {
        let mut folders = Self::default();
        for (module, write) in all(known) {
            let is_relative = !write.path.starts_with('/');
            // Flask-SQLAlchemy puts them there since version 3.
            let path = match is_relative && write.is_address && known.depends_on("flask-sqlalchemy") {
                true => format!("{APPLICATION}/instance/{}", write.path),
                false => write.path.clone(),
            };
            let Some(folder) = place::folder(&path, write.is_file, surroundings) else { continue };
            if folders.by_path.len() == MAX_FOLDERS || known.has(below(&folder, surroundings.application)) {
                continue;
            }
            folders.is_relative |= !path.starts_with('/');
            folders.add(folder, format!("{module}:{} {}", write.line, write.by));
        }
        folders
    }

    /// Adds a folder by its absolute path; the first reason counts.
    pub(super) fn add(&mut self, folder: String, reason: String) {
        self.by_path.entry(folder).or_insert(reason);
    }

    /// Adds those of another list.
    pub(super) fn join(&mut self, others: &Self) {
        others.by_path.iter().for_each(|(folder, reason)| self.add(folder.clone(), reason.clone()));
    }

    /// The line of `[app]`, if there is any folder.
    pub(super) fn line(&self, application: &str) -> Option<Line> {
        let shown = |folder: &str| below(folder, application).to_owned();
        let reasons: Vec<String> =
            self.by_path.iter().map(|(folder, reason)| format!("{}: {reason}", shown(folder))).collect();
        let folders: Vec<String> = self.by_path.keys().map(|folder| shown(folder)).collect();
        let reason = || format!("what the application writes to\n{}", reasons.join("\n"));
        (!folders.is_empty()).then(|| Line::new("writable", write::list(&folders), reason()))
    }
}

/// A folder as `app.writable` has it: below the application's, or absolute.
pub(super) fn below<'f>(folder: &'f str, application: &str) -> &'f str {
    match folder.strip_prefix(application) {
        Some("") => ".",
        Some(rest) => rest.strip_prefix('/').unwrap_or(folder),
        None => folder,
    }
}

/// Everything that the modules of an image write to, each with the path of its module.
fn all<'k>(known: &'k Known<'_>) -> Vec<(&'k str, Write)> {
    let installed = if known.is_project { sources::installed(known) } else { Default::default() };
    let taken = sources::files(known);
    let nothing = Bound::new();
    let mut modules = Vec::new();
    // Tests in a package are in the image, and what they write to is not what the application does.
    for path in taken.into_iter().filter(|path| !is_test(path)) {
        let Some(code) = known.code(path) else { continue };
        let is_in_place = !installed.contains(path.split('/').next().unwrap_or_default());
        let mut module = Module { path, code, is_in_place, values: BTreeMap::new(), bound: &nothing };
        let lines = lines(known.text(path));
        bind(&mut module, &lines);
        modules.push((path, module, lines));
    }
    let mut bound = Bound::new();
    for (path, module, _) in &modules {
        let names = bound.entry(name(path)).or_default();
        for (name, value) in &module.values {
            names.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    let mut found = Vec::new();
    for (path, module, lines) in modules {
        let mut module = Module { bound: &bound, ..module };
        // With what other modules say, more names stand for something.
        bind(&mut module, &lines);
        found.extend(writes(&module, &lines).into_iter().map(|write| (path, write)));
    }
    found
}

/// The last part of a module's name: `config` of `shop/config.py`, `shop` of `shop/__init__.py`.
fn name(path: &str) -> String {
    let path = path.trim_end_matches(".py").trim_end_matches("/__init__");
    path.rsplit('/').next().unwrap_or(path).to_owned()
}
