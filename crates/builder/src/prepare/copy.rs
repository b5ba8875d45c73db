//! The files that a step sees, as a key and as a copy: never the user's own folder.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use shipwheel_oci::{HashWriter, Hasher};
use shipwheel_store::{FileAction, open_regular_no_link};

use super::prepare_error::PrepareError;
use crate::error::BuildError;
use crate::project::collected_file::CollectedFile;

/// The files of a copy, by their paths below its folder.
pub(super) struct Copy<'f> {
    files: BTreeMap<&'f str, &'f CollectedFile>,
}

impl<'f> Copy<'f> {
    /// A copy of these files; of two with one path, the later is in it.
    pub(super) fn of(files: impl IntoIterator<Item = (&'f str, &'f CollectedFile)>) -> Self {
        Self { files: files.into_iter().collect() }
    }

    /// Adds paths, contents and whether they may be run to a key.
    pub(super) fn add_to(&self, hasher: &mut Hasher) {
        for (path, CollectedFile { file, .. }) in &self.files {
            hasher.field(path).field([u8::from(file.executable)]).field(file.digest.as_bytes());
            hasher.field(file.link.as_deref().unwrap_or_default());
        }
    }

    /// Writes the copy: modes are 0644 and 0755 whatever the umask, and `time` (seconds since 1970) is when all was made.
    ///
    /// # Errors
    /// When a file is not what it was when it was hashed, or the disk cannot be written.
    pub(super) fn write(&self, folder: &Path, time: u64, step: &str) -> Result<(), BuildError> {
        fs_err::create_dir_all(folder).map_err(BuildError::file(FileAction::Create, folder))?;
        for (path, collected) in &self.files {
            let to = folder.join(path);
            if let Some(parent) = to.parent() {
                fs_err::create_dir_all(parent).map_err(BuildError::file(FileAction::Create, parent))?;
            }
            match &collected.file.link {
                Some(target) => {
                    std::os::unix::fs::symlink(target, &to).map_err(BuildError::file(FileAction::Create, &to))?;
                }
                None if write(collected, &to, time)? => {}
                None => {
                    return Err(PrepareError::Changed { step: step.to_owned(), path: (*path).to_owned() }.into());
                }
            }
        }
        Ok(())
    }
}

/// Copies a file; whether it still was the one that was hashed.
fn write(from: &CollectedFile, to: &Path, time: u64) -> Result<bool, BuildError> {
    let mut source = open_regular_no_link(&from.host).map_err(BuildError::file(FileAction::Open, &from.host))?;
    let file = File::create_new(to).map_err(BuildError::file(FileAction::Create, to))?;
    let mut writer = HashWriter::new(file);
    std::io::copy(&mut source, &mut writer).map_err(BuildError::file(FileAction::Write, to))?;
    let (file, digest, _) = writer.finish();
    let mode = if from.file.executable { 0o755 } else { 0o644 };
    let set = file.set_permissions(PermissionsExt::from_mode(mode));
    let set = set.and_then(|()| file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(time)));
    set.map_err(BuildError::file(FileAction::Write, to))?;
    Ok(digest == from.file.digest)
}
