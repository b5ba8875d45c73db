//! A distribution whose files have other hashes than a requirements file lists.

use pep440_rs::Version;
use shipwheel_oci::Digest;

use crate::name::DistributionName;

/// A distribution whose files are not the ones that the requirements file allows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashProblem {
    /// The lock has a distribution, or a version of it, that the file has not.
    #[error("{name} {} is in the lock but not in {file}", version.as_ref().map(Version::to_string).unwrap_or_default())]
    NotRequired {
        /// The requirements file.
        file: String,
        /// The distribution.
        name: DistributionName,
        /// The lock's version.
        version: Option<Version>,
    },
    /// The file has a distribution that the lock has not.
    #[error("{file}:{line}: {name} {version} is missing from the lock")]
    Missing {
        /// The requirements file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The distribution.
        name: DistributionName,
        /// The file's version.
        version: Version,
    },
    /// No index that was asked has the distribution.
    #[error("{file}:{line}: no index has {name}")]
    NotFound {
        /// The requirements file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The distribution.
        name: DistributionName,
    },
    /// No file of the distribution has a hash that the requirements file lists.
    #[error("{file}:{line}: no file found for {name} {version} has one of the {} hashes listed", allowed)]
    NoneMatches {
        /// The requirements file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The distribution.
        name: DistributionName,
        /// The version.
        version: Version,
        /// How many hashes the file lists.
        allowed: usize,
        /// The files that were found, with the hashes that they have.
        found: Vec<(String, Option<Digest>)>,
    },
}
