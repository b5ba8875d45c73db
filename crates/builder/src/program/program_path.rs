//! Where a program of this machine is.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A program by `PATH`: folders that are relative are the one that is built, or below it, and do not count.
pub(crate) fn program_path(environment: &BTreeMap<String, String>, name: &str) -> Option<PathBuf> {
    let path = environment.get("PATH").map(String::as_str).unwrap_or_default();
    let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}
