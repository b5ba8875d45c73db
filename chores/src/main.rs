//! The workspace's chores: `cargo xtask ci`, `test`, `tidy`, `bench`, `matrix`, `stress`.

// A chore's whole output is what it says on the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "chores talk to a terminal")]

mod bench;
mod ci;
mod matrix;
mod stress;
mod test;
mod tidy;

use std::error::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use xshell::Shell;

/// What a chore ends with: any error at all, said once at the edge.
type Outcome = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let (command, rest) = match arguments.get(1..) {
        Some([command, rest @ ..]) => (command.to_str().unwrap_or_default(), rest),
        _ => ("", [].as_slice()),
    };
    let outcome = match command {
        "bench" => in_workspace(|shell| bench::run(shell, rest)),
        "ci" => in_workspace(ci::run),
        "matrix" => in_workspace(|shell| matrix::run(shell, rest)),
        "stress" => in_workspace(|shell| stress::run(shell, rest)),
        "test" => in_workspace(|shell| test::run(shell, rest)),
        "tidy" => in_workspace(|_| tidy::run(&workspace())),
        unknown => Err(format!("no chore `{unknown}`; expected bench, ci, matrix, stress, test or tidy").into()),
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

/// The top of the workspace: cargo sets the variable for `cargo xtask`, the built-in path serves a bare binary.
fn workspace() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let manifest = manifest
        .filter(|path| path.ends_with("xtask") || path.ends_with("chores"))
        .unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    manifest.parent().map_or_else(|| manifest.clone(), Path::to_path_buf)
}
