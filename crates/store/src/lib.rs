//! Where blobs come from and go: the cache, HTTP, registries, OCI layouts and archives.
//!
//! Every image is read by an [`ImageSource`] and written by a [`Destination`]; [`copy_image`] is the one way from
//! one to others, and [`PlatformImage::of`] the one way to read a platform's image.
//!
//! ```no_run
//! use std::collections::BTreeMap;
//! use shipwheel_store::auth::CredentialSources;
//! use shipwheel_store::http::{Http, HttpOptions};
//! use shipwheel_store::{Cache, NoProgress, PlatformImage, Registry, RegistrySource};
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

// Tests may read their own files in any way; what ships is checked without them.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

mod added_blobs;
#[doc(hidden)]
pub mod answers;
pub mod archive;
mod attached_source;
pub mod auth;
mod blob_file;
pub mod cache;
mod copy;
pub mod credentials;
mod disk;
mod docker;
mod error;
mod error_kind;
mod file_action;
pub mod http;
pub mod image;
mod indexed_source;
mod join_error;
mod joined_source;
pub mod layout;
pub mod limits;
mod local_image;
mod lone_source;
mod medium;
mod not_an_image;
pub mod package_index;
mod progress;
mod redacted;
pub mod registry;
mod stored_source;
mod sync;
#[cfg(test)]
mod testing;

pub use attached_source::AttachedSource;
pub use blob_file::BlobFile;
pub use cache::Cache;
pub use copy::{CopyOptions, copy_image, survey_image};
pub use disk::small_file::{
    SmallFileError, open_regular, open_regular_no_link, read_small, read_small_if_there, read_small_text,
    read_small_text_if_there,
};
pub use disk::{FileStat, PlaceError, TRUSTED_FOLDERS, check_output, user_name, write_output};
pub use docker::{DockerHost, load_into_docker, ping_docker};
pub use error::{Result, StoreError};
pub use error_kind::ErrorKind;
pub use file_action::{FileAction, is_full};
pub use image::{Attachment, Destination, ImageSource, PlatformImage, PlatformSource, StoredImage};
pub use indexed_source::{IndexedAttestations, IndexedSource};
pub use join_error::JoinError;
pub use joined_source::JoinedSource;
pub use local_image::LocalImage;
pub use lone_source::LoneSource;
pub use medium::Medium;
pub use not_an_image::NotAnImage;
pub use progress::{NoProgress, Progress};
pub use redacted::{has_secret, redacted};
pub use registry::{Registry, RegistrySource};
pub use stored_source::StoredSource;
