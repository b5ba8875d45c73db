//! Locks an image: builds it, and writes what it is made of beside its image.toml.

use std::path::PathBuf;

use crate::build::build_freely;
use crate::error::BuildError;
use crate::lock::kept;
use crate::project::definition::Definition;
use crate::session::Session;

/// Builds an image, and writes its image.lock; the base stays the one that was read from the lock before, if it was.
///
/// Gives the path of the file. What changed since is told.
///
/// # Errors
/// When the image cannot be built, or the file not be written; then the one before is as it was.
pub fn lock_image(session: &Session<'_>, definition: &Definition) -> Result<PathBuf, BuildError> {
    let built = build_freely(session, definition)?;
    let path = definition.image_lock_path();
    let differences = definition.image_lock.iter().flat_map(|before| before.differences(&built.lock));
    differences.for_each(|difference| session.report.step(&format!("locked: {difference}")));
    kept::write(&path, &built.lock.to_string())?;
    Ok(path)
}
