//! Locks again on demand, with the tool that wrote the lock.

use std::path::{Path, PathBuf};

use shipwheel_plan::spec::PythonSpec;
use shipwheel_python::lock::{LockForm, LockTool, Relocking};
use shipwheel_python::pyproject::{Pyproject, UvSettings};

use crate::base::base_error::BaseError;
use crate::base::resolve;
use crate::disk::text::{text_if_there, write_text};
use crate::error::BuildError;
use crate::lock::kept::{self, Locking};
use crate::lock::lock_error::LockError;
use crate::lock::lock_file::form_of;
use crate::lock::requirement_files::RequirementFiles;
use crate::lock::tool_copy::ToolCopy;
use crate::lock::upgrade::Upgrade;
use crate::program::project_files::require_regular;
use crate::program::run::run;
use crate::program::uv::Uv;
use crate::project::definition::Definition;
use crate::project::project::Project;
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
    let path = definition.path(&python.lock)?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    match form_of(&path).map(LockForm::relocking) {
        Some(Relocking::Tool(LockTool::Uv)) => {
            uv_lock(session, &path, &folder, python, upgrade)?;
        }
        Some(Relocking::Tool(tool @ LockTool::Poetry)) => run_tool(session, &path, tool, &poetry(upgrade))?,
        Some(Relocking::Tool(tool @ LockTool::Pdm)) => run_tool(session, &path, tool, &pdm(upgrade))?,
        Some(Relocking::Beside) => {
            let project = Project::read_to_lock(definition)?;
            let lock = project.lock.as_ref().ok_or_else(|| BuildError::internal("a lock that was not read"))?;
            if lock.requirements().is_some_and(RequirementFiles::has_any_hash) {
                return Err(LockError::NoInputs { path }.into());
            }
            let minor = lowest_minor(session, definition)?;
            let locking = Locking { project: &project, lock, python, minor, upgrade };
            return Ok(Relocked { path: kept::make(session, &locking)?.0 });
        }
        Some(Relocking::Never) => return Err(LockError::NoInputs { path }.into()),
        None => return Err(LockError::UnknownForm { path }.into()),
    }
    Ok(Relocked { path })
}

/// Locks a uv.lock with the settings of its project; only what `allow-build` names is built.
fn uv_lock(
    session: &Session<'_>,
    lock: &Path,
    folder: &Path,
    python: &PythonSpec,
    upgrade: &Upgrade,
) -> Result<(), BuildError> {
    require_regular(folder)?;
    // uv takes its settings from the nearest folder that has some.
    for folder in folder.ancestors() {
        for path in ["uv.toml", "pyproject.toml"].map(|name| folder.join(name)) {
            if settings(&path)?.is_some_and(|settings| settings.forces_builds) {
                return Err(LockError::ForcesBuilds { path }.into());
            }
        }
    }
    let uv = Uv::new(session, "")?;
    let pyproject = text_if_there(&folder.join("pyproject.toml"))?.unwrap_or_default();
    let requires = Pyproject::parse(&pyproject).ok().and_then(|file| file.project?.requires_python);
    let requires = requires.map(|requires| requires.text);
    let mut command = uv.command_with_python(&["lock", "--no-build"], requires.as_deref())?;
    command.args(python.allow_build.iter().flat_map(|name| ["--no-binary-package", name.as_str()]));
    command.arg("--project").arg(folder);
    upgrade.apply(&mut command);
    uv.run(command, "uv lock").map(|_| ()).map_err(|error| kept::explained(lock, error))
}

/// The settings of uv in a file, where it is there and parses: uv.toml, or a table of pyproject.toml.
fn settings(path: &Path) -> Result<Option<UvSettings>, BuildError> {
    let parse = |text: String| match path.ends_with("uv.toml") {
        true => UvSettings::parse(&text).ok(),
        false => Pyproject::parse(&text).ok().map(|pyproject| pyproject.uv),
    };
    Ok(text_if_there(path)?.and_then(parse))
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

/// Locks a copy of the project, and puts the lock in its place: in its own folder, the tool would run code of it.
fn run_tool(session: &Session<'_>, lock: &Path, tool: LockTool, arguments: &[&str]) -> Result<(), BuildError> {
    let folder = lock.parent().unwrap_or(Path::new(""));
    let project = text_if_there(&folder.join("pyproject.toml"))?;
    let project = project.ok_or_else(|| LockError::NoPyproject { lock: lock.to_owned() })?;
    let copy = ToolCopy::new(session, lock, tool, &project)?;
    copy.take_sources(folder)?;
    let name = lock.file_name().unwrap_or_default();
    // It keeps the versions of the lock that is there.
    if let Some(before) = text_if_there(lock)? {
        copy.write(name, &before)?;
    }
    run(session, copy.command(arguments), &format!("{} {}", tool.name(), arguments.join(" ")))?;
    write_text(lock, &copy.read(name)?)
}

/// A lock for the oldest Python of all bases serves the others too.
fn lowest_minor(session: &Session<'_>, definition: &Definition) -> Result<u32, BuildError> {
    let first = resolve::candidates(session, definition)?[0];
    let bases = resolve::resolve(session, definition, first, &definition.spec.platforms, None, &|| ())?.bases;
    let minors = bases.by_platform.values().filter_map(|base| Some(base.facts.python.as_ref()?.version.minor));
    minors.min().ok_or_else(|| BaseError::NoPython { file: definition.file.clone() }.into())
}
