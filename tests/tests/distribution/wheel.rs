//! The wheel: whatever installs it, the program runs without the checkout, and makes the same images.

use std::path::Path;

use shipwheel_tests::{Definition, Run, Shipwheel, pipx, scratch, uv, workspace};
use xshell::{Shell, cmd};

use crate::place::wheel;

/// Hides the sources of this checkout from a command: an empty folder is where each was.
const HIDDEN: &str = "mount --make-rprivate / && mkdir -p \"$EMPTY\" && \
    for folder in $FOLDERS; do mount --bind \"$EMPTY\" \"$folder\"; done && exec \"$@\"";

/// Runs an installed program where there is no checkout.
fn without_checkout(program: &Path, arguments: &[&str]) -> Run {
    let (shell, empty) = (Shell::new().unwrap(), scratch());
    shell.change_dir(empty.path());
    let folders = ["chores", "ci", "crates", "docs", "images", "tests", "xtask"].map(|name| workspace().join(name));
    let folders: Vec<String> = folders.iter().filter(|path| path.is_dir()).map(|it| it.display().to_string()).collect();
    let is_root = rustix::process::geteuid().is_root();
    let namespace: &[&str] = if is_root { &["--mount"] } else { &["--user", "--map-root-user", "--mount"] };
    let mut cmd = cmd!(shell, "unshare {namespace...} sh -c {HIDDEN} sh {program} {arguments...}")
        .env("EMPTY", empty.path().join("empty"))
        .env("FOLDERS", folders.join(" "));
    for (name, value) in Shipwheel::new().command(&[]).environment {
        cmd = cmd.env(name, value);
    }
    Run::of(&cmd.quiet().ignore_status())
}

/// The program, out of an environment that pip made.
fn installed_by_pip(folder: &Path) -> std::path::PathBuf {
    let (shell, wheel, pip) = (Shell::new().unwrap(), wheel(), folder.join("bin/pip"));
    cmd!(shell, "python3 -m venv {folder}").quiet().run().unwrap();
    cmd!(shell, "{pip} install --quiet --disable-pip-version-check --no-index {wheel}").quiet().run().unwrap();
    folder.join("bin/shipwheel")
}

#[test]
fn pip_installs_a_program_that_builds_the_same_image_without_the_checkout() {
    let (folder, definition) = (scratch(), Definition::over_debian("[app]\nsources = [\"hello.py\"]"));
    let definition = definition.with("hello.py", "print('hello')\n");
    let program = installed_by_pip(&folder.path().join("venv"));
    let own = Shipwheel::new().run(&["--version"]).succeeded();
    assert_eq!(without_checkout(&program, &["--version"]).succeeded().stdout, own.stdout);
    let output = |name: &str| format!("oci:{}", folder.path().join(name).display());
    let arguments = ["image", &definition.argument(), "--output"];
    let built = without_checkout(&program, &[&arguments[..], &[&output("installed")]].concat()).succeeded();
    let usual = Shipwheel::new().run(&[&arguments[..], &[&output("built")]].concat()).succeeded();
    assert_eq!(built.line().rsplit('@').next(), usual.line().rsplit('@').next(), "the same digest");
    // The checkout was hidden: a path in it is not found.
    let image = workspace().join("images/variosync").display().to_string();
    without_checkout(&program, &["image", &image, "--dry-run"]).failed(3, &["images/variosync"]);
}

#[test]
fn uvx_and_pipx_run_it() {
    let (shell, wheel, uv, pipx, folder) = (Shell::new().unwrap(), wheel(), uv(), pipx(), scratch());
    shell.change_dir(folder.path());
    let expected = Shipwheel::new().run(&["--version"]).succeeded().stdout;
    // `uvx` is `uv tool run`.
    let by_uv =
        cmd!(shell, "{uv} tool run --quiet --offline --from {wheel} shipwheel --version").quiet().read().unwrap();
    assert_eq!(by_uv, expected.trim_end());
    let (home, programs) = (folder.path().join("home"), folder.path().join("bin"));
    cmd!(shell, "{pipx} install --quiet {wheel}")
        .env("PIPX_HOME", home)
        .env("PIPX_BIN_DIR", &programs)
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run()
        .unwrap();
    let program = programs.join("shipwheel");
    assert_eq!(cmd!(shell, "{program} --version").quiet().read().unwrap(), expected.trim_end());
}

#[test]
fn the_wheel_is_for_old_and_new_linux_and_has_the_program_alone() {
    let name = wheel().file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("shipwheel-") && name.contains("-py3-none-manylinux_2_"), "{name}");
    let mut archive = zip::ZipArchive::new(std::fs::File::open(wheel()).unwrap()).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    for part in [".data/scripts/shipwheel", ".dist-info/licenses/LICENSE-MIT"] {
        assert!(names.iter().any(|name| name.ends_with(part)), "{part} in {names:?}");
    }
    assert!(!names.iter().any(|name| name.ends_with(".py") || name.contains("sboms")), "the program alone: {names:?}");
    let program = names.iter().find(|name| name.ends_with("scripts/shipwheel")).unwrap();
    assert!(archive.by_name(program).unwrap().unix_mode().unwrap() & 0o111 != 0, "it can be run");
}
