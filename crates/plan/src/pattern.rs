//! Patterns in gitignore syntax over paths in an image.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// An invalid pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid gitignore pattern: {reason}")]
pub struct PatternError {
    /// What is wrong with it.
    pub reason: String,
}

/// Some patterns, compiled.
pub(crate) struct Patterns(Gitignore);

impl Patterns {
    /// Compiles patterns.
    ///
    /// # Errors
    /// When one is not valid.
    pub(crate) fn new<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Result<Self, PatternError> {
        let invalid = |error: ignore::Error| PatternError { reason: error.to_string() };
        let mut builder = GitignoreBuilder::new("/");
        for pattern in patterns {
            builder.add_line(None, pattern).map_err(invalid)?;
        }
        builder.build().map(Self).map_err(invalid)
    }

    /// Whether a file, or a folder above it, matches.
    pub(crate) fn matches(&self, path: &str) -> bool {
        self.0.matched_path_or_any_parents(path, false).is_ignore()
    }
}
