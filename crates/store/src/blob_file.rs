//! Where the bytes of a blob are on disk: a file, or a part of one.

use std::fs::{File, Metadata};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use shipwheel_oci::{Descriptor, HashWriter};

use crate::cache::FILE_MODE;
use crate::disk::small_file::open_regular;
use crate::error::StoreError;

/// The permissions of a file that the cache and outputs share, and of one that they once shared.
const SHARED_MODE: u32 = 0o444;

/// A file that holds the bytes of a blob from `offset` on, as many as its descriptor says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobFile {
    /// The file.
    pub path: PathBuf,
    /// Where the blob begins in it: members of an archive are sent without being unpacked.
    pub offset: u64,
    /// Whether the bytes need not be verified again: a build made or verified them.
    pub is_verified: bool,
    /// Whether it is the cache's own file, which an output may share.
    pub(crate) is_cached: bool,
}

impl BlobFile {
    /// A whole file that some tool wrote.
    pub fn whole(path: PathBuf) -> Self {
        Self { path, offset: 0, is_verified: false, is_cached: false }
    }

    /// A part of a file.
    pub fn part(path: &Path, offset: u64) -> Self {
        Self { path: path.to_owned(), offset, is_verified: false, is_cached: false }
    }

    /// A blob of the cache that belongs to an image which a build made.
    pub(crate) fn built(path: PathBuf) -> Self {
        Self { path, offset: 0, is_verified: true, is_cached: true }
    }

    /// A blob of the cache that is verified whenever it is used.
    pub(crate) fn cached(path: PathBuf) -> Self {
        Self { path, offset: 0, is_verified: false, is_cached: true }
    }

    /// The open file of the cache, for an output to share; `None` where it is none of the cache's.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) fn to_share(&self) -> io::Result<Option<File>> {
        self.is_cached.then(|| self.open()).transpose()
    }

    /// Makes a file that an output is about to share read-only, and holds it against its digest; `false` where it
    /// cannot be made so.
    ///
    /// # Errors
    /// When it cannot be read. When it is not what the descriptor says, the error holds a [`StoreError`].
    pub(crate) fn seal(&self, file: &File, descriptor: &Descriptor) -> io::Result<bool> {
        // Nobody writes to it by mistake, under whichever of its names.
        if rustix::fs::fchmod(file, SHARED_MODE.into()).is_err() {
            return Ok(false);
        }
        self.copy_checked(file.try_clone()?, descriptor, &mut io::sink()).map(|()| true)
    }

    /// Holds the file against its digest, whoever made it.
    ///
    /// # Errors
    /// When it cannot be read. When it is not what the descriptor says, the error holds a [`StoreError`].
    pub(crate) fn check(&self, descriptor: &Descriptor) -> io::Result<()> {
        self.copy_checked(self.open()?, descriptor, &mut io::sink())
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
        let file = self.open()?;
        // One that an output shares, or shared until it was removed, may have been changed there.
        let is_verified = self.is_verified && is_own(&file.metadata()?);
        match is_verified {
            true => self.require_size(io::copy(&mut file.take(descriptor.size), target)?, descriptor),
            false => self.copy_checked(file, descriptor, target),
        }
    }

    fn copy_checked<W: Write>(&self, file: File, descriptor: &Descriptor, target: &mut W) -> io::Result<()> {
        let mut writer = HashWriter::new(target);
        io::copy(&mut file.take(descriptor.size), &mut writer)?;
        let (_, found, size) = writer.finish();
        self.require_size(size, descriptor)?;
        if found != descriptor.digest {
            if self.is_cached {
                // The next build makes it anew.
                let _ = rustix::fs::unlink(&self.path);
            }
            let what = self.path.display().to_string();
            return Err(io::Error::other(StoreError::Digest { what, expected: descriptor.digest, found }));
        }
        Ok(())
    }

    fn require_size(&self, found: u64, descriptor: &Descriptor) -> io::Result<()> {
        let expected = descriptor.size;
        let what = || self.path.display().to_string();
        match found == expected {
            true => Ok(()),
            false => Err(io::Error::other(StoreError::Size { what: what(), expected, found })),
        }
    }
}

/// Whether no output ever had another name of a file of the cache.
fn is_own(metadata: &Metadata) -> bool {
    metadata.nlink() == 1 && metadata.mode() & 0o777 == FILE_MODE
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use shipwheel_oci::Digest;

    use super::*;
    use crate::Destination as _;
    use crate::cache::Cache;
    use crate::image::{Offer, Pushed};
    use crate::layout::LayoutDestination;

    #[test]
    fn a_layout_shares_the_caches_files_and_a_change_in_it_is_found_at_the_next_use() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("cache")).unwrap();
        let digest = cache.insert_bytes(b"a layer").unwrap();
        let descriptor = Descriptor::new("x/y", digest, 7);
        let cached = cache.require_blob(&digest).unwrap();
        let put = |name: &str| {
            let layout = LayoutDestination::create(&folder.path().join(name), None).unwrap();
            let file = || cache.require_blob(&digest).map(BlobFile::built);
            layout.put_blob(Offer { descriptor: &descriptor, origins: &[], file: &file })
        };
        let blob = |name: &str| folder.path().join(name).join("blobs/sha256").join(digest.hex());
        assert!(matches!(put("one").unwrap(), Pushed::Sent(7)));
        assert!(matches!(put("one").unwrap(), Pushed::Existed));
        let (own, shared) = (fs::metadata(&cached).unwrap(), fs::metadata(blob("one")).unwrap());
        assert_eq!((own.ino(), own.mode() & 0o777), (shared.ino(), 0o444));
        assert_eq!(fs::read_dir(blob("one").parent().unwrap()).unwrap().count(), 1, "nothing else is left there");

        // In place, as root may, or whoever makes it writable first.
        fs::set_permissions(blob("one"), Permissions::from_mode(0o644)).unwrap();
        let mut edited = OpenOptions::new().write(true).open(blob("one")).unwrap();
        edited.write_all(b"A LAYER").unwrap();
        let error = put("two").unwrap_err();
        assert!(matches!(&error, StoreError::Digest { expected, .. } if *expected == digest), "{error}");
        assert!(!cached.exists(), "the next build makes it anew");
        assert!(!blob("two").exists());
        assert_eq!(cache.insert_bytes(b"a layer").unwrap(), digest);
        // What is in a layout is not believed, and replaced; its other name stays what it is.
        for name in ["one", "two"] {
            assert!(matches!(put(name).unwrap(), Pushed::Sent(7)), "{name}");
            assert_eq!(fs::read(blob(name)).unwrap(), b"a layer");
        }
        assert_eq!(Digest::of(&fs::read(&cached).unwrap()), digest);

        // The change outlives the layout.
        fs::set_permissions(&cached, Permissions::from_mode(0o644)).unwrap();
        fs::write(&cached, b"A LAYER").unwrap();
        ["one", "two"].iter().for_each(|name| fs::remove_dir_all(folder.path().join(name)).unwrap());
        assert!(BlobFile::built(cached).copy_to(&descriptor, &mut io::sink()).is_err());
    }
}
