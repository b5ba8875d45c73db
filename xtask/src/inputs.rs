//! What a build depends on: settings, which every run computes again, and files.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::stamp::identity;

/// Variables that cargo, rustc, or the C compilers of build scripts read begin with one of these.
const VARIABLES: [&str; 12] =
    ["CARGO_", "RUST", "CC", "CXX", "CFLAGS", "AR", "HOST_", "TARGET_", "LZMA", "LIBLZMA", "PKG_CONFIG", "MAKE"];

/// Variables that `cargo run` sets for the launcher itself, and those that change no build.
const IGNORED: [&str; 6] =
    ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_NAME", "CARGO_CRATE_NAME", "RUST_BACKTRACE", "RUST_LOG"];

/// Everything but files that decides what cargo builds, as text: it is compared as a whole.
///
/// The toolchain, its version, and the compiler's flags are in it by way of the launcher: when they change, `cargo run`
/// compiles another launcher.
pub(crate) fn settings(root: &Path, launcher: &Path) -> Vec<String> {
    let mut settings = vec![format!("workspace {root:?}"), format!("launcher {launcher:?} {}", identity(launcher))];
    let mut variables: Vec<_> = env::vars_os().collect();
    variables.sort();
    for (name, value) in variables {
        let text = name.to_string_lossy();
        let starts = |prefix: &&str| text.starts_with(prefix);
        if text == "CARGO" || (VARIABLES.iter().any(starts) && !IGNORED.iter().any(starts)) {
            settings.push(format!("variable {name:?} {value:?}"));
        }
    }
    for path in configurations() {
        settings.push(format!("configuration {path:?} {}", identity(&path)));
    }
    settings
}

/// The configuration files that cargo reads: those above the working directory and the user's own.
fn configurations() -> Vec<PathBuf> {
    let here = env::current_dir().unwrap_or_default();
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let folders = here.ancestors().map(|folder| folder.join(".cargo")).chain(home);
    let files = folders.flat_map(|folder| [folder.join("config.toml"), folder.join("config")]);
    files.filter(|path| path.exists()).collect()
}

/// The files that a binary was built from: its sources, the manifests, and the lock file.
///
/// `None` if they are not known: a binary without cargo's dep-info file, or a configuration that includes others.
pub(crate) fn of(binary: &Path, root: &Path) -> Option<Vec<PathBuf>> {
    let includes = |path: &PathBuf| fs::read_to_string(path).map_or(true, |text| text.contains("include"));
    if configurations().iter().any(includes) {
        return None;
    }
    let sources = sources(&fs::read_to_string(binary.with_extension("d")).ok()?)?;
    let folders: BTreeSet<&Path> = sources.iter().flat_map(|source| source.ancestors().skip(1)).collect();
    let packages = folders.into_iter().filter(|folder| folder.join("Cargo.toml").exists());
    // A build script that is not there is an input, too: it may appear.
    let manifests = packages.flat_map(|folder| [folder.join("Cargo.toml"), folder.join("build.rs")]);
    Some(manifests.chain([root.join("Cargo.lock")]).chain(sources.iter().cloned()).collect())
}

/// The files that a dep-info file names: `binary: source source …`, with escaped spaces, as `make` reads it.
fn sources(text: &str) -> Option<Vec<PathBuf>> {
    let (_, rest) = text.lines().next()?.split_once(": ")?;
    let mut files = vec![String::new()];
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        let file = files.last_mut()?;
        match character {
            '\\' => file.push(characters.next()?),
            ' ' => files.push(String::new()),
            other => file.write_char(other).ok()?,
        }
    }
    Some(files.into_iter().filter(|file| !file.is_empty()).map(PathBuf::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dep_info_is_read_with_its_escaped_spaces() {
        let files = sources("/target/debug/a: /x/a\\ b.rs /x/c.rs\n").unwrap();
        assert_eq!(files, [PathBuf::from("/x/a b.rs"), PathBuf::from("/x/c.rs")]);
        assert_eq!(sources(""), None);
    }
}
