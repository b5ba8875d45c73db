//! What a build depends on: settings, which every run computes again, and files.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::identity::identity;
use crate::place::Place;

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
        if text == "CARGO" || (VARIABLES.iter().any(starts) && !is_ignored(&text)) {
            settings.push(format!("variable {name:?} {value:?}"));
        }
    }
    for path in configurations() {
        settings.push(format!("configuration {path:?} {}", identity(&path)));
    }
    settings
}

/// Whether the value of a variable says nothing about a build.
fn is_ignored(name: &str) -> bool {
    IGNORED.iter().any(|prefix| name.starts_with(prefix))
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

/// What a binary was built from.
pub(crate) struct Inputs {
    /// Its sources, the manifests, and the lock file.
    pub(crate) files: Vec<PathBuf>,
    /// The variables that its sources and build scripts read.
    pub(crate) variables: BTreeSet<String>,
}

/// The inputs of a binary.
///
/// `None` if they are not known: a binary without cargo's dep-info file, a configuration that includes others, or one
/// that keeps what cargo knows about compilations elsewhere.
pub(crate) fn of(binary: &Path, root: &Path, place: &Place) -> Option<Inputs> {
    let is_unknown = |path: &PathBuf| {
        fs::read_to_string(path).map_or(true, |text| text.contains("include") || text.contains("build-dir"))
    };
    if configurations().iter().any(is_unknown) || env::var_os("CARGO_BUILD_BUILD_DIR").is_some() {
        return None;
    }
    let sources = sources(&fs::read_to_string(binary.with_extension("d")).ok()?)?;
    let folders: BTreeSet<&Path> = sources.iter().flat_map(|source| source.ancestors().skip(1)).collect();
    let packages = folders.into_iter().filter(|folder| folder.join("Cargo.toml").exists());
    // A build script that is not there is an input, too: it may appear.
    let manifests = packages.flat_map(|folder| [folder.join("Cargo.toml"), folder.join("build.rs")]);
    let files = manifests.chain([root.join("Cargo.lock")]).chain(sources.iter().cloned()).collect();
    Some(Inputs { files, variables: variables(place)? })
}

/// The variables that sources and build scripts of this profile read, by rustc's dep-info and by what scripts printed.
fn variables(place: &Place) -> Option<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for folder in place.records() {
        let below =
            |name: &str| fs::read_dir(folder.join(name)).into_iter().flatten().flatten().map(|entry| entry.path());
        let sources = below("deps").filter(|path| path.extension().is_some_and(|extension| extension == "d"));
        let scripts = below("build").map(|path| path.join("output"));
        for path in sources.chain(scripts) {
            // What a script prints to cargo need not be text.
            let text = fs::read(path).unwrap_or_default();
            found.extend(String::from_utf8_lossy(&text).lines().filter_map(variable));
        }
    }
    // Without its dep-info, nothing is known about this profile.
    place.folder.join("deps").exists().then_some(found)
}

/// The variable that a line of dep-info, or one that a build script printed, names.
fn variable(line: &str) -> Option<String> {
    let name = match line.strip_prefix("# env-dep:") {
        Some(rest) => rest.split('=').next()?,
        None => line.strip_prefix("cargo:")?.trim_start_matches(':').strip_prefix("rerun-if-env-changed=")?,
    };
    let name = name.trim();
    (!name.is_empty() && !is_ignored(name)).then(|| name.to_owned())
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

    #[test]
    fn variables_are_named_by_dep_info_and_by_build_scripts() {
        for (line, name) in [
            ("# env-dep:SDK=/x=y", Some("SDK")),
            ("# env-dep:SDK", Some("SDK")),
            ("cargo:rerun-if-env-changed=SDK", Some("SDK")),
            ("cargo::rerun-if-env-changed=SDK", Some("SDK")),
            ("cargo::rustc-env=SDK=x", None),
            ("# env-dep:CARGO_PKG_VERSION=1", None),
            ("a.rs: SDK", None),
        ] {
            assert_eq!(variable(line).as_deref(), name, "{line}");
        }
    }
}
