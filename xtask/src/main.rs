//! `cargo xtask <command>`: builds shipwheel, or the workspace's chores, if that is necessary, and becomes that program.
//!
//! cargo compiles this launcher in silence (see `.cargo/config.toml`), so it has no dependencies and compiles in a
//! second. The programs that it launches are compiled with cargo's own progress on standard error. If nothing changed
//! since the last build, the launcher does not run cargo a second time: see [`stamp`].

#![allow(clippy::print_stderr, reason = "the launcher talks to a terminal")]

mod inputs;
mod stamp;

use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::SystemTime;

use crate::stamp::Stamp;

/// The commands of the package `chores`. All others belong to shipwheel.
const CHORES: [&str; 6] = ["bench", "ci", "matrix", "stress", "test", "tidy"];

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
    // cargo puts every binary of one profile and target into one folder.
    let folder = launcher.parent().unwrap_or(Path::new(".")).to_path_buf();
    let (binary, stamp) = (folder.join(program.binary), folder.join(format!("{}.stamp", program.binary)));
    let settings = inputs::settings(&root, &launcher);
    let last = Stamp::read(&stamp);
    if !last.as_ref().is_some_and(|last| last.is_current(&settings)) {
        if let Some(last) = &last {
            last.touch_older(&settings)?;
        }
        let begun = SystemTime::now();
        build(program, &root, &folder, binary.exists())?;
        // Without a stamp the next run asks cargo again.
        let _ = std::fs::remove_file(&stamp);
        let inputs = inputs::of(&binary, &root);
        if let Some(new) = inputs.and_then(|inputs| Stamp::take(settings, &binary, inputs, begun)) {
            let _ = new.write(&stamp);
        }
    }
    Err(Command::new(&binary).arg0("cargo xtask").args(arguments).exec().into())
}

/// Runs `cargo build` with the profile that this launcher was built with.
fn build(program: &Program, root: &Path, folder: &Path, built_before: bool) -> Result<(), Failed> {
    if !built_before {
        eprintln!("building {} for the first time", program.binary);
    }
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        None | Some("debug") => "dev",
        Some(name) => name,
    };
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--package", program.package, "--bin", program.binary, "--profile", profile]);
    command.arg("--manifest-path").arg(root.join("Cargo.toml"));
    // A cross-compiled launcher is in `target/<triple>/<profile>`; cargo reads the triple from where it read it before.
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
