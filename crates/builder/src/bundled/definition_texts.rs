//! The texts that say what is built: image.toml, image.lock, and the lock with what is beside it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::disk::text::text_if_there;
use crate::error::BuildError;
use crate::lock::lock_file::LockFile;
use crate::lock::requirement_files::RequirementFiles;
use crate::project::definition::Definition;
use crate::project::project::Project;
use shipwheel_plan::image_lock::IMAGE_LOCK;

/// The texts of a definition by their paths, relative to its folder where they are in it.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn definition_texts(definition: &Definition) -> Result<BTreeMap<String, String>, BuildError> {
    let mut texts = BTreeMap::from([("image.toml".to_owned(), definition.text.clone())]);
    if let Some(text) = text_if_there(&definition.image_lock_path())? {
        texts.insert(IMAGE_LOCK.to_owned(), text);
    }
    if let Some(first) = &definition.spec.layers.first {
        let text = text_if_there(&definition.folder.join(&first.value))?;
        texts.extend(text.map(|text| (first.value.clone(), text)));
    }
    let project = Project::read(definition)?;
    let Some(lock) = &project.lock else { return Ok(texts) };
    let mut add = |path: &Path, text: &str| texts.insert(name(definition, path), text.to_owned());
    add(&lock.path, &lock.text);
    if let Some(text) = &lock.pyproject {
        add(&lock.path.with_file_name("pyproject.toml"), text);
    }
    for (path, text) in lock.requirements().into_iter().flat_map(RequirementFiles::all) {
        add(path, text);
    }
    add_kept(lock, &mut add)?;
    Ok(texts)
}

/// The lock that is kept beside requirements without hashes.
fn add_kept(lock: &LockFile, add: &mut impl FnMut(&Path, &str) -> Option<String>) -> Result<(), BuildError> {
    let path = crate::lock::kept::kept_path(&lock.path);
    if let Some(text) = text_if_there(&path)? {
        add(&path, &text);
    }
    Ok(())
}

/// A path as it is the same on every machine.
fn name(definition: &Definition, path: &Path) -> String {
    let below = path.strip_prefix(&definition.folder).ok().map(|below| below.display().to_string());
    below.unwrap_or_else(|| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
}
