//! One run of a program: the environment it may see, and what it said when it fails.

use std::process::Command;

use super::program_error::ProgramError;
use crate::error::BuildError;
use crate::session::Session;

/// Variables that uv is given: those that say where packages come from and how to get there.
const PASSED_ON: [&str; 17] = [
    "HOME",
    "PATH",
    "NETRC",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSL_CLIENT_CERT",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSH_AUTH_SOCK",
    "TMPDIR",
    "LANG",
];

/// The same, by how they begin.
const PASSED_ON_PREFIXES: [&str; 7] = ["UV_", "XDG_", "PIP_", "GIT_", "PYENV_", "POETRY_", "PDM_"];

/// Runs a program with the variables that it may see, and gives its standard output.
///
/// # Errors
/// When it does not start or fails; the end of what it said is in the error.
pub(crate) fn run(session: &Session<'_>, mut command: Command, name: &str) -> Result<String, BuildError> {
    let own: Vec<_> = command.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
    command.env_clear();
    let passed = session.environment.iter().filter(|(name, _)| {
        PASSED_ON.contains(&name.as_str()) || PASSED_ON_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    });
    command.envs(passed);
    command.envs(own.into_iter().filter_map(|(name, value)| Some((name, value?))));
    // They contradict `--frozen`, or would make uv write the user's lock.
    command.env_remove("UV_FROZEN").env_remove("UV_LOCKED");
    if session.variable("SSL_CERT_FILE").is_none() && session.variable("UV_SYSTEM_CERTS").is_none() {
        // uv has its own certificate authorities, and shipwheel uses the system's: both should be able to fetch the same.
        command.env("UV_SYSTEM_CERTS", "1");
    }
    if session.variable("UV_CACHE_DIR").is_none() {
        command.env("UV_CACHE_DIR", session.cache.root().join("uv"));
    }
    let program = || name.to_owned();
    let output = command.output().map_err(|cause| ProgramError::Start { program: program(), cause })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().collect();
    let output = lines[lines.len().saturating_sub(20)..].join("\n");
    Err(ProgramError::Failed { program: program(), output }.into())
}
