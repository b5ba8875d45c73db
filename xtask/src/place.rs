//! Where cargo put this launcher: by that, the flags that cargo had, which `cargo run` does not pass on.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the binaries of one profile and target: `<target directory>/[<triple>/]<profile>`.
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    /// The target directory, in which cargo keeps a file about the compiler.
    top: PathBuf,
}

impl Place {
    /// The place of a binary.
    pub(crate) fn of(binary: &Path) -> Self {
        let folder = binary.parent().unwrap_or(Path::new(".")).to_path_buf();
        let above = folder.parent().unwrap_or(Path::new(".")).to_path_buf();
        let is_top = |folder: &Path| folder.join(".rustc_info.json").exists();
        let top =
            above.parent().filter(|next| !is_top(&above) && is_top(next)).map_or(above.clone(), Path::to_path_buf);
        Self { folder, top }
    }

    /// The profile's name for cargo; only `dev` differs from its folder.
    pub(crate) fn profile(&self) -> &str {
        match self.folder.file_name().and_then(OsStr::to_str) {
            None | Some("debug") => "dev",
            Some(name) => name,
        }
    }

    /// The target that cargo was told to build for, by a flag or a configuration; `None` if it was told nothing.
    pub(crate) fn triple(&self) -> Option<&OsStr> {
        self.folder.parent().filter(|above| *above != self.top)?.file_name()
    }

    /// The target directory, by the name that cargo has for it without flags if that is the one.
    pub(crate) fn target_directory(&self, root: &Path) -> PathBuf {
        let usual = root.join("target");
        let is_usual =
            fs::canonicalize(&usual).is_ok_and(|usual| fs::canonicalize(&self.top).is_ok_and(|top| top == usual));
        if is_usual { usual } else { self.top.clone() }
    }

    /// The folders in which cargo keeps what it knows about compilations for this profile, those for the host included.
    pub(crate) fn records(&self) -> Vec<PathBuf> {
        let host = self.folder.file_name().map(|profile| self.top.join(profile));
        let folders = host.filter(|host| *host != self.folder).into_iter().chain([self.folder.clone()]);
        folders.collect()
    }
}
