//! An environment's files as a list that two installers can be compared by.

use std::collections::BTreeMap;
use std::path::Path;

use shipwheel_oci::Digest;
use xshell::{Shell, cmd};

use crate::{scratch, uv};

/// Path below the prefix → mode and what is in it, except what installers may decide for themselves.
///
/// That is: the text of scripts made from entry points, where only module, function and mode are
/// compared; the rows of RECORD for them; the mode of RECORD; bytecode beside its source; and the
/// minor version of the Python that uv runs on, which it names folders after.
#[derive(Debug, PartialEq, Eq)]
pub struct Installed(BTreeMap<String, String>);

impl Installed {
    /// What is installed below a prefix for Python 3.11.
    ///
    /// # Panics
    /// When the folder cannot be read.
    pub fn below(prefix: &Path) -> Self {
        let mut files = BTreeMap::new();
        collect(prefix, prefix, &mut files);
        Self(files)
    }

    /// What uv installs of a requirements file with hashes, for a platform such as `linux/arm64`.
    ///
    /// # Panics
    /// When uv fails.
    pub fn by_uv(requirements: &Path, platform: &str) -> Self {
        let (folder, shell, uv) = (scratch(), Shell::new().expect("a shell"), uv());
        let prefix = folder.path().join("prefix");
        let machine = if platform == "linux/arm64" { "aarch64" } else { "x86_64" };
        let target = format!("{machine}-manylinux_2_36");
        let script = "umask 022 && exec \"$0\" \"$@\"";
        let words = "pip install --quiet --no-deps --require-hashes --no-installer-metadata --only-binary :all:";
        let words = words.split(' ').chain(["--link-mode", "copy", "--python-version", "3.11.2"]);
        cmd!(shell, "sh -c {script} {uv} {words...} --python-platform {target} --prefix {prefix} -r {requirements}")
            .quiet()
            .env("UV_CONCURRENT_INSTALLS", "1")
            .run()
            .expect("uv installs");
        Self::below(&prefix)
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every difference: `-` for what only the other has, `+` for what is only here or differs.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let missing = other.0.iter().filter(|(path, _)| !self.0.contains_key(*path));
        let missing = missing.map(|(path, what)| format!("- {path} {what}"));
        let others = self.0.iter().filter(|(path, what)| other.0.get(*path) != Some(what));
        let shown = |path: &String| other.0.get(path).map_or("nothing", String::as_str);
        missing.chain(others.map(|(path, what)| format!("+ {path} {what}, expected {}", shown(path)))).collect()
    }
}

fn collect(prefix: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    use std::os::unix::fs::PermissionsExt;
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))).expect("a readable folder");
        if kind.is_dir() {
            collect(prefix, &path, files);
            continue;
        }
        let below = path.strip_prefix(prefix).expect("found below").to_str().expect("UTF-8").to_owned();
        let name = below.rsplit('/').next().unwrap_or_default();
        let stray =
            below.strip_suffix('c').is_some_and(|source| source.ends_with(".py") && prefix.join(source).is_file());
        if !kind.is_file() || [".lock", "pyvenv.cfg"].contains(&name) || below.contains("__pycache__/") || stray {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mode = std::fs::metadata(&path).expect("just read").permissions().mode() & 0o777;
        let what = match below.starts_with("bin/") {
            true => format!("{mode:o} {}", script(&bytes)),
            false if below.ends_with(".dist-info/RECORD") => record(&bytes),
            false => format!("{mode:o} {}", Digest::of(&bytes).hex()),
        };
        files.insert(of_target(&below), what);
    }
}

/// A path with the minor version of the target, whichever Python uv ran on.
fn of_target(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.strip_prefix("python3.") {
        Some(minor) if minor.bytes().all(|byte| byte.is_ascii_digit()) => "python3.11",
        _ => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// A script: one of an entry point by what it starts, any other by all but an interpreter's line.
fn script(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = |start: &str| text.lines().find(|line| line.trim_start().starts_with(start)).map(str::trim);
    match (line("from "), line("sys.exit(")) {
        (Some(from), Some(exit)) if text.starts_with("#!") => format!("{from}; {exit}"),
        _ if text.starts_with("#!") => {
            let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
            let first = if first.contains("/bin/python") { "python" } else { first };
            format!("{first} {}", Digest::of(rest.as_bytes()).hex())
        }
        _ => Digest::of(bytes).hex(),
    }
}

/// RECORD without its rows for scripts and bytecode, which differ, sorted.
fn record(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut rows: Vec<String> =
        text.lines().filter(|row| !row.contains("../bin/") && !row.contains(".pyc,")).map(of_target).collect();
    rows.sort();
    format!("RECORD {}", Digest::of(rows.join("\n").as_bytes()).hex())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(files: &[(&str, &str)]) -> Installed {
        let folder = scratch();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("below")).expect("our own folder");
            std::fs::write(path, text).expect("our own folder");
        }
        Installed::below(folder.path())
    }

    #[test]
    fn only_choices_of_the_installer_may_differ() {
        let script = |python: &str, text: &str| format!("#!{python}\n{text}\nfrom a import b\nsys.exit(b())\n");
        let (one, other) = (script("/x/bin/python", "# x"), script("/y/bin/python", ""));
        let ours = |module: &str| {
            let record = format!("a.py,sha256=x,1\n../../../bin/a,sha256={module},2\n");
            let record = ("lib/python3.11/site-packages/a-1.dist-info/RECORD", record.as_str());
            installed(&[("bin/a", &one), ("lib/python3.11/site-packages/a.py", module), ("pyvenv.cfg", ""), record])
        };
        let record = "../../../bin/a,sha256=y,9\na.py,sha256=x,1\n";
        let uvs = installed(&[
            ("bin/a", &other),
            ("lib/python3.13/site-packages/a.py", "x"),
            ("lib/python3.13/site-packages/a.pyc", ""),
            (".lock", ""),
            ("lib/python3.13/site-packages/a-1.dist-info/RECORD", record),
        ]);
        assert_eq!(ours("x").differences(&uvs), Vec::<String>::new());
        assert_eq!(ours("y").differences(&uvs).len(), 1);
        assert_eq!(ours("x").differences(&installed(&[])).len(), 3);
        assert_eq!(installed(&[]).differences(&uvs).len(), 3);
    }
}
