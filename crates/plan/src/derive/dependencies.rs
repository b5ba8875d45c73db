//! Everything in a folder that declares dependencies, and the one file of it that decides what is installed.

mod brought;
mod candidate;
mod chain;
mod conda;
mod declaration;
mod declared;
mod dynamic;
mod find;
mod purpose;

use std::collections::BTreeSet;

use shipwheel_python::lock::LockForm;
use shipwheel_python::pyproject::project_groups;
use shipwheel_python::requirements::{beside, includes};

use candidate::Candidate;
pub(super) use find::{find, passed_over};
use purpose::is_production;

/// The groups of a pyproject.toml that its lock has for production besides what is installed anyway.
///
/// An extra is for whoever installs the project, so its name alone says less.
pub(super) fn production_groups(pyproject: &str, form: LockForm) -> BTreeSet<String> {
    match form {
        LockForm::Uv | LockForm::Poetry | LockForm::Pdm => {
            project_groups(pyproject).groups.into_iter().filter(|group| is_production(group)).collect()
        }
        LockForm::Pylock | LockForm::Pipfile | LockForm::Requirements | LockForm::Project => BTreeSet::new(),
    }
}

/// Whether a file's text is asked for because of its name.
pub(super) fn is_read(path: &str) -> bool {
    Candidate::of(path).is_some() || declared::FILES.contains(&path) || conda::is_read(path)
}

/// The files below the folder that a text names, whose texts are asked for as well.
pub(super) fn also_read(path: &str, text: &str) -> Vec<String> {
    if path == "pyproject.toml" {
        return dynamic::files(text);
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    if LockForm::of(name) != Some(LockForm::Requirements) {
        return Vec::new();
    }
    let below = includes(text).into_iter().filter_map(|include| beside(path, &include.path));
    below.filter(|path| !path.is_empty() && !path.starts_with("../")).collect()
}
