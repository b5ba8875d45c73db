//! Why the files of a project's wheel are not known without running its build backend.

use crate::project::version_tool::VersionTool;

/// Why only the build backend knows the files of a wheel. The text follows "because".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotStatic {
    /// Something that is not read here, or not read exactly.
    #[error("{0}")]
    Because(String),
    /// The version comes from the tags of a repository, and none is given.
    #[error("its version comes from tags of git ({})", .0.name())]
    Version(VersionTool),
}

impl NotStatic {
    /// With a reason.
    pub(super) fn because(reason: impl Into<String>) -> Self {
        Self::Because(reason.into())
    }
}
