//! An image described: its platforms, what refers to it, and what is wrong with it.

use std::collections::BTreeMap;

use shipwheel_oci::{Descriptor, Digest};

use super::contents::Contents;
use crate::inspect::finding::Finding;

/// How a document is attached to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AttachedBy {
    /// It names the other as its subject: the list of referrers has it.
    Referrer,
    /// A tag beside the image has the other's digest in its name, as cosign has it.
    Tag,
    /// It is beside the platforms in the image's index, as BuildKit attaches its attestations.
    Index,
}

/// A signature, an SBOM or another document that is attached to one of the image's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The document that it is about, if it says so.
    pub subject: Option<Digest>,
    /// How it is attached.
    pub by: AttachedBy,
    /// The document.
    pub document: Descriptor,
    /// The tag, where it is attached by one.
    pub tag: Option<String>,
    /// What kind of artifact it says it is; for a tag, what its first layer is.
    pub artifact_type: Option<String>,
}

/// A whole image.
#[derive(Debug, Clone)]
pub struct Description {
    /// The index, or the one manifest.
    pub root: Descriptor,
    /// The root's annotations.
    pub annotations: BTreeMap<String, String>,
    /// The platforms that could be read, in their order.
    pub platforms: Vec<Contents>,
    /// What is attached to the root and to the platforms' manifests.
    pub attached: Vec<Attached>,
    /// What the image is not, though it says so; `verify` finds more.
    pub findings: Vec<Finding>,
    /// How many findings there are, listed or not.
    pub problems: usize,
}
