//! poetry.lock and pdm.lock → a pylock.toml, by the tools that wrote them.
//!
//! Poetry exports a lock of its older versions only as requirements. One of the newer ones is read here.
//!
//! Remembered for as long as the lock, its pyproject.toml and the options stay the same. Nothing is
//! written beside the user's files: the tools work on a copy.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use shipwheel_oci::{Digest, Hasher};
use shipwheel_plan::spec::{Located, PythonSpec};
use shipwheel_python::lock::{Lock, LockTool, PoetryLock, poetry_version};
use shipwheel_python::pyproject::poetry_groups;
use shipwheel_python::{DistributionName, normalized};

use super::lock_error::LockError;
use super::lock_file::LockFile;
use super::tool_copy::ToolCopy;
use crate::error::BuildError;
use crate::program::program_error::ProgramError;
use crate::program::run::run;
use crate::session::Session;

/// Raise this when a lock is exported in another way.
const EXPORT_RECIPE: u32 = 3;

/// What a tool made of its lock.
pub(crate) enum Exported {
    /// A lock in the form that wheels are selected from.
    Pylock(Lock),
    /// Requirements with hashes.
    Requirements(String),
}

/// Exports a lock.
///
/// # Errors
/// When pyproject.toml is not beside it, the tool is missing or fails, says that the lock is stale, or leaves out what
/// the lock has.
pub(crate) fn export(
    session: &Session<'_>,
    tool: LockTool,
    lock: &LockFile,
    python: &PythonSpec,
) -> Result<Exported, BuildError> {
    let path = &lock.path;
    if let Some(text) = newer_poetry(tool, lock, python)? {
        return Ok(Exported::Requirements(text));
    }
    let project = lock.pyproject.as_deref().ok_or_else(|| LockError::NoPyproject { lock: path.clone() })?;
    let key = key(lock, project, python);
    if let Some(known) = session.cache.record::<String>("pylock", &key) {
        return checked(tool, lock, known);
    }
    session.report.step(&format!("lock: converting {}", path.display()));
    let text = match tool {
        LockTool::Uv => return Err(BuildError::internal("a uv.lock is read directly")),
        LockTool::Poetry => on_copy(session, tool, lock, project, |copy| from_poetry(session, lock, copy, python))?,
        LockTool::Pdm => on_copy(session, tool, lock, project, |copy| from_pdm(session, path, copy, python))?,
    };
    let exported = checked(tool, lock, text.clone())?;
    // A text with a password in it is kept nowhere.
    if !shipwheel_store::has_secret(&text) {
        session.cache.put_record("pylock", &key, &text)?;
    }
    Ok(exported)
}

/// What is wanted of a poetry.lock that records which groups need what: the tool is not needed for it.
///
/// `None` for other locks, and where something comes from elsewhere than an index.
fn newer_poetry(tool: LockTool, lock: &LockFile, python: &PythonSpec) -> Result<Option<String>, BuildError> {
    let is_newer = poetry_version(&lock.text).is_some_and(|version| version >= (2, 1));
    if tool != LockTool::Poetry || !is_newer {
        return Ok(None);
    }
    let poetry = PoetryLock::parse(&lock.text, &lock.path.display().to_string())?;
    if lock.pyproject.as_deref().is_some_and(|project| !poetry.is_of(project)) {
        return Err(stale(&lock.path, LockTool::Poetry));
    }
    let names = |texts: &[Located<String>]| texts.iter().map(|text| normalized(&text.value)).collect();
    let (extras, groups): (BTreeSet<String>, BTreeSet<String>) =
        (names(&python.extras), names(python.groups.as_deref().unwrap_or_default()));
    let unknown = |kind, names: &BTreeSet<String>, known: BTreeSet<String>| {
        let name = names.difference(&known).next()?.clone();
        Some(LockError::NotInLock { lock: lock.path.clone(), kind, name, known })
    };
    // A group may need nothing.
    let declared = lock.pyproject.as_deref().map(poetry_groups).unwrap_or_default();
    let known = poetry.groups().into_iter().chain(declared).collect();
    let error = unknown("extra", &extras, poetry.extras.clone()).or_else(|| unknown("group", &groups, known));
    error.map_or_else(|| Ok(poetry.to_requirements(&extras, &groups)), |error| Err(error.into()))
}

/// What was exported, if it is whole: a tool may fail and say that it did not.
fn checked(tool: LockTool, lock: &LockFile, text: String) -> Result<Exported, BuildError> {
    if format(tool, lock) == REQUIREMENTS {
        return Ok(Exported::Requirements(text));
    }
    let incomplete = |lacking: Vec<DistributionName>| LockError::Export { lock: lock.path.clone(), tool, lacking };
    if text.trim().is_empty() {
        return Err(incomplete(Vec::new()).into());
    }
    let exported = Lock::parse(&text, &format!("{} (converted)", lock.path.display()))?;
    let lacking =
        exported.packages.iter().filter(|it| it.wheels.is_empty() && it.sdist.is_none() && it.origin.is_none());
    let lacking: Vec<DistributionName> = lacking.map(|package| package.name.clone()).collect();
    if lacking.is_empty() { Ok(Exported::Pylock(exported)) } else { Err(incomplete(lacking).into()) }
}

const PYLOCK: &str = "pylock.toml";
const REQUIREMENTS: &str = "requirements.txt";

/// What a lock is exported as, in the words of its tool: Poetry makes no pylock.toml of a lock before version 2.1.
fn format(tool: LockTool, lock: &LockFile) -> &'static str {
    match tool {
        LockTool::Poetry if poetry_version(&lock.text).is_some_and(|version| version < (2, 1)) => REQUIREMENTS,
        LockTool::Poetry | LockTool::Uv | LockTool::Pdm => PYLOCK,
    }
}

fn key(lock: &LockFile, project: &str, python: &PythonSpec) -> Digest {
    let mut hasher = Hasher::new();
    hasher.field(EXPORT_RECIPE.to_le_bytes()).field(format!("{:?}", lock.form)).field(&*lock.text).field(project);
    // An exporter names folders of the user's by their whole paths.
    hasher.field(lock.folder().as_os_str().as_encoded_bytes());
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
    let text = copy.read(format(tool, lock))?;
    // Requirements have whole paths, which are those of the copy.
    Ok(copy.places().into_iter().fold(text, |text, (here, there)| text.replace(&here, there)))
}

fn from_poetry(session: &Session<'_>, lock: &LockFile, copy: &ToolCopy, python: &PythonSpec) -> Result<(), BuildError> {
    let path = &lock.path;
    let check = copy.command(&["check", "--lock", "--no-interaction"]);
    // It reports much else; only a lock that is out of date matters here.
    if let Err(BuildError::Program(ProgramError::Failed { output, .. })) = run(session, check, "poetry check")
        && output.contains("poetry lock")
    {
        return Err(stale(path, LockTool::Poetry));
    }
    let format = format(LockTool::Poetry, lock);
    let words = ["export", "--no-interaction", "--format", format, "--output", format];
    let mut command = copy.command(&words);
    each(&mut command, "--extras", &python.extras);
    each(&mut command, "--with", python.groups.as_deref().unwrap_or_default());
    run(session, command, "poetry export").map_err(|error| match error {
        BuildError::Program(ProgramError::Failed { output, .. }) if output.contains("\"export\" does not exist") => {
            LockError::NoTool { lock: path.clone(), tool: LockTool::Poetry }.into()
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
