//! A program of this machine that does not start or fails.

use std::io;

use shipwheel_store::ErrorKind;

/// A program that did not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// It does not start.
    #[error("failed to start {program}")]
    Start {
        /// What was run.
        program: String,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// It ended with an error.
    #[error("{program} failed: {output}")]
    Failed {
        /// What was run.
        program: String,
        /// The end of its output.
        output: String,
    },
    /// uv needs a Python, and knows none outside of a virtual environment.
    #[error("uv found no Python{} on this machine; virtual environments do not count", .request.as_deref().map(|it| format!(" {it}")).unwrap_or_default())]
    NoPython {
        /// The versions that will do.
        request: Option<String>,
    },
}

impl ProgramError {
    /// The tools of the machine are the outside.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Outside
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Start { .. } | Self::Failed { .. } => None,
            Self::NoPython { .. } => Some("install one, or put its folder on `PATH`".to_owned()),
        }
    }
}
