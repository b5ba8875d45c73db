//! A layout folder, to write to.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

use serde_json::Value;
use shipwheel_oci::{Descriptor, Digest, Reference};

use super::index_json::{OCI_LAYOUT, TopIndex, entry_beside};
use super::output::OutputLayout;
use crate::cache::{Cache, HashedFiles};
use crate::error::{Result, StoreError};
use crate::file_action::FileAction;
use crate::image::{Destination, Document, Offer, Prospect, PublishedImage, Pushed, Referrer};
use crate::sync::lock;

/// A layout to write, in place of the image that shipwheel wrote there before.
///
/// Blobs come first, then `index.json` in one step, and the blobs of the image before are removed last: a reader finds
/// a whole image at any time. One writer at a time: the folder is held until this is dropped.
pub struct LayoutDestination {
    layout: OutputLayout,
    name: Option<Reference>,
    /// The file names of the image's blobs.
    kept: Mutex<BTreeSet<String>>,
    /// Files that need not be hashed again.
    hashed: Option<HashedFiles>,
    /// The entries of what refers to the image or is beside it.
    attached: Mutex<Vec<Value>>,
}

impl LayoutDestination {
    /// A folder that is new, empty, or was written by shipwheel before.
    ///
    /// # Errors
    /// When it holds anything else, or has links where the layout's folders are.
    pub fn create(path: &Path, name: Option<&Reference>) -> Result<Self> {
        let layout = OutputLayout::create(path)?;
        layout.write_file("oci-layout", |file| file.write_all(OCI_LAYOUT))?;
        Ok(Self { layout, name: name.cloned(), kept: Mutex::default(), hashed: None, attached: Mutex::default() })
    }

    /// The same, which remembers in a cache what it hashed in the folder.
    #[must_use]
    pub fn remembering(self, cache: &Cache) -> Self {
        Self { hashed: Some(HashedFiles::of(cache)), ..self }
    }

    fn keep(&self, digest: &Digest) {
        lock(&self.kept).insert(digest.hex());
    }
}

impl Destination for LayoutDestination {
    fn survey_blob(&self, offer: Offer<'_>) -> Result<Prospect> {
        Ok(if self.layout.has(offer.descriptor) { Prospect::Exists } else { Prospect::Missing })
    }

    fn put_blob(&self, offer: Offer<'_>) -> Result<Pushed> {
        let descriptor = offer.descriptor;
        self.keep(&descriptor.digest);
        if self.layout.is_whole(descriptor, self.hashed.as_ref()) {
            return Ok(Pushed::Existed);
        }
        let file = (offer.file)()?;
        let read = || StoreError::file(FileAction::Read, &file.path);
        if let Some(own) = file.to_share().map_err(read())? {
            let seal = || file.seal(&own, descriptor).map_err(read()).map_err(StoreError::unwrapped);
            if self.layout.share_blob(&descriptor.digest, &own, seal)? {
                return Ok(Pushed::Sent(descriptor.size));
            }
        }
        let write = self.layout.write_blob(&descriptor.digest, |target| file.copy_to(descriptor, target));
        write.map_err(StoreError::unwrapped)?;
        Ok(Pushed::Sent(descriptor.size))
    }

    fn put_document(&self, descriptor: &Descriptor, bytes: &[u8]) -> Result<()> {
        self.keep(&descriptor.digest);
        match self.layout.is_whole(descriptor, self.hashed.as_ref()) {
            true => Ok(()),
            false => self.layout.write_blob(&descriptor.digest, |target| target.write_all(bytes)),
        }
    }

    fn attach(&self, _: &Digest, referrer: &Referrer) -> Result<()> {
        lock(&self.attached).push(referrer.entry.clone());
        Ok(())
    }

    fn put_beside(&self, tag: &str, document: &Document) -> Result<()> {
        lock(&self.attached).push(entry_beside(tag, &document.descriptor));
        Ok(())
    }

    fn publish(&self, image: &PublishedImage<'_>) -> Result<()> {
        let index = TopIndex::write(image, self.name.as_ref(), &lock(&self.attached), true)?;
        self.layout.write_file("index.json", |file| file.write_all(&index))?;
        self.layout.finish(&lock(&self.kept))
    }
}
