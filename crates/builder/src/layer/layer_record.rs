//! What the cache remembers of a layer, and the part of it that names its blob.

use serde::{Deserialize, Serialize};
use shipwheel_oci::LayerDescriptor;

/// The kind of the records of layers.
pub(crate) const LAYER: &str = "layer";

/// What is remembered of a layer under its key.
#[derive(Serialize, Deserialize)]
pub(crate) struct LayerRecord {
    pub(crate) descriptor: LayerDescriptor,
    /// Sources without bytecode, and why: every build repeats the warning.
    pub(crate) warnings: Vec<String>,
}

/// What every record of a layer says, whatever else is in it: which blob it is.
#[derive(Deserialize)]
pub(crate) struct RecordedBlob {
    pub(crate) descriptor: LayerDescriptor,
}

impl RecordedBlob {
    /// Reads it out of a record that a stranger may have written; `None` for anything else.
    pub(crate) fn of(record: &[u8]) -> Option<Self> {
        serde_json::from_slice(record).ok()
    }
}
