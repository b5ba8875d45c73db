//! A pyproject.toml that cannot be used, and the readers that say so.

use serde::de::DeserializeOwned;

use crate::dependency::{Dependency, DependencyError};
use crate::name::NameError;

/// A pyproject.toml that cannot be used. The text reads after the file's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PyprojectError {
    /// It is not TOML, or a key has another type than its specification says.
    #[error("line {line}: {reason}")]
    Syntax {
        /// The line, counted from 1.
        line: usize,
        /// What the TOML reader says.
        reason: String,
    },
    /// `project.name` is not a distribution's name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// `requires-python` is not a list of version specifiers.
    #[error("requires-python is `{found}`, expected versions such as >=3.11")]
    RequiresPython {
        /// The text as it was found.
        found: String,
    },
    /// A requirement cannot be read.
    #[error(transparent)]
    Dependency(#[from] DependencyError),
    /// A dependency group includes itself.
    #[error("the group `{group}` includes itself")]
    GroupCycle {
        /// The group's name.
        group: String,
    },
    /// A dependency group includes a group that does not exist.
    #[error("the group `{group}` does not exist")]
    UnknownGroup {
        /// The name of the missing group.
        group: String,
    },
    /// A dependency group has a member that is neither a requirement nor an include.
    #[error("the group `{group}` has a member of an unknown kind")]
    GroupMember {
        /// The group's name.
        group: String,
    },
}

/// Parses TOML into raw values.
pub(super) fn from_toml<T: DeserializeOwned>(text: &str) -> Result<T, PyprojectError> {
    toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
        PyprojectError::Syntax { line, reason: error.message().to_owned() }
    })
}

/// Parses a list of requirements.
pub(super) fn dependencies(texts: &[String]) -> Result<Vec<Dependency>, DependencyError> {
    texts.iter().map(|text| text.parse()).collect()
}
