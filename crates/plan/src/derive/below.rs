//! Applications in folders below one that is none itself: a `backend/` or `app/` with dependencies of its own.

use std::collections::BTreeMap;

use shipwheel_python::lock::LockForm;
use shipwheel_python::pyproject::Pyproject;

use crate::derive::entry::Entry;
use crate::derive::error::DeriveError;
use crate::derive::known::Known;

/// Whether a file's text is asked for.
pub(super) fn is_read(path: &str) -> bool {
    path.ends_with("/pyproject.toml") && path.matches('/').count() <= 2
}

/// The folders that are applications, where what would be started is in one of them: that one comes first.
pub(super) fn applications(known: &Known<'_>, entry: Option<&Entry>) -> Option<DeriveError> {
    let mut found = folders(known);
    let Some(entry) = entry else {
        let has_modules = known.folder.files.iter().any(|path| path.ends_with(".py") && !path.contains('/'));
        let is_below = !found.is_empty() && !has_modules;
        return is_below.then(|| DeriveError::Below { found: found.into_iter().collect() });
    };
    let path = started(entry)?;
    let folder = found.keys().find(|folder| path.starts_with(&format!("{folder}/")))?.clone();
    let first = found.remove_entry(&folder)?;
    Some(DeriveError::Below { found: std::iter::once(first).chain(found).collect() })
}

/// The path of what is started, or of a file in the folder that it is started from.
fn started(entry: &Entry) -> Option<String> {
    let script = entry.cmd.iter().find_map(|word| word.strip_prefix("/app/"));
    let folder = (!entry.workdir.is_empty()).then(|| format!("{}/", entry.workdir));
    folder.or_else(|| script.or(entry.file.as_deref()).map(str::to_owned))
}

/// Folders with dependencies of their own, each with the file that declares or locks them.
fn folders(known: &Known<'_>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for path in known.folder.files.iter().filter(|path| path.matches('/').count() <= 2) {
        let Some((folder, name)) = path.rsplit_once('/') else { continue };
        let is_lock = match LockForm::of(name) {
            Some(LockForm::Uv | LockForm::Poetry | LockForm::Pdm | LockForm::Pipfile) => true,
            // Requirements in folders may be the application's own, and were looked at.
            Some(LockForm::Pylock | LockForm::Requirements | LockForm::Project) | None => false,
        };
        if is_lock || is_read(path) && declares(known.text(path)) {
            found.entry(folder.to_owned()).or_insert_with(|| name.to_owned());
        }
    }
    // What is in one of them is a part of it.
    let tops: Vec<String> = found.keys().map(|folder| format!("{folder}/")).collect();
    found.retain(|folder, _| !tops.iter().any(|top| folder.starts_with(top)));
    found
}

/// Whether a pyproject.toml asks for anything.
fn declares(text: &str) -> bool {
    let project = Pyproject::parse(text).and_then(|pyproject| pyproject.project_or_poetry());
    project.is_ok_and(|project| !project.dependencies.is_empty())
}
