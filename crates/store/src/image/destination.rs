//! Where an image is written to: the one way out of shipwheel for every command.

use std::collections::BTreeSet;

use shipwheel_oci::{Descriptor, Digest, Platform, Reference};

use super::graph::{Document, ImageGraph};
use super::referrer::Referrer;
use super::report::Pushed;
use crate::blob_file::BlobFile;
use crate::error::Result;

/// A blob on its way: what it is, which repositories may have it, and how to get its bytes.
#[derive(Clone, Copy)]
pub struct Offer<'a> {
    /// The blob.
    pub descriptor: &'a Descriptor,
    /// Repositories that have it, of any registry.
    pub origins: &'a [Reference],
    /// Gets it; called only if the destination wants the bytes.
    pub file: &'a (dyn Fn() -> Result<BlobFile> + Sync),
}

/// What would become of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prospect {
    /// It is there.
    Exists,
    /// Another repository of the same registry has it.
    Mountable,
    /// It has to be sent.
    Missing,
}

/// An image whose blobs and documents are all at the destination, before it gets its names.
pub struct PublishedImage<'a> {
    /// The index, or the one manifest.
    pub root: &'a Descriptor,
    /// Its documents, children first.
    pub graph: &'a ImageGraph,
    /// The platform of an image that is a manifest without an index.
    pub platform: &'a dyn Fn() -> Result<Option<Platform>>,
}

impl PublishedImage<'_> {
    /// The root's bytes.
    pub fn bytes(&self) -> &[u8] {
        self.graph.document(&self.root.digest).map_or(&[], |document| &document.bytes)
    }

    /// The manifests of its platforms, without those of what refers to it.
    pub(crate) fn manifests(&self) -> Vec<&Document> {
        let (mut open, mut below) = (vec![self.root.digest], BTreeSet::new());
        while let Some(digest) = open.pop() {
            if below.insert(digest) {
                let children = self.graph.document(&digest).into_iter().flat_map(|document| &document.children);
                open.extend(children.map(|child| child.digest));
            }
        }
        self.graph.manifests().filter(|document| below.contains(&document.descriptor.digest)).collect()
    }
}

/// A medium that an image is written to: a registry, a layout, an archive.
pub trait Destination: Sync {
    /// Refuses an image that the medium cannot hold, before anything is fetched or sent.
    ///
    /// # Errors
    /// Why it cannot.
    fn accepts(&self, _image: &ImageGraph) -> Result<()> {
        Ok(())
    }

    /// Whether all names of the destination already point to this document.
    ///
    /// # Errors
    /// When the destination cannot be asked.
    fn is_published(&self, _root: &Descriptor) -> Result<bool> {
        Ok(false)
    }

    /// Whether it has a document, and with it every blob that the document names.
    ///
    /// # Errors
    /// When the destination cannot be asked.
    fn has_document(&self, _descriptor: &Descriptor) -> Result<bool> {
        Ok(false)
    }

    /// What [`Destination::put_blob`] would do.
    ///
    /// # Errors
    /// When the destination cannot be asked.
    fn survey_blob(&self, _offer: Offer<'_>) -> Result<Prospect> {
        Ok(Prospect::Missing)
    }

    /// Takes a blob, unless it is there.
    ///
    /// # Errors
    /// When it is refused, or its bytes differ from the descriptor.
    fn put_blob(&self, offer: Offer<'_>) -> Result<Pushed>;

    /// Takes a manifest or an index, whose blobs and manifests are all there.
    ///
    /// # Errors
    /// When it is refused.
    fn put_document(&self, descriptor: &Descriptor, bytes: &[u8]) -> Result<()>;

    /// Makes a document known as one that refers to another.
    ///
    /// # Errors
    /// When it cannot be noted.
    fn attach(&self, subject: &Digest, referrer: &Referrer) -> Result<()>;

    /// Gives a document, which was put, a tag of its own beside the image; nothing else that is there is lost.
    ///
    /// # Errors
    /// When it is refused, or the tag names something else.
    fn put_beside(&self, tag: &str, document: &Document) -> Result<()>;

    /// Gives the finished image its names.
    ///
    /// # Errors
    /// When they are refused.
    fn publish(&self, image: &PublishedImage<'_>) -> Result<()>;

    /// The repository, if the destination is one: later destinations in the same registry can mount from it.
    fn repository(&self) -> Option<&Reference> {
        None
    }
}
