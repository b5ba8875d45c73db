//! A package index that cannot be read.

use shipwheel_oci::DigestError;

use crate::package::relation::RelationError;
use crate::package::version::VersionError;

/// An index, or a stanza of one, that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PackagesError {
    /// The bytes are not UTF-8.
    #[error("the package index is not UTF-8")]
    Utf8(#[source] std::str::Utf8Error),
    /// A stanza is not in Debian's control format.
    #[error("a stanza of the package index is malformed at `{found}`")]
    Stanza {
        /// The line.
        found: String,
    },
    /// A field is missing or has a value that cannot be right.
    #[error("package `{package}` has no valid `{field}` in the index: found `{found}`")]
    Field {
        /// The package.
        package: String,
        /// The field.
        field: &'static str,
        /// Its value; empty when it is missing.
        found: String,
    },
    /// A version is malformed.
    #[error("package `{package}` has no valid version in the index")]
    Version {
        /// The package.
        package: String,
        /// The cause.
        #[source]
        cause: VersionError,
    },
    /// A dependency field cannot be read.
    #[error("package `{package}` has no valid `{field}` in the index")]
    Relation {
        /// The package.
        package: String,
        /// The field.
        field: &'static str,
        /// The cause.
        #[source]
        cause: RelationError,
    },
    /// The sha256 is malformed.
    #[error("package `{package}` has no valid sha256 in the index")]
    Digest {
        /// The package.
        package: String,
        /// The cause.
        #[source]
        cause: DigestError,
    },
}
