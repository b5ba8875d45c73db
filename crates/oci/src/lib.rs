//! The nouns of the OCI image specification that `oci-spec` lacks or gets wrong, without any I/O.
//!
//! `oci-spec` names the fields; this crate adds digests and diff ids as types that
//! cannot be mixed up, one canonical way to write JSON, platforms, references with
//! Docker's short names, image configs that keep what they do not know, and the
//! assembly of config, manifest and index from layers.
//!
//! ```
//! use shipwheel_oci::{Digest, Platform};
//! let digest = Digest::of(b"hello");
//! assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
//! assert_eq!("arm64".parse::<Platform>().unwrap().to_string(), "linux/arm64");
//! ```
//!
//! It never fetches or stores anything: that is `shipwheel-store`.

mod canonical;
mod config;
mod descriptor;
mod digest;
mod index;
mod manifest;
pub mod platform;
pub mod reference;
mod repository;
mod spelling;
pub mod validate;

pub use canonical::{canonical_json, canonical_value};
pub use config::rebase::{OwnLayer, RebasedConfig};
pub use config::{ConfigError, ImageConfig, RuntimeConfig};
pub use descriptor::{Descriptor, LayerDescriptor, media_type};
pub use digest::{DiffId, Digest, DigestError, HashWriter, Hasher};
pub use index::{Index, IndexError};
pub use manifest::{Manifest, ManifestError};
pub use platform::Platform;
pub use reference::{DEFAULT_REGISTRY, Reference, names_host};
pub use repository::{Repository, RepositoryError};
pub use spelling::{require_plain_archive, require_plain_config, require_plain_document};
pub use validate::{MismatchKind, validate_image};
