//! Three real sets of dependencies, locked at run time, as image definitions in folders of their own.

use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::workspace::Outcome;

/// A set of dependencies, and a small one of them that has an older release.
pub struct Set {
    pub name: &'static str,
    pub requirements: &'static str,
    /// Distribution, and the version below which the older lock stays.
    pub bump: (&'static str, &'static str),
}

pub const SETS: [Set; 3] = [
    Set { name: "NiceGUI", requirements: "nicegui\nsqlalchemy\nrequests\n", bump: ("certifi", "2026") },
    Set {
        name: "FastAPI and pandas",
        requirements: "fastapi\nuvicorn[standard]\npydantic\nnumpy\npandas\n",
        bump: ("idna", "3.11"),
    },
    Set { name: "scikit-learn", requirements: "scikit-learn\nscipy\n", bump: ("joblib", "1.5") },
];

/// What all definitions have in common: the base of images/variosync, one module, and the lock.
const DEFINITION: &str = r#"# Written for a measurement.
base = { debian = { suite = "bookworm", packages = ["libgcc-s1", "libgomp1", "libstdc++6", "media-types", "python3.11"],
    exclude = ["awk", "debconf", "dpkg", "openssl"] } }
platforms = ["linux/amd64", "linux/arm64"]
[app]
sources = ["main.py"]
"#;

/// Writes a definition without dependencies: what is left of it is the base.
pub fn write_base(shell: &Shell, folder: &Path) -> Outcome {
    shell.create_dir(folder)?;
    shell.write_file(folder.join("main.py"), "print()\n")?;
    shell.write_file(folder.join("image.toml"), DEFINITION)?;
    Ok(())
}

/// Writes a definition with a set, locked for every platform; with `old` its small one stays behind.
pub fn write_set(shell: &Shell, uv: &Path, set: &Set, folder: &Path, old: bool) -> Outcome {
    write_base(shell, folder)?;
    let (distribution, version) = set.bump;
    let pin = if old { format!("{distribution}<{version}\n") } else { String::new() };
    let (input, lock) = (folder.join("requirements.in"), folder.join("requirements.txt"));
    shell.write_file(&input, format!("{}{pin}", set.requirements))?;
    let compile = "pip compile --quiet --upgrade --universal --generate-hashes --no-header --python-version 3.11.2";
    let words = compile.split(' ');
    cmd!(shell, "{uv} {words...} --output-file {lock} {input}").quiet().ignore_stdout().run()?;
    // The same in the form that is read as it is: the measurement excludes a conversion.
    let (lock, words) = (folder.join("pylock.toml"), compile.split(' '));
    cmd!(shell, "{uv} {words...} --format pylock.toml --output-file {lock} {input}").quiet().ignore_stdout().run()?;
    shell.write_file(folder.join("image.toml"), format!("{DEFINITION}[python]\nlock = \"pylock.toml\"\n"))?;
    Ok(())
}

/// The shell line by which uv installs a lock's wheels for a machine into a folder.
pub fn install_line(uv: &Path, lock: &Path, target: &Path, machine: &str) -> String {
    format!(
        "{} pip install --quiet --target {} --python-platform {machine}-manylinux_2_36 --python-version 3.11.2 \
         --only-binary :all: --no-deps --require-hashes --no-installer-metadata -r {}",
        uv.display(),
        target.display(),
        lock.display()
    )
}

/// uv, from PATH or installed by pip into a folder.
pub fn uv(shell: &Shell, folder: &Path) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("uv")).find(|path| path.is_file());
    if let Some(found) = on_path {
        return Ok(found);
    }
    // The one that shipwheel itself pins.
    let pinned = crate::workspace::workspace().join("crates/builder/src/program/uv.txt");
    let words = "-m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --no-compile".split(' ');
    cmd!(shell, "python3 {words...} --target {folder} --requirement {pinned}").quiet().run()?;
    Ok(folder.join("bin/uv"))
}
