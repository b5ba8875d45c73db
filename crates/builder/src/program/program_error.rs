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
}

impl ProgramError {
    /// The tools of the machine are the outside.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::Outside
    }
}
