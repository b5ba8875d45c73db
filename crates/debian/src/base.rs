//! The parts of a base: what goes in, what is left out, and what maintainer scripts would have made.

mod error;
mod loader_cache;
mod options;
pub(crate) mod setup;
pub(crate) mod slim;
mod unpacked;

pub use error::AssembleError;
pub use options::BaseOptions;
pub use unpacked::UnpackedPackage;
