//! The user's lock file → the one form that is built from: pylock.toml (PEP 751).

use std::path::Path;

use shipwheel_oci::{Digest, Hasher};
use shipwheel_plan::{Located, Problem};
use shipwheel_python::{Lock, Requirements, check_hashes};

use crate::definition::Definition;
use crate::error::BuildError;
use crate::session::Session;
use crate::uv;

/// Raise this when the conversion changes.
const CONVERT_RECIPE: u32 = 1;

/// Reads the lock of a definition for a Python 3.`minor`.
///
/// # Errors
/// When the file is missing or of no supported form, a hash is missing or differs, or uv fails.
pub(crate) fn load(
    session: &Session<'_>,
    definition: &Definition,
    lock: &Located<String>,
    minor: u32,
) -> Result<Lock, BuildError> {
    let path = definition.folder.join(&lock.value);
    let text = fs_err::read_to_string(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => BuildError::from(definition.problem(
            Problem::new(lock.span.clone(), format!("the lock file `{}` does not exist", lock.value))
                .with_hint(format!("it is looked for in {}", definition.folder.display())),
        )),
        _ => BuildError::file("read", &path)(error),
    })?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let shown = path.display().to_string();
    if name == "pylock.toml" || name.starts_with("pylock.") && name.ends_with(".toml") {
        return Ok(Lock::parse(&text, &shown)?);
    }
    if name.ends_with(".txt") || name.ends_with(".in") {
        return from_requirements(session, &path, &text, minor);
    }
    let reason = "this lock form is not supported; give a requirements.txt with hashes or a pylock.toml".to_owned();
    Err(BuildError::LockForm { path, reason })
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
    let known = session.cache.record::<String>("pylock", &key);
    let converted = match known {
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
