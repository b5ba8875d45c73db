//! Packages that cannot be found together.

use std::fmt;

use crate::package::{PackagesError, RelationError};

/// Packages that cannot be found together.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// A stanza of an index cannot be read.
    #[error(transparent)]
    Index(#[from] PackagesError),
    /// A wanted package has another form than `name` or `name=version`.
    #[error("`{found}` is neither `name` nor `name=version`")]
    Wanted {
        /// The text as it was found.
        found: String,
        /// The cause, where there is one.
        #[source]
        cause: Option<RelationError>,
    },
    /// A package is both wanted and excluded.
    #[error("package `{package}` is both wanted and excluded")]
    Excluded {
        /// The package.
        package: String,
    },
    /// No index has the package, and none provides it.
    #[error("no package `{package}` for {architecture}{needed_by}{}", similar(.nearest))]
    Unknown {
        /// The package.
        package: String,
        /// The architecture.
        architecture: String,
        /// Who needs it.
        needed_by: Chain,
        /// The names that are most like it.
        nearest: Vec<String>,
    },
    /// The package is there, but not in a version that is allowed.
    #[error("no version of a package fits `{relation}` for {architecture}{needed_by}; found {}", found.join(", "))]
    Unsatisfied {
        /// What is asked for.
        relation: String,
        /// The architecture.
        architecture: String,
        /// Who needs it.
        needed_by: Chain,
        /// The versions there are, as `name version`.
        found: Vec<String>,
    },
}

/// The packages through which something is needed, nearest first; empty for a wanted one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain(pub Vec<String>);

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|package| write!(f, ", needed by {package}"))
    }
}

fn similar(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("; similar: {}", names.join(", ")) }
}
