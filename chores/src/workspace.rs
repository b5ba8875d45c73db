//! Where the workspace is, and what every chore returns.

use std::error::Error;
use std::path::{Path, PathBuf};

/// What a chore ends with: any error at all, printed once at the edge.
pub type Outcome = Result<(), Box<dyn Error>>;

/// The top of the workspace: cargo sets the variable for `cargo xtask`, the built-in path serves a bare binary.
pub fn workspace() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let manifest = manifest
        .filter(|path| path.ends_with("xtask") || path.ends_with("chores"))
        .unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    manifest.parent().map_or_else(|| manifest.clone(), Path::to_path_buf)
}
