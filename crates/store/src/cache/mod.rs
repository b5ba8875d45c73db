//! What is kept between runs: blobs, records and folders, and packs of many small values.

mod areas;
mod far_side;
mod folder;
mod journal;
mod packs;
mod remember;

pub use far_side::FarSide;
pub use folder::{BlobWriter, Cache, KeyHold};
pub use journal::{Journal, Noted};
pub use packs::Packs;
