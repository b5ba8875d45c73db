//! Where blobs come from and go: the cache, HTTP, registries, OCI layouts and archives.
//!
//! Every image is read by an [`ImageSource`] and written by a [`Destination`]; [`copy_image`] is the one way from
//! one to others, and [`PlatformImage::of`] the one way to read a platform's image.
//!
//! ```no_run
//! use std::collections::BTreeMap;
//! use shipwheel_store::{
//!     Cache, CredentialSources, Http, HttpOptions, NoProgress, PlatformImage, Registry, RegistrySource,
//! };
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let environment: BTreeMap<String, String> = BTreeMap::new();
//! let cache = Cache::open(std::path::Path::new("/var/tmp/shipwheel"))?;
//! let http = Http::new(HttpOptions::from_environment(&environment))?;
//! let registry = Registry::new(http, CredentialSources::from_environment(&environment));
//! let source = RegistrySource::new(&registry, "registry.example/python:3.13".parse()?, &cache, &NoProgress);
//! let base = PlatformImage::of(&source, &"amd64".parse()?, &cache)?;
//! println!("{} has {} layers", base.manifest.descriptor().digest, base.manifest.layers().len());
//! # Ok(())
//! # }
//! ```
//!
//! Every call blocks; one thread drives the network. Bytes are verified before anyone uses them. The
//! environment is passed in; only the libraries for TLS and proxies read it themselves. This crate does not
//! decide what is in an image: `shipwheel-builder` does.

mod archive;
mod auth;
mod blob_file;
mod cache;
mod copy;
mod credentials;
mod error;
mod error_kind;
mod file_action;
mod http;
mod image;
mod layout;
mod limits;
mod local_image;
mod output_file;
mod package_index;
mod progress;
mod registry;
mod stored_source;
mod sync;
#[cfg(test)]
mod testing;

pub use archive::{ArchiveDestination, ArchiveSource, DockerArchiveDestination};
pub use auth::CredentialSources;
pub use blob_file::BlobFile;
pub use cache::{BlobWriter, Cache, KeyHold, Packs};
pub use copy::{CopyOptions, copy_image, survey_image};
pub use credentials::{Credentials, Secret};
pub use error::{Cause, Result, StoreError};
pub use error_kind::ErrorKind;
pub use file_action::FileAction;
pub use http::{Download, FetchOptions, Fetched, Http, HttpOptions};
pub use image::{
    Destination, Document, ImageGraph, ImageSource, Offer, PlatformImage, Prospect, PublishedImage, PushReport, Pushed,
    Referrer, StoredImage, Walk, is_attestation,
};
pub use layout::{LayoutDestination, LayoutSource};
pub use limits::MAX_CONFIG;
pub use local_image::LocalImage;
pub use package_index::{IndexAccess, IndexCredentials, Keyring};
pub use progress::{NoProgress, Progress};
pub use registry::{Mirrors, ProbeFinding, ProbeReport, Registry, RegistryDestination, RegistrySource};
pub use stored_source::StoredSource;
