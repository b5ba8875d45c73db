//! A file that is hashed and looked at in one pass.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use shipwheel_oci::{Digest, HashWriter};
use shipwheel_store::{FileAction, open_regular_no_link};

use crate::error::BuildError;

/// So much of a file is looked at for secrets.
pub(crate) const MAX_HEAD: u64 = 256 << 10;

/// What one pass over a file tells.
pub(crate) struct Hashed {
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    /// Its first bytes.
    pub(crate) head: Vec<u8>,
    /// Whether its owner may run it.
    pub(crate) executable: bool,
}

impl Hashed {
    /// Reads a file once.
    ///
    /// # Errors
    /// When it cannot be read, or is a link or something other than a file by now.
    pub(crate) fn read(path: &Path) -> Result<Self, BuildError> {
        let failed = |action| BuildError::file(action, path);
        let mut reader = open_regular_no_link(path).map_err(failed(FileAction::Open))?;
        // Of what is read, whatever was there a moment ago.
        let mode = reader.metadata().map_err(failed(FileAction::Read))?.permissions().mode();
        let (mut head, mut hasher) = (Vec::new(), HashWriter::new(std::io::sink()));
        (&mut reader).take(MAX_HEAD).read_to_end(&mut head).map_err(failed(FileAction::Read))?;
        hasher.write_all(&head).map_err(failed(FileAction::Read))?;
        std::io::copy(&mut reader, &mut hasher).map_err(failed(FileAction::Read))?;
        let (_, digest, size) = hasher.finish();
        Ok(Self { digest, size, head, executable: mode & 0o100 != 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_of_the_whole_file_and_the_head_is_short() {
        let scratch = tempfile::tempdir().unwrap();
        for size in [0, 1, 256 << 10, (256 << 10) + 1, 1 << 20] {
            let path = scratch.path().join("file");
            let bytes: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
            std::fs::write(&path, &bytes).unwrap();
            let hashed = Hashed::read(&path).unwrap();
            assert_eq!((hashed.digest, hashed.size), (Digest::of(&bytes), u64::try_from(size).unwrap()));
            assert_eq!(hashed.head, bytes[..bytes.len().min(256 << 10)]);
        }
    }
}
