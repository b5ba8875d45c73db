//! A folder without an image.toml → the image.toml that it would have, each line with its reason.
//!
//! Pure: the folder comes in as a list of names and a few texts, an image.toml goes out as text.
//! What is derived from what is described in docs/start.md.

use std::collections::BTreeSet;

use shipwheel_python::lock::LockForm;
use shipwheel_python::pyproject::Pyproject;

mod base;
mod code;
mod entry;
mod error;
mod known;
mod lock;
mod sources;
mod start;
#[cfg(test)]
mod tests;
mod web;
mod write;

use known::Known;
use write::Line;

pub use error::DeriveError;
pub use known::Folder;

/// An image.toml that was derived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// Its whole text, with a comment for each decision.
    pub toml: String,
}

/// Whether a file's text is asked for: metadata, and modules that may be what is started.
pub fn is_read(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    match path.matches('/').count() {
        0 => {
            name.ends_with(".py")
                || LockForm::locks().any(|form| form.file_name() == name)
                || [".python-version", ".dockerignore", "pyproject.toml"].contains(&name)
        }
        1 | 2 => start::MODULES.contains(&name) || web::MODULES.contains(&name),
        _ => false,
    }
}

/// Derives an image.toml.
///
/// # Errors
/// When the folder is not a Python application, its dependencies are not locked, or nothing says
/// what is started; the error lists what was looked for.
pub fn derive(folder: &Folder) -> Result<Derived, DeriveError> {
    let has = |path: &str| folder.files.contains(path);
    let is_python = folder.files.iter().any(|path| path.ends_with(".py") && path.matches('/').count() <= 2);
    if !is_python && !has("pyproject.toml") && !LockForm::locks().any(|form| has(form.file_name())) {
        return Err(DeriveError::Nothing);
    }
    let text = folder.texts.get("pyproject.toml").map_or("", String::as_str);
    let pyproject = Pyproject::parse(text)?;
    let project = pyproject.project_or_poetry()?;
    let is_project = project.name.is_some() && pyproject.builds_wheel();
    let mut known = Known { folder, project, is_project, distributions: BTreeSet::new() };
    let lock = lock::find(&known)?;
    known.distributions = lock::distributions(&known, lock);
    let entry = start::find(&known)?;
    let mut sections = vec![("", base::lines(&known, lock))];
    if let Some(lock) = lock.map(LockForm::file_name) {
        let reason = format!("the folder has {lock}, whose hashes decide what is installed");
        sections.push(("python", vec![Line::new("lock", write::text(lock), reason)]));
    }
    sections.push(("app", sources::lines(&known, entry.file.as_deref())));
    sections.push(("config", entry.lines(&known)));
    Ok(Derived { toml: write::document(&sections) })
}
