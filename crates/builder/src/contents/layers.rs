//! A layer of an image: what it takes, packed and unpacked, what made it, and who shares it.

use shipwheel_oci::{Descriptor, DiffId, Platform};

/// A layer of one platform's image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerContents {
    /// The blob: its digest, its size packed, and its annotations.
    pub blob: Descriptor,
    /// The digest of its tar.
    pub diff_id: DiffId,
    /// The size of its tar.
    pub unpacked: u64,
    /// Entries of its tar: files, folders, links and whiteouts.
    pub entries: usize,
    /// How many of them remove something of the layers below.
    pub whiteouts: usize,
    /// Its files and links that the image has.
    pub files: usize,
    /// The bytes of these files.
    pub bytes: u64,
    /// The bytes of its files that layers above replace or remove.
    pub hidden: u64,
    /// The line of the image's history, if it has one for each layer.
    pub made_by: Option<String>,
    /// The other platforms of the image that have this very blob.
    pub shared: Vec<Platform>,
}
