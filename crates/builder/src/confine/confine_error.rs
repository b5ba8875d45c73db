//! A process that could not confine itself: nothing is run then.

use std::io;

/// Why a confined start failed before the program ran.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfineError {
    /// The order is not one of shipwheel's.
    #[error("the confinement cannot be read")]
    Order(#[source] serde_json::Error),
    /// The process that ordered the start is gone.
    #[error("the process that started this one has ended")]
    Orphaned,
    /// A system call that must succeed did not.
    #[error("{step} failed")]
    Step {
        /// What was being done.
        step: &'static str,
        /// What the kernel said.
        #[source]
        cause: io::Error,
    },
    /// The program of a container does not start.
    #[error("`{program}` does not start")]
    Program {
        /// The program, as it was named.
        program: String,
        /// What the kernel said.
        #[source]
        cause: io::Error,
    },
    /// Landlock's rules could not be made or do not hold.
    #[error("Landlock does not confine this process: {0}")]
    Landlock(String),
    /// The filter of system calls could not be made or does not hold.
    #[error("the seccomp filter does not confine this process")]
    Filter(#[source] seccompiler::Error),
}

impl ConfineError {
    /// The exit code of a container that did not come to its program, as shells and Docker have it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Program { cause, .. } if cause.kind() == io::ErrorKind::NotFound => 127,
            Self::Program { .. } => 126,
            Self::Order(_) | Self::Orphaned | Self::Step { .. } | Self::Landlock(_) | Self::Filter(_) => 125,
        }
    }
}

/// The error of a system call, by what was being done.
pub(crate) fn step<E: Into<io::Error>>(step: &'static str) -> impl FnOnce(E) -> ConfineError {
    move |cause| ConfineError::Step { step, cause: cause.into() }
}
