//! What is kept between runs: blobs, records and folders, and packs of many small values.

mod areas;
mod folder;
mod packs;
mod remember;

pub use folder::{BlobWriter, Cache, KeyHold};
pub use packs::Packs;
