//! The user's lock file → the one form that is built from: pylock.toml (PEP 751).

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use shipwheel_oci::{Digest, Hasher};
use shipwheel_plan::{Located, Problem};
use shipwheel_python::{Environment, Lock, Requirements, Selection, Target, check_hashes, select};

use crate::definition::Definition;
use crate::error::BuildError;
use crate::session::Session;
use crate::uv;

/// Raise this when the conversion changes.
const CONVERT_RECIPE: u32 = 1;

/// Raise this when a lock gives other wheels than before.
const CHOOSE_RECIPE: u32 = 1;

/// A wheel that a lock gives for a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChosenWheel {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) file_name: String,
    pub(crate) url: Option<String>,
    /// Relative to the lock.
    pub(crate) path: Option<String>,
    pub(crate) size: Option<u64>,
    pub(crate) digest: Digest,
}

/// Chooses the wheels that a definition's lock gives for a target; sorted by name.
///
/// Remembered for as long as the lock's text stays the same.
///
/// # Errors
/// When the file is missing or of no supported form, a hash is missing or differs, uv fails, or
/// a distribution has no wheel that fits.
pub(crate) fn choose(
    session: &Session<'_>,
    definition: &Definition,
    lock: &Located<String>,
    target: &Target,
) -> Result<Vec<ChosenWheel>, BuildError> {
    let path = definition.folder.join(&lock.value);
    let text = read(definition, lock, &path)?;
    let mut hasher = Hasher::new();
    hasher.field(CHOOSE_RECIPE.to_le_bytes()).field(&lock.value).field(&text);
    hasher.field(target.python.to_string()).field(target.platform.to_string()).field(format!("{:?}", target.libc));
    let key = hasher.finish();
    if let Some(known) = session.cache.record("chosen", &key) {
        return Ok(known);
    }
    let lock = parse(session, &path, &text, target.python.minor)?;
    // Folders are projects: they are built and come with the application.
    let (lock, _) = lock.without_directories(&Environment::new(target));
    let chosen: Vec<ChosenWheel> = select(&lock, target, &Selection::default())?
        .into_iter()
        .map(|wheel| ChosenWheel {
            name: wheel.name.to_string(),
            version: wheel.version.to_string(),
            file_name: wheel.wheel.file_name().to_owned(),
            url: wheel.url,
            path: wheel.path,
            size: wheel.size,
            digest: wheel.sha256,
        })
        .collect();
    session.cache.put_record("chosen", &key, &chosen)?;
    Ok(chosen)
}

/// The folders that a lock names for a target, relative to the lock.
///
/// # Errors
/// As [`choose`], but for wheels that do not fit.
pub(crate) fn directories(
    session: &Session<'_>,
    definition: &Definition,
    lock: &Located<String>,
    target: &Target,
) -> Result<Vec<String>, BuildError> {
    let path = definition.folder.join(&lock.value);
    let text = read(definition, lock, &path)?;
    if !text.contains("directory") {
        return Ok(Vec::new());
    }
    let lock = parse(session, &path, &text, target.python.minor)?;
    Ok(lock.without_directories(&Environment::new(target)).1)
}

fn read(definition: &Definition, lock: &Located<String>, path: &Path) -> Result<String, BuildError> {
    fs_err::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => BuildError::from(
            definition.problem(
                Problem::new(lock.span.clone(), format!("the lock file `{}` does not exist", lock.value))
                    .with_hint(format!("it is looked for in {}", definition.folder.display())),
            ),
        ),
        _ => BuildError::file("read", path)(error),
    })
}

fn parse(session: &Session<'_>, path: &Path, text: &str, minor: u32) -> Result<Lock, BuildError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if name == "pylock.toml" || name.starts_with("pylock.") && name.ends_with(".toml") {
        return Ok(Lock::parse(text, &path.display().to_string())?);
    }
    if name.ends_with(".txt") {
        return from_requirements(session, path, text, minor);
    }
    let reason = "this lock form is not supported; give a requirements.txt with hashes or a pylock.toml".to_owned();
    Err(BuildError::LockForm { path: path.to_owned(), reason })
}

fn from_requirements(session: &Session<'_>, path: &Path, text: &str, minor: u32) -> Result<Lock, BuildError> {
    let shown = path.display().to_string();
    let requirements = Requirements::parse(text, &shown)?;
    if !requirements.has_all_hashes() {
        let reason = "not every requirement has a hash; lock it with `uv pip compile --universal --generate-hashes`";
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
            session.cache.put_record("pylock", &key, &converted)?;
            converted
        }
    };
    let lock = Lock::parse(&converted, &shown)?;
    // uv looks the wheels up by name and version and does not compare the file's hashes.
    check_hashes(lock, &requirements).map_err(|problems| BuildError::LockHashes {
        path: path.to_owned(),
        problems: problems.iter().map(ToString::to_string).collect(),
    })
}

/// A key over a list of wheels.
pub(crate) fn wheels_key<'d>(digests: impl IntoIterator<Item = &'d Digest>) -> Digest {
    let mut hasher = Hasher::new();
    hasher.fields(digests);
    hasher.finish()
}
