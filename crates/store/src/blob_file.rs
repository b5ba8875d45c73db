//! Where the bytes of a blob are on disk: a file, or a part of one.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use shipwheel_oci::{Descriptor, HashWriter};

use crate::disk::small_file::open_regular;
use crate::error::StoreError;

/// A file that holds the bytes of a blob from `offset` on, as many as its descriptor says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobFile {
    /// The file.
    pub path: PathBuf,
    /// Where the blob begins in it: members of an archive are sent without being unpacked.
    pub offset: u64,
    /// Whether the bytes need not be verified again: a build made or verified them.
    pub is_verified: bool,
}

impl BlobFile {
    /// A whole file that some tool wrote.
    pub fn whole(path: PathBuf) -> Self {
        Self { path, offset: 0, is_verified: false }
    }

    /// A part of a file.
    pub fn part(path: &Path, offset: u64) -> Self {
        Self { path: path.to_owned(), offset, is_verified: false }
    }

    /// A blob of the cache that belongs to an image which a build made.
    pub(crate) fn built(path: PathBuf) -> Self {
        Self { path, offset: 0, is_verified: true }
    }

    /// Opens the file where the blob begins.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(&self) -> io::Result<File> {
        let mut file = open_regular(&self.path)?;
        if self.offset > 0 {
            file.seek(SeekFrom::Start(self.offset))?;
        }
        Ok(file)
    }

    /// Writes the blob to a target; bytes that have to be verified are hashed on the way.
    ///
    /// # Errors
    /// When it cannot be read or written. When it is not what the descriptor says, the error holds a [`StoreError`].
    pub(crate) fn copy_to<W: Write>(&self, descriptor: &Descriptor, target: &mut W) -> io::Result<()> {
        let mut reader = self.open()?.take(descriptor.size);
        let what = || self.path.display().to_string();
        let wrong_size = |found| StoreError::Size { what: what(), expected: descriptor.size, found };
        if self.is_verified {
            let size = io::copy(&mut reader, target)?;
            return if size == descriptor.size { Ok(()) } else { Err(io::Error::other(wrong_size(size))) };
        }
        let mut writer = HashWriter::new(target);
        io::copy(&mut reader, &mut writer)?;
        let (_, found, size) = writer.finish();
        if size != descriptor.size {
            return Err(io::Error::other(wrong_size(size)));
        }
        if found != descriptor.digest {
            let wrong = StoreError::Digest { what: what(), expected: descriptor.digest, found };
            return Err(io::Error::other(wrong));
        }
        Ok(())
    }
}
