//! The places that images are copied between: registries, OCI layouts, OCI archives, and what was just built.

mod archive;
mod layout;
mod registry;
mod stored;
mod top;

pub use archive::{ArchiveDestination, ArchiveSource};
pub use layout::{LayoutDestination, LayoutSource};
pub use registry::{RegistryDestination, RegistrySource};
pub(crate) use stored::StoredSource;
