//! One thing on which a lock and its pyproject.toml files differ.

use std::fmt;

/// One requirement or setting on which the two sides differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The folder of the pyproject.toml, relative to the lock, unless it is beside it.
    pub folder: Option<String>,
    /// Where: `dependencies`, `optional-dependencies.fast`, `dependency-groups.dev`, `requires-python`.
    pub section: String,
    /// What pyproject.toml says.
    pub asked: Option<String>,
    /// What the lock was made for.
    pub locked: Option<String>,
}

impl Difference {
    /// A difference in the pyproject.toml beside the lock.
    pub(super) fn new(section: &str, asked: Option<String>, locked: Option<String>) -> Self {
        Self { folder: None, section: section.to_owned(), asked, locked }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(folder) = &self.folder {
            write!(f, "{folder}: ")?;
        }
        write!(f, "{}: ", self.section)?;
        match (&self.asked, &self.locked) {
            (Some(asked), Some(locked)) => write!(f, "pyproject.toml has `{asked}`, the lock has `{locked}`"),
            (Some(asked), None) => write!(f, "pyproject.toml has `{asked}`, the lock does not"),
            (None, Some(locked)) => write!(f, "the lock has `{locked}`, pyproject.toml does not"),
            (None, None) => write!(f, "pyproject.toml and the lock differ"),
        }
    }
}
