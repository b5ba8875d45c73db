//! `cargo xtask <command>`: builds shipwheel, or the workspace's chores, if that is necessary, and becomes that program.
//!
//! cargo compiles this launcher in silence (see `.cargo/config.toml`), so it has no dependencies and compiles in a
//! second. The programs that it launches are compiled with cargo's own progress on standard error. If nothing changed
//! since the last build, the launcher does not run cargo a second time: see [`stamp`].

#![allow(clippy::print_stderr, reason = "the launcher talks to a terminal")]

// The launcher has no dependencies, so that this is the first thing that a user of another system reads.
#[cfg(not(target_os = "linux"))]
compile_error!(
    "shipwheel runs on Linux: use WSL 2 on Windows, or a Linux virtual machine on macOS; see docs/install.md"
);

mod identity;
mod inputs;
mod place;
mod stamp;

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::SystemTime;

use crate::place::Place;
use crate::stamp::Stamp;

/// The commands of the package `chores`. All others belong to shipwheel.
const CHORES: [&str; 11] =
    ["bench", "ci", "dist", "fuzz", "matrix", "mutants", "picture", "soak", "stress", "test", "tidy"];

/// A program of this workspace.
struct Program {
    package: &'static str,
    binary: &'static str,
}

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let is_chore = arguments.first().and_then(|command| command.to_str()).is_some_and(|name| CHORES.contains(&name));
    let program = match is_chore {
        true => Program { package: "chores", binary: "chores" },
        false => Program { package: "shipwheel-cli", binary: "shipwheel" },
    };
    match launch(&program, &arguments) {
        Err(Failed::Cargo(code)) => ExitCode::from(code),
        Err(Failed::Launcher(error)) => {
            eprintln!("error: cargo xtask cannot start {}: {error}", program.binary);
            ExitCode::FAILURE
        }
    }
}

/// Why the launcher is still running.
enum Failed {
    /// cargo failed with this exit code and has said why.
    Cargo(u8),
    /// An operation of the launcher failed.
    Launcher(std::io::Error),
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self::Launcher(error)
    }
}

/// Builds a program if its stamp says so, and replaces this process by it.
fn launch(program: &Program, arguments: &[OsString]) -> Result<std::convert::Infallible, Failed> {
    let (launcher, root) = (env::current_exe()?, workspace());
    let place = Place::of(&launcher);
    let (binary, stamp) = (place.folder.join(program.binary), place.folder.join(format!("{}.stamp", program.binary)));
    let settings = inputs::settings(&root, &launcher);
    let last = Stamp::read(&stamp);
    if !last.as_ref().is_some_and(|last| last.is_current(&settings)) {
        if let Some(last) = &last {
            last.touch_older(&settings)?;
        }
        let begun = SystemTime::now();
        build(program, &root, &place, binary.exists())?;
        // Without a stamp the next run asks cargo again.
        let _ = std::fs::remove_file(&stamp);
        let inputs = inputs::of(&binary, &root, &place);
        if let Some(new) = inputs.and_then(|inputs| Stamp::take(settings, &binary, inputs, begun)) {
            let _ = new.write(&stamp);
        }
    }
    Err(Command::new(&binary).arg0("cargo xtask").args(arguments).exec().into())
}

/// Runs `cargo build` with the profile, the target and the target directory that this launcher was built with.
fn build(program: &Program, root: &Path, place: &Place, built_before: bool) -> Result<(), Failed> {
    if !built_before {
        eprintln!("building {} for the first time", program.binary);
    }
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--package", program.package, "--bin", program.binary, "--profile", place.profile()]);
    command.arg("--manifest-path").arg(root.join("Cargo.toml"));
    command.arg("--target-dir").arg(place.target_directory(root));
    if let Some(triple) = place.triple() {
        command.arg("--target").arg(triple);
    }
    let status = command.status()?;
    match status.success() {
        true => Ok(()),
        false => Err(Failed::Cargo(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(101))),
    }
}

/// The top of the workspace: cargo sets the variable for `cargo xtask`; the built-in path serves the bare binary.
fn workspace() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let manifest = manifest.filter(|path| path.ends_with("xtask")).unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    manifest.parent().map_or_else(|| manifest.clone(), Path::to_path_buf)
}
