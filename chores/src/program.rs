//! shipwheel itself, as cargo builds it for the chores that run it.

use std::ffi::OsString;
use std::path::PathBuf;

use xshell::{Shell, cmd};

/// Builds the program, with cargo's own progress: of the release profile, as it is installed, or of the development profile.
pub fn shipwheel(shell: &Shell, is_release: bool) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let release: &[&str] = if is_release { &["--release"] } else { &[] };
    let mut command = cmd!(shell, "cargo build --locked {release...} --package shipwheel-cli --bin shipwheel");
    // What cargo sets for the program that it starts, a build would take for its own, and compile anew.
    let is_of_cargo = |name: &OsString| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    };
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_cargo(name)) {
        command = command.env_remove(name);
    }
    command.run()?;
    let own = std::env::current_exe()?;
    let folder = own.parent().ok_or("this program has no folder")?;
    Ok(folder.with_file_name(if is_release { "release" } else { "debug" }).join("shipwheel"))
}
