//! The workspace's chores: `cargo xtask ci`, `test`, `tidy`, `bench`, `dist`, `fuzz`, `matrix`, `mutants`, `picture`, `soak`, `stress`.

// A chore's whole output is what it says on the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "chores talk to a terminal")]

mod bench;
mod ci;
mod dist;
mod fuzz;
mod matrix;
mod mutants;
mod picture;
mod program;
mod soak;
mod stress;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use xshell::Shell;

use crate::workspace::{Outcome, workspace};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let (command, rest) = match arguments.get(1..) {
        Some([command, rest @ ..]) => (command.to_str().unwrap_or_default(), rest),
        _ => ("", [].as_slice()),
    };
    let outcome = match command {
        "bench" => in_workspace(|shell| bench::run(shell, rest)),
        "ci" => in_workspace(ci::run),
        "dist" => in_workspace(|shell| dist::run(shell, rest)),
        "fuzz" => in_workspace(|shell| fuzz::run(shell, rest)),
        "matrix" => in_workspace(|shell| matrix::run(shell, rest)),
        "mutants" => in_workspace(|shell| mutants::run(shell, rest)),
        "picture" => in_workspace(picture::run),
        "soak" => in_workspace(|shell| soak::run(shell, rest)),
        "stress" => in_workspace(|shell| stress::run(shell, rest)),
        "test" => in_workspace(|shell| test::run(shell, rest)),
        "tidy" => in_workspace(|_| tidy::run(&workspace(), rest.iter().any(|word| word == "--fix"))),
        unknown => {
            let chores = "bench, ci, dist, fuzz, matrix, mutants, picture, soak, stress, test or tidy";
            Err(format!("no chore `{unknown}`; expected {chores}").into())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a chore from the top of the workspace, wherever the user stands.
fn in_workspace(chore: impl FnOnce(&Shell) -> Outcome) -> Outcome {
    let shell = Shell::new()?;
    shell.change_dir(workspace());
    chore(&shell)
}
