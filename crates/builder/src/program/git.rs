//! git: asked for the tag before a commit, and for nothing that would run code of the repository.

use std::path::Path;
use std::process::{Command, Stdio};

use shipwheel_store::redacted;

use crate::session::Session;

/// What the configuration of a repository may not say: it could name programs, or fetch what is missing.
///
/// `describe` reads references and commits. It refreshes no index, so that no file system monitor and no filter runs; no
/// protocol is allowed, so that a remote of a partial clone starts no program.
const ENVIRONMENT: [(&str, &str); 8] = [
    ("GIT_ALLOW_PROTOCOL", ""),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_PAGER", ""),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("LC_ALL", "C"),
];

const SETTINGS: [&str; 4] =
    ["core.fsmonitor=false", "core.hooksPath=/dev/null", "core.sshCommand=false", "safe.directory=*"];

/// What `git describe` says of the commit that is checked out in a folder, with the nearest tag that has a digit.
///
/// # Errors
/// Why there is no such answer, as a text.
pub(crate) fn describe(session: &Session<'_>, folder: &Path) -> Result<String, String> {
    let program = session.on_path("git").next().ok_or("git is not on PATH")?;
    let mut command = Command::new(program);
    command.env_clear().envs(ENVIRONMENT).stdin(Stdio::null()).current_dir("/");
    command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting])).arg("-C").arg(folder);
    command.args(["describe", "--tags", "--long", "--abbrev=7", "--match", "*[0-9]*"]);
    let output = command.output().map_err(|error| format!("git does not start: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(redacted(said.lines().next().unwrap_or("git describe fails").trim_start_matches("fatal: ")).to_string())
        }
    }
}
