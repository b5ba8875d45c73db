//! `cargo xtask stress [--wheels N|all]`: what is installed of many real wheels, file by file beside uv.

use std::ffi::OsString;

use xshell::{Shell, cmd};

use crate::workspace::Outcome;

/// How many distributions of the list are taken where nobody says: a few hundred megabytes for each platform.
const WHEELS: &str = "60";

/// Runs the stress test; with `all` it fetches some gigabytes.
pub fn run(shell: &Shell, arguments: &[OsString]) -> Outcome {
    let words: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let wheels = match words[..] {
        [] => WHEELS,
        ["--wheels", wheels] if wheels == "all" || wheels.parse::<usize>().is_ok_and(|number| number > 0) => wheels,
        _ => return Err(format!("expected `--wheels` and a number or `all`, found `{}`", words.join(" ")).into()),
    };
    let test = "test --package shipwheel-tests --test stress -- --nocapture".split(' ');
    cmd!(shell, "cargo {test...}").env("SHIPWHEEL_STRESS_WHEELS", wheels).run()?;
    Ok(())
}
