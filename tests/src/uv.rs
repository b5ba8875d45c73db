//! uv, which makes the locks of the tests, and whose installations are compared with ours.

use std::path::PathBuf;
use std::sync::OnceLock;

use xshell::{Shell, cmd};

use crate::program::target;

/// Where uv is: on PATH, or installed once below the target folder by pip.
///
/// # Panics
/// When it is nowhere and pip cannot get it.
pub fn uv() -> PathBuf {
    static UV: OnceLock<PathBuf> = OnceLock::new();
    UV.get_or_init(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let on_path = std::env::split_paths(&path).map(|folder| folder.join("uv")).find(|path| path.is_file());
        on_path.unwrap_or_else(installed)
    })
    .clone()
}

fn installed() -> PathBuf {
    let folder = target().join("tests/uv");
    let program = folder.join("bin/uv");
    if !program.is_file() {
        let shell = Shell::new().expect("a shell");
        // The one that shipwheel itself pins.
        let pinned = crate::workspace().join("crates/builder/src/program/uv.txt");
        let install = "pip install --quiet --disable-pip-version-check --no-deps --require-hashes --no-compile";
        let words = install.split(' ');
        cmd!(shell, "python3 -m {words...} --target {folder} --requirement {pinned}")
            .quiet()
            .run()
            .expect("pip gets uv");
    }
    program
}
