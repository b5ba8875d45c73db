//! Lock files in the standard form: pylock.toml (PEP 751).

use std::fmt;

use pep440_rs::{Version, VersionSpecifiers};
use shipwheel_oci::Digest;

use crate::marker::Marker;
use crate::name::DistributionName;
use crate::repository::Repository;
use crate::wheel::{StrongHash, WheelName};

/// A lock file: every distribution for every environment that it was made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The file's name, for messages.
    pub file: String,
    /// The Python versions that it was made for.
    pub requires_python: Option<VersionSpecifiers>,
    /// The environments that it was made for, where it names any.
    pub environments: Vec<Marker>,
    /// The groups that are installed when nobody says which.
    pub default_groups: Vec<String>,
    /// The distributions, in the order of the file.
    pub packages: Vec<LockedPackage>,
}

/// One distribution in a lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPackage {
    /// Its name.
    pub name: DistributionName,
    /// Its version; local sources may have none.
    pub version: Option<Version>,
    /// Where it is needed.
    pub marker: Option<Marker>,
    /// The Python versions that it runs with.
    pub requires_python: Option<VersionSpecifiers>,
    /// Its wheels.
    pub wheels: Vec<LockedWheel>,
    /// Its source distribution.
    pub sdist: Option<LockedSdist>,
    /// Where it comes from when it is neither: a folder, a repository, an archive.
    pub origin: Option<Origin>,
    /// The line where its table begins, counted from 1.
    pub line: usize,
}

/// One wheel in a lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedWheel {
    /// Its file name.
    pub name: WheelName,
    /// Where it can be fetched.
    pub url: Option<String>,
    /// Where it is on disk, relative to the lock file.
    pub path: Option<String>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Its sha256, where the lock says it.
    pub sha256: Option<Digest>,
    /// Hashes in place of a sha256: it has one of them. Locks without either are refused when a wheel is selected.
    pub stronger: Vec<StrongHash>,
}

/// A source distribution in a lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedSdist {
    /// Where it can be fetched.
    pub url: Option<String>,
    /// Where it is on disk, relative to the lock file.
    pub path: Option<String>,
    /// Its sha256.
    pub sha256: Option<Digest>,
    /// Hashes in place of a sha256: it has one of them.
    pub stronger: Vec<StrongHash>,
}

/// Where a distribution comes from that has no wheel in the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A folder, relative to the lock file.
    Directory(String),
    /// A repository of git, and the commit in it.
    Git(Repository),
    /// A repository of another kind: its URL or path, and the commit.
    Vcs(String),
    /// An archive: its URL or path.
    Archive(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "the folder {path}"),
            Self::Git(repository) => write!(f, "the repository {repository}"),
            Self::Vcs(place) => write!(f, "the repository {place}"),
            Self::Archive(place) => write!(f, "the archive {place}"),
        }
    }
}
