//! git: asked for the tag before a commit, and for the files of one; nothing of a repository is run by it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use shipwheel_store::redacted;

use super::program_error::ProgramError;
use super::run::run;
use crate::error::BuildError;
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

/// What must not depend on this machine's settings when files are fetched, and what would start programs: filters (Git LFS
/// is one), hooks, other protocols than those of the network.
const FETCH_SETTINGS: [&str; 10] = [
    "advice.detachedHead=false",
    "core.attributesFile=/dev/null",
    "core.autocrlf=false",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "filter.lfs.process=",
    "filter.lfs.required=false",
    "filter.lfs.smudge=",
    "init.defaultBranch=main",
    "protocol.ext.allow=never",
];

/// The files of a commit, with those of its submodules, which are commits too.
pub(crate) struct Checkout {
    /// The folder.
    pub(crate) folder: PathBuf,
    program: PathBuf,
}

impl Checkout {
    /// Fetches a commit into a folder that is not there yet, with the user's own credentials.
    ///
    /// # Errors
    /// When there is no git, no network, or no such commit.
    pub(crate) fn of(session: &Session<'_>, folder: PathBuf, url: &str, commit: &str) -> Result<Self, BuildError> {
        if session.offline {
            return Err(session.lacking(url).into());
        }
        let program = session.on_path("git").next().ok_or(ProgramError::NoGit)?;
        let this = Self { folder, program };
        let mut init = this.command(Path::new("/"));
        init.args(["init", "--quiet", "--template="]).arg(&this.folder);
        run(session, init, "git init")?;
        this.git(session, &["remote", "add", "origin", url])?;
        // Some servers give only what a branch or a tag leads to.
        let alone = this.git(session, &["fetch", "--quiet", "--depth=1", "--no-tags", "origin", commit]);
        alone.or_else(|_| {
            this.git(session, &["fetch", "--quiet", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*"])
        })?;
        this.git(session, &["checkout", "--quiet", "--detach", commit])?;
        if this.folder.join(".gitmodules").is_file() {
            this.git(session, &["submodule", "--quiet", "update", "--init", "--recursive", "--depth=1"])?;
        }
        Ok(this)
    }

    /// Fetches the commits and tags before it.
    ///
    /// # Errors
    /// When they cannot be had.
    pub(crate) fn fetch_history(&self, session: &Session<'_>) -> Result<(), BuildError> {
        let is_shallow = self.folder.join(".git/shallow").is_file();
        let depth = if is_shallow { "--unshallow" } else { "--quiet" };
        self.git(session, &["fetch", "--quiet", depth, "--tags", "origin"])
    }

    fn git(&self, session: &Session<'_>, words: &[&str]) -> Result<(), BuildError> {
        let mut command = self.command(&self.folder);
        command.args(words);
        run(session, command, &format!("git {}", words[0])).map(|_| ())
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(FETCH_SETTINGS.iter().flat_map(|setting| ["-c", setting])).current_dir(folder);
        // A hook of another repository may have started all this.
        let own = [("GIT_DIR", self.folder.join(".git")), ("GIT_WORK_TREE", self.folder.clone())];
        command.envs(own).env("GIT_INDEX_FILE", self.folder.join(".git/index"));
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_LFS_SKIP_SMUDGE", "1").env("LC_ALL", "C");
        command
    }
}
