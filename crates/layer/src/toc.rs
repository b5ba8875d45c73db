//! The table of contents of an eStargz layer: its files, each with the place of its gzip members (stargz-snapshotter,
//! `docs/estargz.md`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The last file of the tar, which holds the table.
pub const TOC: &str = "/stargz.index.json";

/// A file that says that nothing is worth being fetched before it is read.
pub const NO_PREFETCH: &str = "/.no.prefetch.landmark";

/// A file that says that all files before it are worth that.
pub const PREFETCH: &str = "/.prefetch.landmark";

/// What both landmarks hold.
pub(crate) const LANDMARK: [u8; 1] = [0x0f];

/// The annotation of a layer with the digest of its table's JSON.
pub const TOC_DIGEST: &str = "containerd.io/snapshot/stargz/toc.digest";

/// The annotation of a layer with the length of its tar.
pub const UNCOMPRESSED_SIZE: &str = "io.containers.estargz.uncompressed-size";

/// Whether a path is one of the files that only eStargz has.
pub fn is_toc_file(path: &str) -> bool {
    [TOC, NO_PREFETCH, PREFETCH].contains(&path)
}

/// The table, as JSON has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toc {
    /// Always 1.
    pub version: u32,
    /// The entries of the tar in their order, and the further chunks of large files.
    pub entries: Vec<TocEntry>,
}

/// An entry of the tar, or a chunk of a file. A number that is not there is 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TocEntry {
    /// The path without its first `/`; that of a directory ends with one.
    pub name: String,
    /// `dir`, `reg`, `symlink`, `chunk`; in layers of others also `hardlink`, `char`, `block` and `fifo`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The length of the whole file in bytes.
    #[serde(skip_serializing_if = "is_zero")]
    pub size: u64,
    /// When it was changed, in RFC 3339.
    #[serde(rename = "modtime", skip_serializing_if = "String::is_empty")]
    pub modified: String,
    /// Where a link leads to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub link_name: String,
    /// Permission bits, with set-uid, set-gid and sticky.
    #[serde(skip_serializing_if = "is_zero")]
    pub mode: u64,
    /// Owner.
    #[serde(skip_serializing_if = "is_zero")]
    pub uid: u64,
    /// Group.
    #[serde(skip_serializing_if = "is_zero")]
    pub gid: u64,
    /// Where in the blob the gzip member begins that the content begins with.
    #[serde(skip_serializing_if = "is_zero")]
    pub offset: u64,
    /// Where in the file the chunk begins.
    #[serde(skip_serializing_if = "is_zero")]
    pub chunk_offset: u64,
    /// The length of the chunk; 0 for the rest of the file.
    #[serde(skip_serializing_if = "is_zero")]
    pub chunk_size: u64,
    /// The digest of the whole file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// The digest of the chunk: a reader believes nothing that does not have it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub chunk_digest: String,
    /// Extended attributes, in base64. shipwheel writes none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub xattrs: BTreeMap<String, String>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}
