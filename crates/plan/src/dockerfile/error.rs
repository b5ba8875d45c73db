//! Why a Dockerfile cannot be read.

/// A line that Docker refuses as well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct DockerfileError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What was found, and what was expected.
    pub message: String,
}

impl DockerfileError {
    pub(super) fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}
