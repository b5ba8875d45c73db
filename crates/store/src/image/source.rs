//! Where an image is read from: the one way into shipwheel for every command.

use shipwheel_oci::{Descriptor, Digest, Reference};

use super::referrer::Referrer;
use crate::blob_file::BlobFile;
use crate::cache::Cache;
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;

/// A layout, an archive, a registry, or what was just built.
pub trait ImageSource: Sync {
    /// How messages name the image: a path or a reference.
    fn name(&self) -> String;

    /// What the source names: an index, or one platform's manifest. Always the same for one value.
    ///
    /// # Errors
    /// When there is no image, or more than one.
    fn root(&self) -> Result<Descriptor>;

    /// The bytes of a manifest or an index; they have its digest.
    ///
    /// # Errors
    /// When it cannot be read, or has another digest.
    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>>;

    /// The file that holds a blob, fetched if necessary. Its bytes need not be verified.
    ///
    /// # Errors
    /// When it cannot be fetched or is not there.
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile>;

    /// The reference that the image has where it is, if it has one there.
    fn reference(&self) -> Option<String> {
        None
    }

    /// A repository that has a blob: a destination in the same registry can mount it from there.
    fn origin(&self, _blob: &Descriptor) -> Option<Reference> {
        None
    }

    /// Signatures, SBOMs and other manifests that refer to a document.
    ///
    /// # Errors
    /// When they cannot be listed.
    fn referrers(&self, _subject: &Digest) -> Result<Vec<Referrer>> {
        Ok(Vec::new())
    }

    /// A manifest beside the image that a tag of its own names, such as that of its signatures; `None` if there is none.
    ///
    /// # Errors
    /// When it cannot be asked for.
    fn beside(&self, _tag: &str) -> Result<Option<Descriptor>> {
        Ok(None)
    }
}

impl dyn ImageSource + '_ {
    /// Brings a blob into the cache, verified.
    ///
    /// # Errors
    /// When it cannot be read, or differs from its descriptor.
    pub fn import(&self, blob: &Descriptor, cache: &Cache) -> Result<()> {
        if cache.has(blob) {
            return Ok(());
        }
        let file = self.blob(blob)?;
        // A registry's blobs come by way of the cache.
        if cache.has(blob) {
            return Ok(());
        }
        let mut writer = cache.blob_writer()?;
        let file = BlobFile { is_verified: false, ..file };
        // The blob of a file that is too long must not pass for whole.
        self.check_length(&file, blob)?;
        let copied = file.copy_to(blob, &mut writer).map_err(StoreError::file(FileAction::Read, &file.path));
        copied.map_err(StoreError::unwrapped)?;
        let what = format!("blob {} of {}", blob.digest.short(), self.name());
        writer.finish_expected(&blob.digest, Some(blob.size), &what).map(|_| ())
    }

    /// A file of its own has the size of its blob; a member of an archive is followed by others.
    fn check_length(&self, file: &BlobFile, blob: &Descriptor) -> Result<()> {
        let found = std::fs::metadata(&file.path).map_err(StoreError::file(FileAction::Open, &file.path))?.len();
        if file.offset == 0 && found > blob.size {
            let what = format!("blob {} of {}", blob.digest.short(), self.name());
            return Err(StoreError::Size { what, expected: blob.size, found });
        }
        Ok(())
    }

    /// Brings a small blob into the cache and reads it.
    ///
    /// # Errors
    /// As `import`, and when the blob is longer than `limit` bytes.
    pub fn read(&self, blob: &Descriptor, limit: u64, cache: &Cache) -> Result<Vec<u8>> {
        if blob.size > limit {
            let what = format!("blob {} of {}", blob.digest.short(), self.name());
            return Err(StoreError::TooLarge { what, limit });
        }
        self.import(blob, cache)?;
        cache.read_blob(&blob.digest)
    }
}
