//! gpgv, sqv and apt as judges, each in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Runs a judge; one that is not installed fails the test.
pub fn run(program: &str, arguments: &[&str], environment: &[(&str, &Path)]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).envs(environment.iter().copied()).env("LC_ALL", "C").stdin(Stdio::null());
    command.output().unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// Whether gpgv takes a detached signature as apt judges its answers: one is good, with a digest that apt takes
/// (not MD5, SHA-1 or RIPEMD-160), and none is bad. Unknown keys do not matter.
pub fn gpgv(keyring: &[u8], document: &[u8], signature: &str) -> bool {
    let (folder, [key, document, signature]) = files(keyring, document, signature);
    let arguments = ["--status-fd", "1", "--keyring", &key, &signature, &document];
    let output = run("gpgv", &arguments, &[("HOME", folder.path())]);
    let status = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<Vec<&str>> = status.lines().map(|line| line.split(' ').skip(1).collect()).collect();
    let has = |word: &str| lines.iter().any(|line| line.first() == Some(&word));
    let digests = lines.iter().filter(|line| line.first() == Some(&"VALIDSIG")).filter_map(|line| line.get(8));
    has("GOODSIG") && !has("BADSIG") && digests.copied().any(|digest| !["1", "2", "3"].contains(&digest))
}

/// Whether sqv takes a detached signature.
pub fn sqv(keyring: &[u8], document: &[u8], signature: &str) -> bool {
    let (folder, [key, document, signature]) = files(keyring, document, signature);
    run("sqv", &["--keyring", &key, &signature, &document], &[("HOME", folder.path())]).status.success()
}

fn files(keyring: &[u8], document: &[u8], signature: &str) -> (TempDir, [String; 3]) {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["key.gpg", "document", "document.asc"].map(|name| folder.path().join(name));
    for (path, bytes) in paths.iter().zip([keyring, document, signature.as_bytes()]) {
        fs::write(path, bytes).unwrap();
    }
    (folder, paths.map(|path| path.display().to_string()))
}

/// The text of a release that apt accepts when it is signed.
pub const RELEASE: &str = "Suite: stable\nCodename: bookworm\nDate: Sat, 21 Nov 2020 00:53:02 UTC\n\
    Architectures: amd64\nComponents: main\nSHA256:\n \
    e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 main/binary-amd64/Packages";

/// Whether apt takes an `InRelease`, with a state of its own.
pub fn apt(keyring: &[u8], in_release: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["dists/stable/main/binary-amd64", "state/lists/partial", "cache/archives/partial", "etc"] {
        fs::create_dir_all(path(name)).unwrap();
    }
    let source = format!("deb [signed-by={0}/key.gpg arch=amd64] file:{0} stable main\n", folder.path().display());
    let files: [(&str, &[u8]); 5] = [
        ("key.gpg", keyring),
        ("dists/stable/InRelease", in_release.as_bytes()),
        ("dists/stable/main/binary-amd64/Packages", b""),
        ("state/status", b""),
        ("etc/sources.list", source.as_bytes()),
    ];
    for (name, bytes) in files {
        fs::write(path(name), bytes).unwrap();
    }
    let place = |name: &str, path: PathBuf| format!("-o{name}={}", path.display());
    let options = [
        place("Dir::State", path("state")),
        place("Dir::State::status", path("state/status")),
        place("Dir::Cache", path("cache")),
        place("Dir::Etc", path("etc")),
        "-oAPT::Sandbox::User=root".to_owned(),
        "-oAPT::Update::Error-Mode=any".to_owned(),
        "-oAcquire::Languages=none".to_owned(),
    ];
    let mut arguments: Vec<&str> = options.iter().map(String::as_str).collect();
    arguments.push("update");
    run("apt-get", &arguments, &[]).status.success()
}
