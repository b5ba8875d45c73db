//! A base that cannot be assembled.

use shipwheel_layer::{ContentError, ReadError, TreeError, TreePath};

/// A base that cannot be assembled.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// A package's data tar cannot be read.
    #[error("package `{package}` cannot be unpacked")]
    Read {
        /// The package.
        package: String,
        /// The cause.
        #[source]
        cause: ReadError,
    },
    /// A package's file does not fit among those of the others.
    #[error("package `{package}` does not fit into the base")]
    Tree {
        /// The package.
        package: String,
        /// The cause.
        #[source]
        cause: TreeError,
    },
    /// Two packages have different things at one path.
    #[error("packages `{first}` and `{second}` have different files at `{path}`")]
    Conflict {
        /// The path.
        path: TreePath,
        /// The package that came first by name.
        first: String,
        /// The other.
        second: String,
    },
    /// A file that the maintainer scripts would make conflicts with one of a package.
    #[error("the base's own files conflict with those of the packages")]
    Setup(#[source] TreeError),
    /// A file that others are made from cannot be read.
    #[error("failed to read `{path}`")]
    Content {
        /// The file.
        path: TreePath,
        /// The cause.
        #[source]
        cause: ContentError,
    },
}
