//! Packages: the indexes that list them, the fields that relate them, and the `.deb` archives that hold them.

mod compression;
mod copyright;
mod deb;
mod error;
mod index;
mod installed;
pub(crate) mod relation;
mod stanza;
pub(crate) mod version;

pub use compression::{Compression, DecompressError, decompress};
pub use copyright::licenses;
pub use deb::{Deb, DebError, open_deb};
pub use error::PackagesError;
pub use index::PackageIndex;
pub use installed::InstalledPackage;
pub use relation::{Alternatives, Constraint, Operator, Relation, RelationError, parse_relations};
pub use stanza::Package;
pub use version::{Version, VersionError};
