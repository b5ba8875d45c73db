//! The user's lock file → the one form that is built from: pylock.toml (PEP 751).

use std::io;
use std::path::{Path, PathBuf};

use shipwheel_oci::Hasher;
use shipwheel_plan::{Located, Problem, PythonSpec};
use shipwheel_python::Target;
use shipwheel_python::lock::Lock;
use shipwheel_python::marker::Environment;
use shipwheel_python::requirements::{Requirements, check_hashes};
use shipwheel_python::select::Selection;

use super::form::Form;
use super::upgrade::Upgrade;
use super::userinfo::has_userinfo;
use super::{export, kept, stale};
use crate::error::BuildError;
use crate::program::uv;
use crate::project::definition::Definition;
use crate::session::Session;

/// Raise this when the conversion changes.
const CONVERT_RECIPE: u32 = 1;

/// A lock file as it was read.
pub(crate) struct LockFile {
    path: PathBuf,
    form: Form,
    /// The text that is locked: of the kept lock, where the user's file has no hashes.
    pub(crate) text: String,
    /// The text of the pyproject.toml that an exporter reads beside the lock.
    pub(crate) project: String,
}

impl LockFile {
    /// Reads the file that a definition names; one without hashes is locked first.
    ///
    /// # Errors
    /// When it is missing, of no known form, stale, or cannot be locked.
    pub(crate) fn read(
        session: &Session<'_>,
        definition: &Definition,
        python: &PythonSpec,
        minor: u32,
    ) -> Result<Self, BuildError> {
        let path = definition.folder.join(&python.lock.value);
        let text = read(definition, &python.lock, &path)?;
        let form = Form::of(&path).ok_or_else(|| BuildError::LockForm {
            path: path.clone(),
            reason:
                "this lock form is not known; give a pylock.toml, uv.lock, poetry.lock, pdm.lock or requirements.txt"
                    .to_owned(),
        })?;
        check_wanted(definition, python, form)?;
        if form == Form::Uv {
            stale::check(&path, &text)?;
        }
        if form != Form::Project && (form != Form::Requirements || has_any_hash(&text)) {
            let project = path.with_file_name("pyproject.toml");
            let project = std::fs::read_to_string(project).ok().filter(|_| form != Form::Pylock);
            return Ok(Self { path, form, text, project: project.unwrap_or_default() });
        }
        let (path, text) = match kept::find(&path, python, minor)? {
            Some(kept) => kept,
            None => kept::make(session, &path, python, minor, &Upgrade::default())?,
        };
        Ok(Self { path, form: Form::Requirements, text, project: String::new() })
    }

    /// The lock in its one form, for a minor version of Python.
    ///
    /// # Errors
    /// When it cannot be read or converted, or a hash is missing or differs.
    pub(crate) fn lock(&self, session: &Session<'_>, python: &PythonSpec, minor: u32) -> Result<Lock, BuildError> {
        let shown = self.path.display().to_string();
        match self.form {
            Form::Pylock => Ok(Lock::parse(&self.text, &shown)?),
            Form::Requirements | Form::Project => from_requirements(session, &self.path, &self.text, minor),
            form => {
                let converted = export::export(session, form, &self.path, &self.text, python)?;
                Ok(Lock::parse(&converted, &format!("{shown} (converted)"))?)
            }
        }
    }

    /// What of the lock is wanted: an exported lock holds just that already.
    pub(crate) fn selection(&self, python: &PythonSpec) -> Selection {
        if self.form != Form::Pylock {
            return Selection::default();
        }
        let set = |texts: &[Located<String>]| texts.iter().map(|text| text.value.clone()).collect();
        Selection { extras: set(&python.extras), groups: python.groups.as_deref().map(set), added: Vec::new() }
    }
}

/// The folders that a lock names for a target, relative to the lock; an exported lock leaves them out.
///
/// # Errors
/// When the lock cannot be read.
pub(crate) fn directories(
    definition: &Definition,
    lock: &Located<String>,
    target: &Target,
) -> Result<Vec<String>, BuildError> {
    let path = definition.folder.join(&lock.value);
    let text = read(definition, lock, &path)?;
    if Form::of(&path) != Some(Form::Pylock) || !text.contains("directory") {
        return Ok(Vec::new());
    }
    let lock = Lock::parse(&text, &path.display().to_string())?;
    Ok(lock.without_directories(&Environment::new(target)).1)
}

/// Options that a form has no use for would be passed over in silence.
fn check_wanted(definition: &Definition, python: &PythonSpec, form: Form) -> Result<(), BuildError> {
    let extras = python.extras.first().into_iter().chain(python.groups.iter().flatten());
    let unwanted = match form {
        Form::Requirements => extras.chain(&python.package).next(),
        Form::Uv => None,
        _ => python.package.as_ref(),
    };
    let Some(unwanted) = unwanted else { return Ok(()) };
    let problem = Problem::new(
        unwanted.span.clone(),
        format!("`{}` cannot be chosen from {}: it knows none", unwanted.value, python.lock.value),
    );
    Err(definition.problem(problem.with_hint("lock what is wanted, or choose from a uv.lock or a pylock.toml")).into())
}

pub(crate) fn read(definition: &Definition, lock: &Located<String>, path: &Path) -> Result<String, BuildError> {
    fs_err::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(&definition.folder);
            let there: Vec<String> = std::fs::read_dir(folder)
                .into_iter()
                .flatten()
                .flatten()
                .filter(|entry| Form::of(&entry.path()).is_some())
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect();
            let there = if there.is_empty() { "nothing that locks".to_owned() } else { there.join(", ") };
            let problem = Problem::new(lock.span.clone(), format!("the lock file `{}` does not exist", lock.value))
                .with_hint(format!("it is looked for in {}, which has {there}", definition.folder.display()));
            definition.problem(problem).into()
        }
        _ => BuildError::file("read", path)(error),
    })
}

/// Whether a requirements file was ever locked: one with hashes for some lines alone is broken, and no input.
pub(crate) fn has_any_hash(text: &str) -> bool {
    text.contains("--hash")
}

fn from_requirements(session: &Session<'_>, path: &Path, text: &str, minor: u32) -> Result<Lock, BuildError> {
    let shown = path.display().to_string();
    let requirements = Requirements::parse(text, &shown)?;
    if !requirements.has_all_hashes() {
        let reason = "some requirements have hashes and others have none; lock it anew, or take all hashes out";
        return Err(BuildError::LockForm { path: path.to_owned(), reason: reason.to_owned() });
    }
    let mut hasher = Hasher::new();
    hasher.field(CONVERT_RECIPE.to_le_bytes()).field(minor.to_le_bytes()).field(text);
    let key = hasher.finish();
    let converted = match session.cache.record::<String>("pylock", &key) {
        Some(converted) => converted,
        None => {
            session.report.step(&format!("lock: converting {shown}"));
            let converted = uv::convert_requirements(session, path, minor)?;
            if !has_userinfo(&converted) {
                session.cache.put_record("pylock", &key, &converted)?;
            }
            converted
        }
    };
    // Lines in messages are those of the conversion.
    let lock = Lock::parse(&converted, &format!("{shown} (converted)"))?;
    // uv looks the wheels up by name and version and does not compare the file's hashes.
    check_hashes(lock, &requirements).map_err(|problems| BuildError::LockHashes {
        path: path.to_owned(),
        problems: problems.iter().map(ToString::to_string).collect(),
    })
}
