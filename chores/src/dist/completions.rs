//! Scripts that complete commands and flags: a file for each shell, by the name that the shell looks for.

use xshell::cmd;

use super::release::Release;
use crate::workspace::Outcome;

/// Shells, and the files that they read.
const SHELLS: [(&str, &str); 5] = [
    ("bash", "shipwheel.bash"),
    ("elvish", "shipwheel.elv"),
    ("fish", "shipwheel.fish"),
    ("powershell", "_shipwheel.ps1"),
    ("zsh", "_shipwheel"),
];

/// Asks the program for each.
pub(super) fn make(release: &Release<'_>) -> Outcome {
    let (shell, program, folder) = (release.shell, &release.program, release.output.join("completions"));
    std::fs::create_dir_all(&folder)?;
    for (name, file) in SHELLS {
        std::fs::write(folder.join(file), cmd!(shell, "{program} completions {name}").quiet().output()?.stdout)?;
    }
    Ok(())
}
