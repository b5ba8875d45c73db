//! `cargo xtask mutants [CRATE…]`: whether a test fails when the code that decides bytes or refuses input changes.

use std::ffi::OsString;

use xshell::{Shell, cmd};

use crate::workspace::Outcome;

/// The crates whose modules `.cargo/mutants.toml` lists, without `shipwheel-` in front.
const CRATES: [&str; 7] = ["oci", "layer", "bytecode", "python", "openpgp", "debian", "store"];

/// Runs cargo-mutants over the named crates, or over all; each mutant runs the tests of its own crate.
///
/// What it says of each mutant is in `target/mutants`. It takes seconds for a mutant, and hours for all.
pub fn run(shell: &Shell, arguments: &[OsString]) -> Outcome {
    let named: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    if let Some(unknown) = named.iter().find(|name| !CRATES.contains(name)) {
        return Err(format!("no crate `{unknown}` to mutate; expected one of {}", CRATES.join(", ")).into());
    }
    if cmd!(shell, "cargo mutants --version").quiet().ignore_stdout().ignore_stderr().run().is_err() {
        return Err("cargo-mutants is not installed; run `cargo install --locked cargo-mutants`".into());
    }
    for name in if named.is_empty() { &CRATES[..] } else { &named } {
        let (package, output) = (format!("shipwheel-{name}"), format!("target/mutants/{name}"));
        std::fs::create_dir_all(&output)?;
        cmd!(shell, "cargo mutants --package {package} --output {output}").run()?;
    }
    Ok(())
}
