//! `cargo xtask ci`: everything that must hold before a change lands, in the order of what fails soonest.

use std::path::Path;

use xshell::{Shell, cmd};

use crate::workspace::{Outcome, workspace};
use crate::{test, tidy, tools};

/// The README's first command, without `cargo` in front.
pub const FIRST_COMMAND: &str = "xtask image --platforms amd64,arm64";

/// The Rust whose warnings are errors.
///
/// The next stable release warns of more. With any other release, warnings are shown and fail nothing, so that CI
/// breaks when this number changes and not when a toolchain does. A `rust-toolchain.toml` would make rustup download
/// this release on a machine that has another one and perhaps no way to download.
const LINTS: &str = "1.95";

/// Runs the checks, the README's first command from an empty cache, then every test.
pub fn run(shell: &Shell) -> Outcome {
    cmd!(shell, "cargo fmt --all --check").run()?;
    tidy::run(&workspace(), false)?;
    tools::check(shell)?;
    lint(shell)?;

    let scratch = tempfile::tempdir()?;
    // The tests build the same image: what the first command fetched serves them too.
    let cache = scratch.path().join("cache");
    let _cache = shell.push_env("SHIPWHEEL_CACHE_DIR", &cache);
    first_command(shell, &scratch.path().join("variosync"))?;
    test::run(shell, &[])
}

/// clippy and rustdoc, over everything.
fn lint(shell: &Shell) -> Outcome {
    let version = cmd!(shell, "rustc --version").quiet().read()?;
    let denies = version.split_whitespace().nth(1).is_some_and(|number| number.starts_with(&format!("{LINTS}.")));
    if !denies {
        println!("warnings are not errors: they are with Rust {LINTS}, and this is {version}");
    }
    let deny: &[&str] = if denies { &["--deny", "warnings"] } else { &[] };
    cmd!(shell, "cargo clippy --quiet --workspace --all-targets -- {deny...}").run()?;
    let _flags = shell.push_env("RUSTDOCFLAGS", deny.join(" "));
    cmd!(shell, "cargo doc --quiet --workspace --no-deps").run()?;
    Ok(())
}

/// Runs the README's first command as a newcomer would, except for the place of its output.
fn first_command(shell: &Shell, layout: &Path) -> Outcome {
    let words = FIRST_COMMAND.split(' ');
    let output = format!("oci:{}", layout.display());
    cmd!(shell, "cargo {words...} --output {output}").run()?;
    match layout.join("index.json").is_file() {
        true => Ok(()),
        false => Err(format!("`cargo {FIRST_COMMAND}` succeeded, but {} has no index.json", layout.display()).into()),
    }
}
