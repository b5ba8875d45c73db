//! An image in a layout folder, to read from.

use std::path::Path;

use shipwheel_oci::{Descriptor, Digest};

use super::folder::Layout;
use super::index_json::TopIndex;
use crate::blob_file::BlobFile;
use crate::error::{Result, StoreError};
use crate::image::{ImageSource, Referrer};

/// An image in a layout of any tool.
pub struct LayoutSource {
    layout: Layout,
    index: TopIndex,
    root: Descriptor,
}

impl LayoutSource {
    /// The image of this tag; without one, the only image there is.
    ///
    /// # Errors
    /// When the folder is not a layout, or does not hold exactly one such image.
    pub fn open(path: &Path, tag: Option<&str>) -> Result<Self> {
        let layout = Layout::open(path);
        let index = layout.index()?;
        let root = index.select(tag, &path.display().to_string())?;
        Ok(Self { layout, index, root })
    }
}

impl ImageSource for LayoutSource {
    fn name(&self) -> String {
        self.layout.path().display().to_string()
    }

    fn root(&self) -> Result<Descriptor> {
        Ok(self.root.clone())
    }

    fn reference(&self) -> Option<String> {
        self.index.full_name(&self.root.digest)
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        if let Some(bytes) = self.index.bytes_of(descriptor) {
            return Ok(bytes);
        }
        self.layout.document(descriptor)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile> {
        let path = self.layout.blob_path(&descriptor.digest);
        match path.is_file() {
            true => Ok(BlobFile::whole(path)),
            false => Err(StoreError::missing(descriptor.digest, self.name())),
        }
    }

    fn referrers(&self, subject: &Digest) -> Result<Vec<Referrer>> {
        self.index.referrers(subject, |descriptor| self.document(descriptor))
    }

    fn beside(&self, tag: &str) -> Result<Option<Descriptor>> {
        Ok(self.index.beside(tag))
    }
}
