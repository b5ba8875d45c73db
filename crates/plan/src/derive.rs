//! A folder without an image.toml → the image.toml that it would have, each line with its reason.
//!
//! Pure: the folder comes in as a list of names and a few texts, an image.toml goes out as text.
//! What is derived from what is described in docs/start.md.

use std::collections::BTreeSet;

use shipwheel_python::pyproject::Pyproject;

mod base;
mod code;
mod dependencies;
mod entry;
mod error;
mod known;
mod lock;
mod named;
mod sources;
mod start;
mod suites;
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
                || dependencies::is_read(path)
                || named::is_read(name)
                || [".dockerignore", "pyproject.toml"].contains(&name)
        }
        1 | 2 => start::MODULES.contains(&name) || web::MODULES.contains(&name) || dependencies::is_read(path),
        _ => false,
    }
}

/// The files whose texts are asked for because another text names them, below the folder.
pub fn also_read(path: &str, text: &str) -> Vec<String> {
    dependencies::also_read(path, text)
}

/// What the user chose, where a folder leaves a choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// The file that decides what is installed, relative to the folder.
    pub lock: Option<String>,
}

/// Derives an image.toml.
///
/// # Errors
/// When the folder is not a Python application, its dependencies are not locked, or nothing says
/// what is started; the error lists what was looked for.
pub fn derive(folder: &Folder, choices: &Choices) -> Result<Derived, DeriveError> {
    let has = |path: &str| folder.files.contains(path);
    let is_python = folder.files.iter().any(|path| path.ends_with(".py") && path.matches('/').count() <= 2);
    if !is_python && !has("pyproject.toml") && !folder.files.iter().any(|path| dependencies::is_read(path)) {
        return Err(DeriveError::Nothing);
    }
    let text = folder.texts.get("pyproject.toml").map_or("", String::as_str);
    let pyproject = Pyproject::parse(text)?;
    let project = pyproject.project_or_poetry()?;
    let is_project = project.name.is_some() && pyproject.builds_wheel();
    let mut known = Known { folder, project, is_project, distributions: BTreeSet::new() };
    let lock = dependencies::find(&known, choices.lock.as_deref())?;
    let asked = known.project.dependencies.iter().map(|dependency| dependency.name.clone());
    known.distributions = asked.chain(lock.iter().flat_map(|lock| lock.distributions.iter().cloned())).collect();
    let entry = start::find(&known)?;
    let mut sections = vec![("", base::lines(&known, lock.as_ref()))];
    if let Some(lock) = &lock {
        sections.push(("python", vec![Line::new("lock", write::text(&lock.path), lock.reason.as_str())]));
    }
    sections.push(("app", sources::lines(&known, entry.file.as_deref())));
    sections.push(("config", entry.lines(&known)));
    Ok(Derived { toml: write::document(&sections) })
}
