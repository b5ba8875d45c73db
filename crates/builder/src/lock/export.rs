//! uv.lock, poetry.lock and pdm.lock → the text of a pylock.toml, by the tools that wrote them.
//!
//! Remembered for as long as the lock, its pyproject.toml and the options stay the same. Nothing is
//! written beside the user's files: uv writes nothing, the others work on a copy.

use std::path::Path;
use std::process::Command;

use shipwheel_oci::{Digest, Hasher};
use shipwheel_plan::spec::{Located, PythonSpec};
use shipwheel_python::lock::LockTool;

use super::lock_error::LockError;
use super::lock_file::LockFile;
use super::tool_copy::ToolCopy;
use crate::error::BuildError;
use crate::program::program_error::ProgramError;
use crate::program::run::run;
use crate::program::uv::Uv;
use crate::session::Session;

/// Raise this when a lock is exported in another way.
const EXPORT_RECIPE: u32 = 1;

/// Exports a lock.
///
/// # Errors
/// When pyproject.toml is not beside it, the tool is missing or fails, or says that the lock is stale.
pub(crate) fn export(
    session: &Session<'_>,
    tool: LockTool,
    lock: &LockFile,
    python: &PythonSpec,
) -> Result<String, BuildError> {
    let path = &lock.path;
    let project = lock.pyproject.as_deref().ok_or_else(|| LockError::NoPyproject { lock: path.clone() })?;
    let key = key(lock, project, python);
    if let Some(known) = session.cache.record::<String>("pylock", &key) {
        return Ok(known);
    }
    session.report.step(&format!("lock: converting {}", path.display()));
    let exported = match tool {
        LockTool::Uv => from_uv(session, lock.folder(), python)?,
        LockTool::Poetry => on_copy(session, tool, lock, project, |copy| from_poetry(session, path, copy, python))?,
        LockTool::Pdm => on_copy(session, tool, lock, project, |copy| from_pdm(session, path, copy, python))?,
    };
    // A text with a password in it is kept nowhere.
    if !shipwheel_store::has_secret(&exported) {
        session.cache.put_record("pylock", &key, &exported)?;
    }
    Ok(exported)
}

fn key(lock: &LockFile, project: &str, python: &PythonSpec) -> Digest {
    let mut hasher = Hasher::new();
    hasher.field(EXPORT_RECIPE.to_le_bytes()).field(format!("{:?}", lock.form)).field(&*lock.text).field(project);
    hasher.field(format!(
        "{:?}",
        (values(&python.extras), python.groups.as_deref().map(values), &python.package.as_ref().map(|p| &p.value))
    ));
    hasher.finish()
}

fn values(texts: &[Located<String>]) -> Vec<&str> {
    texts.iter().map(|text| text.value.as_str()).collect()
}

/// An option before each of some values.
fn each(command: &mut Command, option: &str, values: &[Located<String>]) {
    for value in values {
        command.arg(option).arg(&value.value);
    }
}

/// Needs neither Python nor a network.
fn from_uv(session: &Session<'_>, folder: &Path, python: &PythonSpec) -> Result<String, BuildError> {
    let uv = Uv::new(session, "")?;
    let words = ["export", "--quiet", "--frozen", "--no-config", "--no-emit-local", "--no-header"];
    let mut command = uv.command(&words);
    if !session.offline {
        command.arg("--offline");
    }
    command.args(["--format", "pylock.toml", "--project"]).arg(folder);
    match &python.groups {
        Some(groups) => {
            command.arg("--no-default-groups");
            each(&mut command, "--group", groups);
        }
        None => {
            command.arg("--no-dev");
        }
    }
    each(&mut command, "--extra", &python.extras);
    each(&mut command, "--package", python.package.as_slice());
    uv.run(command, "uv export")
}

fn on_copy(
    session: &Session<'_>,
    tool: LockTool,
    lock: &LockFile,
    project: &str,
    export: impl FnOnce(&ToolCopy) -> Result<(), BuildError>,
) -> Result<String, BuildError> {
    let copy = ToolCopy::new(session, &lock.path, tool, project)?;
    copy.write(lock.path.file_name().unwrap_or_default(), &lock.text)?;
    export(&copy)?;
    copy.read("pylock.toml")
}

fn from_poetry(session: &Session<'_>, path: &Path, copy: &ToolCopy, python: &PythonSpec) -> Result<(), BuildError> {
    let check = copy.command(&["check", "--lock", "--no-interaction"]);
    // It reports much else; only a lock that is out of date matters here.
    if let Err(BuildError::Program(ProgramError::Failed { output, .. })) = run(session, check, "poetry check")
        && output.contains("poetry lock")
    {
        return Err(stale(path, LockTool::Poetry));
    }
    let words = ["export", "--no-interaction", "--format", "pylock.toml", "--output", "pylock.toml"];
    let mut command = copy.command(&words);
    each(&mut command, "--extras", &python.extras);
    each(&mut command, "--with", python.groups.as_deref().unwrap_or_default());
    run(session, command, "poetry export").map_err(|error| match error {
        BuildError::Program(ProgramError::Failed { output, .. }) if output.contains("\"export\" does not exist") => {
            LockError::NoTool { lock: path.to_owned(), tool: LockTool::Poetry }.into()
        }
        other => other,
    })?;
    Ok(())
}

fn from_pdm(session: &Session<'_>, path: &Path, copy: &ToolCopy, python: &PythonSpec) -> Result<(), BuildError> {
    if run(session, copy.command(&["lock", "--check"]), "pdm lock --check").is_err() {
        return Err(stale(path, LockTool::Pdm));
    }
    let mut command = copy.command(&["export", "--format", "pylock", "--output", "pylock.toml"]);
    let groups = python.groups.as_deref().unwrap_or_default();
    each(&mut command, "--group", &python.extras);
    each(&mut command, "--group", groups);
    if groups.is_empty() {
        command.arg("--prod");
    }
    run(session, command, "pdm export").map(|_| ())
}

fn stale(lock: &Path, tool: LockTool) -> BuildError {
    LockError::Stale { lock: lock.to_owned(), differences: Vec::new(), tool }.into()
}
