//! Python's packaging formats for a target that is not this machine: locks, markers, tags, wheels.
//!
//! A lock file and a [`Target`] give the wheels to install; a wheel and a [`Scheme`](install::Scheme) give the
//! tree of files that an image will have, its members still compressed as the wheel has them.
//!
//! ```
//! use shipwheel_python::lock::Lock;
//! use shipwheel_python::select::{Selection, select};
//! use shipwheel_python::{Libc, Target};
//! let lock = Lock::parse(
//!     "lock-version = '1.0'\n[[packages]]\nname = 'colorama'\nmarker = \"sys_platform == 'win32'\"",
//!     "pylock.toml",
//! ).unwrap();
//! let target = Target {
//!     python: "3.11.9".parse().unwrap(),
//!     platform: "linux/arm64".parse().unwrap(),
//!     libc: Libc::Glibc { major: 2, minor: 36 },
//! };
//! assert!(select(&lock, &target, &Selection::default()).unwrap().is_empty());
//! ```
//!
//! Nothing is fetched, no file is opened and no Python runs: text comes in as values, wheels
//! through [`shipwheel_layer::ByteSource`]. Source distributions are never built here.

mod core_metadata;
mod dependency;
mod described;
pub mod elf;
mod glob;
mod identifier;
pub mod imports;
pub mod index;
mod ini;
pub mod install;
mod loads;
pub mod lock;
pub mod marker;
mod name;
mod poetry_versions;
pub mod project;
pub mod pyproject;
mod repository;
pub mod requirements;
pub mod select;
pub mod setup;
mod target;
mod version;
pub mod wheel;

pub use core_metadata::CoreMetadata;
pub use dependency::{Dependency, DependencyError, Unmet, unmet};
pub use described::Described;
pub use identifier::is_identifier;
pub use loads::loaded_libraries;
pub use name::{DistributionName, NameError, normalized};
pub use pep440_rs::{Version, VersionSpecifiers};
pub use repository::Repository;
pub use target::{Libc, Target};
pub use version::allows;
