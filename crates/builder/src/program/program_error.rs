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
    /// A repository is to be fetched, and there is no git.
    #[error("git is not on PATH")]
    NoGit,
    /// uv needs a Python, and knows none outside of a virtual environment.
    #[error("uv found no Python{} on this machine; virtual environments do not count", .request.as_deref().map(|it| format!(" {it}")).unwrap_or_default())]
    NoPython {
        /// The versions that will do.
        request: Option<String>,
    },
}

/// What tools say where the network or their own installation is at fault, and not what they were given.
const OUTSIDE: [&str; 34] = [
    // uv.
    "Failed to fetch",
    "Failed to download",
    "error sending request",
    "error trying to connect",
    "client error (Connect)",
    "dns error",
    "tcp connect error",
    "operation timed out",
    "HTTP status server error",
    // pip, Poetry and PDM.
    "All attempts to connect to",
    "Connection aborted",
    "Connection refused",
    "Connection reset",
    "ConnectError",
    "ConnectTimeout",
    "ConnectionError",
    "Could not fetch URL",
    "Failed to establish a new connection",
    "Max retries exceeded",
    "Name or service not known",
    "NameResolutionError",
    "Network is unreachable",
    "NewConnectionError",
    "ReadTimeout",
    "Read timed out",
    "RemoteDisconnected",
    "SSLError",
    "Temporary failure in name resolution",
    "certificate verify failed",
    // git.
    "Could not resolve host",
    "Couldn't connect to server",
    "unable to connect to",
    // A tool that is broken.
    "Traceback (most recent call last)",
    "panicked at",
];

/// The same, where the user can do something about it.
const REFUSED: [&str; 4] = ["401 Unauthorized", "403 Forbidden", "404 Not Found", "Network connectivity is disabled"];

impl ProgramError {
    /// Whether the tool or what it was given is at fault, as far as what it says tells.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Failed { output, .. } if is_outside(output) => ErrorKind::Outside,
            Self::Failed { .. } | Self::NoGit | Self::NoPython { .. } => ErrorKind::Configuration,
            Self::Start { .. } => ErrorKind::Outside,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Failed { output, .. } if is_outside(output) => {
                Some("check the network, the proxy, and the package index that the tool is set to".to_owned())
            }
            Self::Start { .. } | Self::Failed { .. } => None,
            Self::NoGit => Some("install it: only git fetches a commit".to_owned()),
            Self::NoPython { .. } => Some("install one, or put its folder on `PATH`".to_owned()),
        }
    }
}

fn is_outside(output: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| output.contains(word));
    has(&OUTSIDE) && !has(&REFUSED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tool_says_tells_whose_fault_it_is() {
        for (output, expected) in [
            ("error: Package `x` not found in workspace", ErrorKind::Configuration),
            ("error: unexpected argument '--strange' found", ErrorKind::Configuration),
            ("  × No solution found when resolving dependencies", ErrorKind::Configuration),
            ("Group(s) not found: x (via --with)", ErrorKind::Configuration),
            ("error: Failed to fetch: `https://index.example/simple/x/`\n  dns error", ErrorKind::Outside),
            (
                "error: Failed to fetch: `https://index.example/`\n  HTTP status client error (403 Forbidden)",
                ErrorKind::Configuration,
            ),
            ("All attempts to connect to index.example failed.", ErrorKind::Outside),
            ("Traceback (most recent call last):\n  ModuleNotFoundError", ErrorKind::Outside),
            ("", ErrorKind::Configuration),
        ] {
            let error = ProgramError::Failed { program: "uv".to_owned(), output: output.to_owned() };
            assert_eq!(error.kind(), expected, "{output}");
        }
    }
}
