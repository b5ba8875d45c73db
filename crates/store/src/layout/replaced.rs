//! The image that an output folder holds before it is replaced: the blobs that its index names.

use std::collections::BTreeSet;

use shipwheel_oci::Descriptor;

use super::index_json::TopIndex;
use crate::blob_file::BlobFile;
use crate::disk::Folder;
use crate::error::{Result, StoreError, check_bytes};
use crate::file_action::FileAction;
use crate::image::{Document, ImageGraph, ImageSource, Walk};
use crate::limits::MAX_MANIFEST;

/// The documents of a layout, read by its folder's handle.
pub(super) struct Replaced {
    blobs: Folder,
}

impl Replaced {
    /// The image in a folder; `None` if it has no blobs.
    pub(super) fn open(folder: &Folder) -> Result<Option<Self>> {
        let blobs = folder.below("blobs")?.map(|blobs| blobs.below("sha256")).transpose()?.flatten();
        Ok(blobs.map(|blobs| Self { blobs }))
    }

    /// The names of all blobs below an index, as far as its documents can be read.
    pub(super) fn names(&self, index: &TopIndex) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for entry in index.entries() {
            names.insert(entry.digest.hex());
            let walk = Walk { follows: &|_| true, fault: &mut |_, _| Ok(()) };
            let graph = ImageGraph::walk(self, entry, walk).unwrap_or_default();
            for document in graph.documents() {
                names.extend(document.blobs().chain(&document.children).map(|blob| blob.digest.hex()));
            }
            names.extend(graph.documents().iter().map(|document: &Document| document.descriptor.digest.hex()));
        }
        names
    }
}

impl ImageSource for Replaced {
    fn name(&self) -> String {
        self.blobs.path().display().to_string()
    }

    fn root(&self) -> Result<Descriptor> {
        Err(StoreError::NoImage { what: self.name() })
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>> {
        let path = self.blobs.path().join(descriptor.digest.hex());
        let read = self.blobs.read_small(&descriptor.digest.hex(), MAX_MANIFEST);
        let bytes = read.map_err(StoreError::file(FileAction::Read, &path))?;
        check_bytes(&bytes, descriptor, &path.display().to_string())?;
        Ok(bytes)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<BlobFile> {
        Err(StoreError::missing(descriptor.digest, self.name()))
    }
}
