//! Where blobs come from and go: the cache, HTTP, registries, OCI layouts and archives.
//!
//! ```no_run
//! use shipwheel_store::{Cache, CredentialSources, Http, HttpOptions, NoProgress, Registry};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cache = Cache::open(std::path::Path::new("/var/tmp/shipwheel"))?;
//! let registry = Registry::new(Http::new(HttpOptions::default())?, CredentialSources::from_environment());
//! let base = registry.resolve_image(&"registry.example/python:3.13".parse()?, &"amd64".parse()?, &cache)?;
//! println!("{} has {} layers", base.manifest.descriptor().digest, base.manifest.layers().len());
//! # Ok(())
//! # }
//! ```
//!
//! Every call blocks; a thread of its own drives the network. Bytes are verified before
//! anyone sees them. What an image is made of is not decided here: that is `shipwheel-builder`.

mod archive;
mod auth;
mod base;
mod cache;
mod certs;
mod challenge;
mod ends;
mod error;
mod error_kind;
mod fetch;
mod graph;
mod http;
mod image;
mod index_auth;
mod layout;
mod mirrors;
mod network;
mod pack;
mod probe;
mod progress;
mod push;
mod quirks;
mod referrers;
mod registry;
mod request;
mod session;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod testing_registry;
mod token;
mod transfer;
mod upload;
mod url;

pub use archive::{write_docker_archive, write_oci_archive};
pub use auth::{CredentialSources, Credentials, Secret};
pub use base::resolve_archive;
pub use cache::{BlobWriter, Cache, KeyLock};
pub use ends::{
    ArchiveDestination, ArchiveSource, LayoutDestination, LayoutSource, RegistryDestination, RegistrySource,
};
pub use error::{Cause, Result, StoreError};
pub use error_kind::ErrorKind;
pub use fetch::{Download, FetchOptions, Fetched};
pub use http::{Http, HttpOptions};
pub use image::{Blobs, PlatformImage, StoredImage};
pub use index_auth::{IndexCredentials, Keyring};
pub use layout::Layout;
pub use mirrors::Mirrors;
pub use pack::Packs;
pub use probe::{Finding, ProbeReport};
pub use progress::{NoProgress, Progress};
pub use push::{PushReport, Pushed};
pub use referrers::Referrer;
pub use registry::Registry;
pub use transfer::{BlobFile, CopyOptions, Destination, Offer, Prospect, Source, copy_image, survey_image};
