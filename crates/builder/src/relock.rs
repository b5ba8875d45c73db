//! Locks again on demand, with the tool that wrote the lock.

use std::path::{Path, PathBuf};
use std::process::Command;

use shipwheel_python::lock::{LockForm, LockTool, Relocking};

use crate::base::base_error::BaseError;
use crate::base::resolve;
use crate::error::BuildError;
use crate::lock::lock_error::LockError;
use crate::lock::lock_file::{form_of, has_any_hash, read_text};
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

/// Locks the dependencies of a definition again.
///
/// # Errors
/// When there is nothing to lock from, or the tool that locks is missing or fails.
pub fn relock(session: &Session<'_>, definition: &Definition, upgrade: &Upgrade) -> Result<Relocked, BuildError> {
    let python =
        definition.spec.python.as_ref().ok_or_else(|| LockError::NotNamed { file: definition.file.clone() })?;
    let path = definition.folder.join(&python.lock.value);
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    match form_of(&path).map(LockForm::relocking) {
        Some(Relocking::Tool(LockTool::Uv)) => {
            let mut command = Command::new(uv::find(session)?);
            command.args(["lock", "--directory"]).arg(&folder);
            upgrade.apply(&mut command);
            run(session, command, "uv lock")?;
        }
        Some(Relocking::Tool(tool @ LockTool::Poetry)) => run_tool(session, &path, tool, &poetry(upgrade))?,
        Some(Relocking::Tool(tool @ LockTool::Pdm)) => run_tool(session, &path, tool, &pdm(upgrade))?,
        Some(Relocking::Beside) => {
            let text = read_text(definition, &python.lock, &path)?;
            if form_of(&path) == Some(LockForm::Requirements) && has_any_hash(&text) {
                return Err(LockError::NoInputs { path }.into());
            }
            let minor = lowest_minor(session, definition)?;
            return Ok(Relocked { path: kept::make(session, &path, python, minor, upgrade)?.0 });
        }
        Some(Relocking::Never) => return Err(LockError::NoInputs { path }.into()),
        None => return Err(LockError::UnknownForm { path }.into()),
    }
    Ok(Relocked { path })
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

fn run_tool(session: &Session<'_>, lock: &Path, tool: LockTool, arguments: &[&str]) -> Result<(), BuildError> {
    let mut command = Command::new(export::program(session, lock, tool)?);
    command.args(arguments).current_dir(lock.parent().unwrap_or(Path::new("")));
    run(session, command, &format!("{} {}", tool.name(), arguments.join(" "))).map(|_| ())
}

/// A lock for the oldest Python of all bases serves the others too.
fn lowest_minor(session: &Session<'_>, definition: &Definition) -> Result<u32, BuildError> {
    let bases = resolve::resolve(session, definition, &definition.spec.platforms, None)?;
    let minors = bases.by_platform.values().filter_map(|base| Some(base.facts.python.as_ref()?.version.minor));
    minors.min().ok_or_else(|| BaseError::NoPython { file: definition.file.clone() }.into())
}
