//! `cargo xtask matrix [FILTER…]`: every Python version compiles everything in every way, on both architectures.

use std::ffi::OsString;

use xshell::{Shell, cmd};

use crate::test;
use crate::workspace::Outcome;

/// Sets up the judges as the tests do, then runs the tests that take longest, one after the other.
pub fn run(shell: &Shell, filters: &[OsString]) -> Outcome {
    test::set_up(shell)?;
    cmd!(shell, "cargo test --package shipwheel-tests --test matrix -- --nocapture --test-threads 1 {filters...}")
        .run()?;
    Ok(())
}
