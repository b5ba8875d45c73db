//! What another machine's cache lends to this one: records that it lacks, and blobs that are fetched when they are read.

use std::fmt;

use shipwheel_oci::{Digest, Reference};

use crate::error::Result;

/// A cache far away. What it says is believed as far as its user trusts it; the bytes of blobs are always verified.
pub trait FarSide: fmt::Debug + Send + Sync {
    /// The bytes of a record, or of a packed value.
    fn record(&self, kind: &str, key: &Digest) -> Option<Vec<u8>>;

    /// The size of a blob that it has.
    fn blob_size(&self, digest: &Digest) -> Option<u64>;

    /// Brings a blob that it has into this machine's cache.
    ///
    /// # Errors
    /// When it cannot be fetched, or has another digest or size than promised.
    fn fetch(&self, digest: &Digest) -> Result<()>;

    /// The repository that has a blob: another one of the same registry can mount it from there.
    fn origin(&self, digest: &Digest) -> Option<Reference>;
}
