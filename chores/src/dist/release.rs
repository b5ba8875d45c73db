//! What artifacts are made of, and where to.

use std::path::PathBuf;

use xshell::Shell;

/// One release, for this machine.
pub(super) struct Release<'a> {
    pub(super) shell: &'a Shell,
    /// The program as cargo built it: of the release profile, for a smoke test of the development profile.
    pub(super) program: PathBuf,
    /// The folder that all artifacts are written to.
    pub(super) output: PathBuf,
    /// Whether the development build serves.
    pub(super) smoke: bool,
}
