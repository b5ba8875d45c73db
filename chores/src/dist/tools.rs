//! Programs that make artifacts, which pip installs pinned and with hashes: maturin, zig and mdBook.

use std::path::PathBuf;

use xshell::{Cmd, Shell, cmd};

use crate::workspace::workspace;

/// The tools, with the hash of each wheel.
const TOOLS: &str = ".ci/dist.txt";

/// A command of one of them.
pub(super) fn tool<'s>(shell: &'s Shell, name: &str) -> xshell::Result<Cmd<'s>> {
    let folder = installed(shell)?;
    let program = folder.join("bin").join(name);
    // maturin starts zig as a module of Python.
    Ok(cmd!(shell, "{program}").env("PYTHONPATH", folder))
}

/// The folder that has them, as that list of them says.
fn installed(shell: &Shell) -> xshell::Result<PathBuf> {
    let (list, folder) = (workspace().join(TOOLS), workspace().join("target/tools/dist"));
    let (wanted, kept) = (shell.read_file(&list)?, folder.join("installed.txt"));
    if shell.read_file(&kept).is_ok_and(|there| there == wanted) {
        return Ok(folder);
    }
    shell.remove_path(&folder)?;
    let words = "-m pip install --quiet --disable-pip-version-check --no-deps --require-hashes".split(' ');
    cmd!(shell, "python3 {words...} --target {folder} --requirement {list}").quiet().run()?;
    shell.write_file(&kept, wanted)?;
    Ok(folder)
}
