//! Man pages: `man --manpath DIR/man shipwheel-image` shows one.

use xshell::cmd;

use super::release::Release;
use crate::workspace::Outcome;

/// Lets the program write them.
pub(super) fn make(release: &Release<'_>) -> Outcome {
    let (shell, program, folder) = (release.shell, &release.program, release.output.join("man/man1"));
    cmd!(shell, "{program} manual {folder}").quiet().ignore_stdout().run()?;
    Ok(())
}
