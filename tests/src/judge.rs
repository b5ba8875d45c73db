//! Finds the programs whose judgement the tests ask for.

use std::path::{Path, PathBuf};

/// Where a judge is; `package` is the Debian package to install when it is nowhere.
///
/// # Panics
/// When the program is missing: a test that judged nothing must not pass.
pub fn judge(program: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let administrators = ["/usr/sbin", "/sbin"].map(|folder| Path::new(folder).to_path_buf());
    let found = std::env::split_paths(&path).chain(administrators).map(|folder| folder.join(program));
    found.into_iter().find(|path| path.is_file()).unwrap_or_else(|| {
        panic!("{program} is missing: run `cargo xtask test`, or `apt-get install --no-install-recommends {package}`")
    })
}
