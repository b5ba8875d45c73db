//! Locking on demand: by the tool that the lock is of.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::base::resolve;
use crate::error::BuildError;
use crate::lock::form::Form;
use crate::lock::lock_file::{has_any_hash, read};
use crate::lock::upgrade::Upgrade;
use crate::lock::{export, kept};
use crate::program::run::run;
use crate::program::uv;
use crate::project::definition::Definition;
use crate::session::Session;

/// A lock that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relocked {
    /// The lock file.
    pub path: PathBuf,
}

/// Locks the dependencies of a definition anew.
///
/// # Errors
/// When there is nothing to lock from, or the tool that locks is missing or fails.
pub fn relock(session: &Session<'_>, definition: &Definition, upgrade: &Upgrade) -> Result<Relocked, BuildError> {
    let python = definition.spec.python.as_ref().ok_or_else(|| BuildError::NothingToLock {
        path: PathBuf::from(&definition.file),
        reason: "names no lock: it has no `[python]`".to_owned(),
    })?;
    let path = definition.folder.join(&python.lock.value);
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    match Form::of(&path) {
        Some(Form::Uv) => {
            let mut command = Command::new(uv::find(session)?);
            command.args(["lock", "--directory"]).arg(&folder);
            upgrade.apply(&mut command);
            run(session, command, "uv lock")?;
        }
        Some(Form::Poetry) => run_tool(session, &path, &folder, "poetry", &poetry(upgrade))?,
        Some(Form::Pdm) => run_tool(session, &path, &folder, "pdm", &pdm(upgrade))?,
        Some(form @ (Form::Requirements | Form::Project)) => {
            let text = read(definition, &python.lock, &path)?;
            if form == Form::Requirements && has_any_hash(&text) {
                return Err(nothing(&path, "is a lock, and does not say what it was made from"));
            }
            let minor = lowest_minor(session, definition)?;
            return Ok(Relocked { path: kept::make(session, &path, python, minor, upgrade)?.0 });
        }
        Some(Form::Pylock) => return Err(nothing(&path, "is a lock, and does not say what it was made from")),
        None => return Err(nothing(&path, "is of no form that can be locked")),
    }
    Ok(Relocked { path })
}

fn nothing(path: &Path, reason: &str) -> BuildError {
    BuildError::NothingToLock { path: path.to_owned(), reason: reason.to_owned() }
}

fn poetry(upgrade: &Upgrade) -> Vec<&str> {
    let packages = upgrade.packages.iter().map(String::as_str);
    match (upgrade.all, upgrade.packages.is_empty()) {
        (true, _) => vec!["lock", "--regenerate"],
        (false, true) => vec!["lock"],
        (false, false) => ["update", "--lock"].into_iter().chain(packages).collect(),
    }
}

fn pdm(upgrade: &Upgrade) -> Vec<&str> {
    let packages = upgrade.packages.iter().map(String::as_str);
    match (upgrade.all, upgrade.packages.is_empty()) {
        (true, _) => vec!["update", "--no-sync"],
        (false, true) => vec!["lock"],
        (false, false) => ["update", "--no-sync"].into_iter().chain(packages).collect(),
    }
}

fn run_tool(
    session: &Session<'_>,
    lock: &Path,
    folder: &Path,
    name: &'static str,
    arguments: &[&str],
) -> Result<(), BuildError> {
    let mut command = Command::new(export::tool(session, lock, name)?);
    command.args(arguments).current_dir(folder);
    run(session, command, &format!("{name} {}", arguments.join(" "))).map(|_| ())
}

/// A lock for the oldest Python of all bases serves the others too.
fn lowest_minor(session: &Session<'_>, definition: &Definition) -> Result<u32, BuildError> {
    let bases = resolve::resolve(session, definition, &definition.spec.platforms, None)?;
    let minors = bases.by_platform.values().filter_map(|base| Some(base.facts.python.as_ref()?.version.minor));
    minors.min().ok_or_else(|| nothing(Path::new(&definition.file), "has a base without Python"))
}
