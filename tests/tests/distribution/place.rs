//! What the tests of this group share below the target folder: a copy of the program, and its wheel.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use shipwheel_tests::{Shipwheel, maturin, workspace};
use xshell::{Shell, cmd};

/// A folder that has the program alone, for `PATH`.
///
/// maturin builds the program again where cargo has put it, so the tests use a copy.
pub fn programs() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        Shipwheel::new().run(&["--version"]).succeeded();
        let built = PathBuf::from(&Shipwheel::new().command(&[]).arguments[0]);
        let folder = built.ancestors().nth(2).unwrap().join("tests/distribution/bin");
        std::fs::create_dir_all(&folder).unwrap();
        let copy = folder.join("copy");
        std::fs::copy(&built, &copy).unwrap();
        std::fs::rename(&copy, folder.join("shipwheel")).unwrap();
        folder
    })
}

/// The wheel of the program as it is built for development.
pub fn wheel() -> &'static Path {
    static WHEEL: OnceLock<PathBuf> = OnceLock::new();
    WHEEL.get_or_init(|| {
        let (shell, maturin) = (Shell::new().unwrap(), maturin());
        let target = programs().ancestors().nth(3).unwrap();
        let folder = programs().with_file_name("wheel");
        let _ = std::fs::remove_dir_all(&folder);
        shell.change_dir(workspace());
        cmd!(shell, "{maturin} build --quiet --offline --profile dev --out {folder}")
            .quiet()
            .ignore_stdout()
            .ignore_stderr()
            .env("CARGO_TARGET_DIR", target)
            .run()
            .expect("maturin builds");
        let mut wheels = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let wheel = wheels.next().expect("a wheel");
        assert!(wheels.next().is_none(), "one wheel");
        wheel
    })
}
