//! What is kept between runs: blobs, records and folders, and packs of many small values; how much of it and how long.

mod areas;
mod far_side;
mod faults;
mod folder;
mod hashed_files;
mod inventory;
mod journal;
mod limits;
mod packs;
mod presence;
mod remember;

pub use far_side::FarSide;
pub use faults::{Checked, Fault, RecordCheck};
pub(crate) use folder::FILE_MODE;
pub use folder::{BlobWriter, Cache, KeyHold};
pub(crate) use hashed_files::HashedFiles;
pub use inventory::KindUsage;
pub use journal::{Journal, Noted};
pub use limits::{Limits, Pruned};
pub use packs::Packs;
