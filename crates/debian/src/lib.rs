//! A base image straight from Debian's packages, without dpkg: apt sources, signed releases, indexes,
//! the closure of dependencies, `.deb` archives, and the tree that they make together.
//!
//! ```
//! use shipwheel_debian::package::PackageIndex;
//! use shipwheel_debian::resolve;
//! let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
//! let stanza = |name: &str, depends: &str| {
//!     format!("Package: {name}\nVersion: 1\nArchitecture: amd64\n{depends}Filename: pool/{name}.deb\nSize: 1\nSHA256: {digest}\n")
//! };
//! let text = [stanza("python3.11", "Depends: libc6, perl-base\n"), stanza("libc6", "")].join("\n");
//! let index = PackageIndex::parse(text.into_bytes()).unwrap();
//! let found = resolve(&[&index], "amd64", &["python3.11".into()], &["perl*".into()]).unwrap();
//! assert_eq!(found.iter().map(|f| f.package.name.as_str()).collect::<Vec<_>>(), ["libc6", "python3.11"]);
//! ```
//!
//! All input comes as values: this crate fetches nothing, unpacks nothing to disk and runs nothing.

pub mod apt;
mod archive_keys;
mod assemble;
pub mod base;
mod libraries;
pub mod package;
mod release;
mod resolve;

pub use archive_keys::archive_keyring;
pub use assemble::assemble;
pub use libraries::{LibraryIndex, LibraryNames};
pub use release::{IndexFile, Release, ReleaseError};
pub use resolve::{Chain, ResolveError, Resolved, is_excluded, resolve};
pub use shipwheel_openpgp::{Keyring, KeyringError};

/// Raise this when the same packages give another tree than before: it is part of the base layer's key.
pub const BASE_RECIPE: u32 = 1;
