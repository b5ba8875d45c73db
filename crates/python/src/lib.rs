//! Python's packaging formats for a target that is not this machine: locks, markers, tags, wheels.
//!
//! A lock file and a [`Target`] give the wheels to install; a wheel and a [`Scheme`] give the
//! tree of files that an image will have, its members still compressed as the wheel has them.
//!
//! ```
//! use shipwheel_python::{Libc, Lock, Selection, Target, select};
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
//! through [`shipwheel_layer::Source`]. Source distributions are never built here.

mod coverage;
mod dependency;
mod dist_info;
mod elf;
mod environment;
mod identifier;
mod install;
pub mod lock;
mod marker;
mod misfit;
mod name;
pub mod pyproject;
mod record;
mod requirements;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod sample_elf;
mod scheme;
mod select;
mod target;
mod venv;
mod version;
mod wheel;
mod wheel_name;

pub use coverage::{CoverageError, select_all};
pub use dependency::{Dependency, DependencyError, Unmet, unmet};
pub use dist_info::{DistInfoError, EntryPoint, WheelMetadata};
pub use elf::{ELF_HEAD, ElfError, ElfFacts, ElfMachine};
pub use environment::Environment;
pub use identifier::is_identifier;
pub use install::{
    INSTALL_RECIPE, InstallError, InstallErrorKind, Installed, Overlap, OverlapError, PythonSource, install,
    merge_installed,
};
pub use lock::{Lock, LockError, LockProblem, LockedPackage, LockedSdist, LockedWheel, Origin};
pub use marker::{Marker, MarkerError};
pub use misfit::Misfit;
pub use name::{DistributionName, NameError};
pub use pep440_rs::{Version, VersionSpecifiers};
pub use record::{Record, RecordError, RecordRow};
pub use requirements::{
    HashProblem, Requirement, RequirementProblem, RequirementProblemKind, Requirements, RequirementsError, check_hashes,
};
pub use scheme::{Scheme, SchemeError};
pub use select::{Reason, SelectError, SelectProblem, SelectedWheel, Selection, select};
pub use target::{Libc, Target};
pub use venv::environment;
pub use version::allows;
pub use wheel::{Member, Wheel, WheelError, WheelErrorKind};
pub use wheel_name::{WheelName, WheelNameError, WheelTag};
