//! `cargo xtask ci`: all that must hold before a change lands, in the order of what fails soonest.

use xshell::{Shell, cmd};

use crate::workspace::{Outcome, workspace};
use crate::{test, tidy};

/// The README's first command, without `cargo` in front.
pub const FIRST_COMMAND: &str = "xtask image --platforms amd64,arm64";

/// Formatting, lints, house rules, the README's first command from an empty cache, then every test.
pub fn run(shell: &Shell) -> Outcome {
    cmd!(shell, "cargo fmt --all --check").run()?;
    cmd!(shell, "cargo clippy --quiet --workspace --all-targets -- --deny warnings").run()?;
    tidy::run(&workspace(), false)?;

    let scratch = tempfile::tempdir()?;
    // The tests build the same image: what the first command fetched serves them too.
    let cache = scratch.path().join("cache");
    let _cache = shell.push_env("SHIPWHEEL_CACHE_DIR", &cache);
    first_command(shell, &scratch.path().join("variosync"))?;
    test::run(shell, &[])
}

/// Runs the README's first command as a newcomer would, but for where its output goes.
fn first_command(shell: &Shell, layout: &std::path::Path) -> Outcome {
    let words = FIRST_COMMAND.split(' ');
    let output = format!("oci:{}", layout.display());
    cmd!(shell, "cargo {words...} --output {output}").run()?;
    match layout.join("index.json").is_file() {
        true => Ok(()),
        false => Err(format!("`cargo {FIRST_COMMAND}` succeeded, yet {} has no index.json", layout.display()).into()),
    }
}
