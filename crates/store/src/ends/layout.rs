//! An OCI layout folder, to copy from and to.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use shipwheel_oci::{Descriptor, Digest, Reference};

use super::top::{choose_root, referrers_in, top_index};
use crate::error::{Result, StoreError};
use crate::layout::{Layout, OCI_LAYOUT, UNFINISHED, read_small, remove_all};
use crate::push::Pushed;
use crate::referrers::Referrer;
use crate::transfer::{BlobFile, Destination, Offer, Prospect, Source};

/// An image in a layout of any tool.
pub struct LayoutSource {
    layout: Layout,
    tag: Option<String>,
}

impl LayoutSource {
    /// The image of this tag; without one, the only image there is.
    ///
    /// # Errors
    /// When the folder is no layout.
    pub fn open(path: &Path, tag: Option<&str>) -> Result<Self> {
        Ok(Self { layout: Layout::open(path)?, tag: tag.map(str::to_owned) })
    }
}

impl Source for LayoutSource {
    fn root(&self) -> Result<Descriptor> {
        choose_root(&self.layout.index()?, self.tag.as_deref(), &self.layout.path().display().to_string())
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        let index = self.layout.index()?;
        if index.descriptor().digest == descriptor.digest {
            return Ok(index.raw().to_vec());
        }
        let path = self.blob(descriptor)?.path;
        let bytes = read_small(&path)?;
        check_document(&bytes, descriptor, &path.display().to_string())?;
        Ok(bytes)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile> {
        let path = self.layout.blob_path(&descriptor.digest);
        if !path.is_file() {
            let place = self.layout.path().display().to_string();
            return Err(StoreError::Missing { digest: descriptor.digest, place });
        }
        Ok(BlobFile::whole(path))
    }

    fn origin(&self, _: &Descriptor) -> Option<Reference> {
        None
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>> {
        referrers_in(&self.layout.index()?, subject, |descriptor| self.document(descriptor))
    }
}

/// Whether bytes are those of a descriptor.
pub(super) fn check_document(bytes: &[u8], descriptor: &Descriptor, what: &str) -> Result<()> {
    let found = Digest::of(bytes);
    if found != descriptor.digest {
        return Err(StoreError::Digest { what: what.to_owned(), expected: descriptor.digest, found });
    }
    if bytes.len() as u64 != descriptor.size {
        let found = bytes.len() as u64;
        return Err(StoreError::Size { what: what.to_owned(), expected: descriptor.size, found });
    }
    Ok(())
}

/// Writes a blob somewhere, hashing it on the way.
///
/// # Errors
/// When it cannot be read or written, or is another than its descriptor says.
pub(super) fn copy_verified(
    file: &BlobFile,
    descriptor: &Descriptor,
    target: &mut dyn std::io::Write,
) -> std::io::Result<()> {
    let mut reader = File::open(&file.path)?;
    reader.seek(SeekFrom::Start(file.offset))?;
    let mut writer = shipwheel_oci::HashWriter::new(target);
    std::io::copy(&mut reader.take(descriptor.size), &mut writer)?;
    let (_, found, size) = writer.finish();
    let what = || file.path.display().to_string();
    let wrong = match (size == descriptor.size, found == descriptor.digest) {
        (true, true) => return Ok(()),
        (false, _) => StoreError::Size { what: what(), expected: descriptor.size, found: size },
        (true, false) => StoreError::Digest { what: what(), expected: descriptor.digest, found },
    };
    Err(std::io::Error::other(wrong))
}

/// A layout to write, in place of the image that shipwheel had written there before.
pub struct LayoutDestination {
    layout: Layout,
    name: Option<Reference>,
    kept: Mutex<BTreeSet<String>>,
    referrers: Mutex<Vec<Referrer>>,
}

impl LayoutDestination {
    /// A folder that is new, empty, or was written by shipwheel before.
    ///
    /// # Errors
    /// When it holds anything else.
    pub fn create(path: &Path, name: Option<&Reference>) -> Result<Self> {
        let layout = Layout::create(path)?;
        let folder = path.join("blobs/sha256");
        std::fs::create_dir_all(&folder).map_err(StoreError::file("create", &folder))?;
        layout.write_file("oci-layout", |file| file.write_all(OCI_LAYOUT))?;
        Ok(Self { layout, name: name.cloned(), kept: Mutex::default(), referrers: Mutex::default() })
    }

    fn keep(&self, digest: &Digest) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(digest.hex());
    }
}

impl Destination for LayoutDestination {
    fn is_published(&self, _: &Descriptor) -> Result<bool> {
        Ok(false)
    }

    /// A folder answers for nothing: each blob is looked at.
    fn has_document(&self, _: &Descriptor) -> Result<bool> {
        Ok(false)
    }

    fn survey_blob(&self, offer: Offer<'_>) -> Result<Prospect> {
        Ok(if self.layout.has(offer.descriptor) { Prospect::Exists } else { Prospect::Missing })
    }

    fn put_blob(&self, offer: Offer<'_>) -> Result<Pushed> {
        let descriptor = offer.descriptor;
        self.keep(&descriptor.digest);
        if self.layout.has(descriptor) {
            return Ok(Pushed::Existed);
        }
        let file = (offer.file)()?;
        let name = format!("blobs/sha256/{}", descriptor.digest.hex());
        self.layout.write_file(&name, |target| copy_verified(&file, descriptor, target)).map_err(unwrap_inner)?;
        Ok(Pushed::Sent(descriptor.size))
    }

    fn put_document(&self, descriptor: &Descriptor, bytes: &[u8]) -> Result<()> {
        self.keep(&descriptor.digest);
        match self.layout.has(descriptor) {
            true => Ok(()),
            false => {
                let name = format!("blobs/sha256/{}", descriptor.digest.hex());
                self.layout.write_file(&name, |target| target.write_all(bytes))
            }
        }
    }

    fn attach(&self, _: &Digest, referrer: &Referrer) -> Result<()> {
        self.referrers.lock().unwrap_or_else(PoisonError::into_inner).push(referrer.clone());
        Ok(())
    }

    fn publish(&self, root: &Descriptor, _: &[u8]) -> Result<()> {
        let referrers = self.referrers.lock().unwrap_or_else(PoisonError::into_inner);
        let index = top_index(root, self.name.as_ref(), &referrers, true);
        self.layout.write_file("index.json", |file| file.write_all(&index))?;
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        remove_all(&self.layout.path().join("blobs/sha256"), |name| !kept.contains(name))?;
        remove_all(self.layout.path(), |name| name.starts_with(UNFINISHED))
    }

    fn place(&self) -> Option<&Reference> {
        None
    }
}

/// What went wrong inside a writer that can only fail with an I/O error.
pub(super) fn unwrap_inner(error: StoreError) -> StoreError {
    match error {
        StoreError::File { action, path, cause } => match cause.downcast::<StoreError>() {
            Ok(inner) => inner,
            Err(cause) => StoreError::File { action, path, cause },
        },
        other => other,
    }
}
