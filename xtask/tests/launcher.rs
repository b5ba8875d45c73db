//! The launcher in a small workspace, with the real cargo: it builds what changed, and runs no cargo if nothing did.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

/// A workspace that has the launcher, and a `shipwheel` of two crates that prints what its sources say.
struct Workspace {
    root: PathBuf,
    variables: Vec<(&'static str, String)>,
}

impl Workspace {
    fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&root);
        let launcher = Path::new(env!("CARGO_MANIFEST_DIR"));
        let it = Self { root, variables: Vec::new() };
        for file in ["main.rs", "identity.rs", "inputs.rs", "place.rs", "stamp.rs"] {
            it.write(&format!("xtask/src/{file}"), &fs::read_to_string(launcher.join("src").join(file)).unwrap());
        }
        let package = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        it.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"xtask\", \"cli\", \"words\"]\n");
        it.write(".cargo/config.toml", "[alias]\nxtask = \"run --quiet --package xtask --\"\n");
        it.write("xtask/Cargo.toml", &package("xtask"));
        let binary =
            "[[bin]]\nname = \"shipwheel\"\npath = \"main.rs\"\n[dependencies]\nwords = { path = \"../words\" }\n";
        it.write("cli/Cargo.toml", &(package("shipwheel-cli") + binary));
        it.write("cli/main.rs", MAIN);
        it.write("words/Cargo.toml", &package("words"));
        it.write("words/src/lib.rs", "mod word;\npub fn word() -> &'static str { word::WORD }\n");
        it.write("words/src/word.rs", &word("one"));
        it
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs `cargo xtask` with these arguments in a folder of the workspace.
    fn run_in(&self, folder: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new("cargo");
        command.arg("xtask").args(arguments).current_dir(self.root.join(folder));
        // cargo sets some of these for this test; a user's shell has none.
        for name in ["CARGO_MANIFEST_DIR", "CARGO_TARGET_DIR", "RUSTFLAGS", "CARGO_INCREMENTAL"] {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value))).output().unwrap()
    }

    /// Runs the launcher, which has to print this word; says whether it ran cargo.
    #[track_caller]
    fn prints(&self, word: &str) -> bool {
        let output = self.run_in(".", &["word"]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), word, "{error}");
        assert!(error.is_empty() || error.contains("Finished"), "{error}");
        !error.is_empty()
    }

    /// As after a change: the launcher runs cargo once and prints the word, and then runs no cargo.
    #[track_caller]
    fn builds(&self, word: &str) {
        assert!(self.prints(word), "cargo did not run");
        assert!(!self.prints(word), "cargo ran twice");
    }
}

const MAIN: &str = r#"fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments[1].as_str() {
        "word" => println!("{}", words::word()),
        "name" => println!("{}", arguments[0]),
        "here" => println!("{}", std::env::current_dir().unwrap().display()),
        "fail" => std::process::exit(5),
        _ => std::process::abort(),
    }
}
"#;

fn word(text: &str) -> String {
    format!("pub const WORD: &str = {text:?};\n")
}

/// The times of files tick; an edit in the tick of a build is told from the build by the next one.
fn wait() {
    std::thread::sleep(Duration::from_millis(50));
}

#[test]
fn a_change_of_any_input_runs_cargo_once() {
    let it = Workspace::new("inputs");
    wait();
    it.builds("one");

    it.write("words/src/word.rs", &word("two"));
    wait();
    it.builds("two");

    // A new module, and a file that is gone.
    it.write("words/src/lib.rs", "mod other;\npub fn word() -> &'static str { other::WORD }\n");
    it.write("words/src/other.rs", &word("three"));
    fs::remove_file(it.root.join("words/src/word.rs")).unwrap();
    wait();
    it.builds("three");
    fs::remove_file(it.root.join("words/src/other.rs")).unwrap();
    assert_eq!(it.run_in(".", &["word"]).status.code(), Some(101), "a file that is missing is an error");
    it.write("words/src/other/mod.rs", &word("four"));
    wait();
    it.builds("four");

    // A build script appears; a manifest changes.
    it.write("words/build.rs", "fn main() { println!(\"cargo::rustc-env=WORD=five\") }\n");
    it.write("words/src/other/mod.rs", "pub const WORD: &str = env!(\"WORD\");\n");
    wait();
    it.builds("five");
    let manifest = fs::read_to_string(it.root.join("words/Cargo.toml")).unwrap();
    it.write("words/Cargo.toml", &(manifest + "[features]\ndefault = [\"six\"]\nsix = []\n"));
    it.write(
        "words/src/other/mod.rs",
        "pub const WORD: &str = if cfg!(feature = \"six\") { \"six\" } else { \"\" };\n",
    );
    wait();
    it.builds("six");
}

#[test]
fn a_file_with_other_content_and_an_old_time_is_built() {
    let it = Workspace::new("old-time");
    wait();
    it.builds("one");
    let path = it.root.join("words/src/word.rs");
    // As after `tar x` or `rsync --times`: cargo itself looks only for newer files.
    let long_ago = SystemTime::now() - Duration::from_secs(100_000);
    it.write("words/src/word.rs", &word("two"));
    fs::File::options().append(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    wait();
    it.builds("two");
}

#[test]
fn a_binary_that_somebody_touched_or_removed_is_built_again() {
    let it = Workspace::new("binary");
    wait();
    it.builds("one");
    let binary = it.root.join("target/debug/shipwheel");
    fs::File::options().append(true).open(&binary).unwrap().set_modified(SystemTime::now()).unwrap();
    wait();
    it.builds("one");
    fs::remove_file(&binary).unwrap();
    it.builds("one");
    fs::write(it.root.join("target/debug/shipwheel.stamp"), "xtask stamp 1 0\n").unwrap();
    it.builds("one");
}

#[test]
fn settings_are_inputs_too() {
    let mut it = Workspace::new("settings");
    wait();
    it.builds("one");
    it.variables = vec![("RUSTFLAGS", "--cfg=other".to_owned())];
    it.builds("one");
    it.variables = vec![("CARGO_PROFILE_DEV_OPT_LEVEL", "1".to_owned())];
    it.builds("one");
    it.variables = vec![("CARGO_TARGET_DIR", it.root.join("elsewhere").display().to_string())];
    it.builds("one");
    assert!(it.root.join("elsewhere/debug/shipwheel").is_file());
    it.variables = Vec::new();
    let config = fs::read_to_string(it.root.join(".cargo/config.toml")).unwrap();
    it.write(".cargo/config.toml", &(config + "[profile.dev]\ndebug = false\n"));
    wait();
    it.builds("one");
    // The launcher of another profile builds that profile.
    let release = || {
        Command::new("cargo")
            .args(["run", "--quiet", "--release", "--package", "xtask", "word"])
            .env_remove("CARGO_TARGET_DIR")
            .current_dir(&it.root)
            .output()
            .unwrap()
    };
    assert_eq!(release().stdout, b"one\n");
    assert!(it.root.join("target/release/shipwheel").is_file());
    assert!(release().stderr.is_empty());
    assert!(!it.prints("one"));
}

#[test]
fn the_program_gets_the_name_the_folder_and_the_exit_code() {
    use std::os::unix::process::ExitStatusExt as _;
    let it = Workspace::new("program");
    let text = |output: Output| String::from_utf8(output.stdout).unwrap().trim().to_owned();
    assert_eq!(text(it.run_in(".", &["name"])), "cargo xtask");
    let folder = it.root.join("words/src").canonicalize().unwrap();
    assert_eq!(text(it.run_in("words/src", &["here"])), folder.display().to_string());
    assert_eq!(it.run_in(".", &["fail"]).status.code(), Some(5));
    let status = it.run_in(".", &["abort"]).status;
    // cargo reports a signal in its own way.
    assert!(status.signal().is_some() || status.code().is_some_and(|code| code > 100), "{status:?}");
    it.write("words/src/word.rs", "not Rust");
    let broken = it.run_in(".", &["word"]);
    assert_eq!((broken.status.code(), broken.stdout.len()), (Some(101), 0));
}

#[test]
fn a_variable_that_a_source_or_a_build_script_reads_is_an_input() {
    let mut it = Workspace::new("variables");
    it.write(
        "words/src/word.rs",
        "pub const WORD: &str = match option_env!(\"MYVAR\") { Some(it) => it, None => \"none\" };\n",
    );
    wait();
    it.builds("none");
    it.variables = vec![("MYVAR", "one".to_owned())];
    it.builds("one");
    it.variables = vec![("MYVAR", "two words".to_owned())];
    it.builds("two words");
    it.variables = Vec::new();
    it.builds("none");

    let script = "fn main() {\n    println!(\"cargo::rerun-if-env-changed=SDKVAR\");\n    \
        println!(\"cargo::rustc-env=WORD={}\", std::env::var(\"SDKVAR\").unwrap_or_default());\n}\n";
    it.write("words/build.rs", script);
    it.write("words/src/word.rs", "pub const WORD: &str = env!(\"WORD\");\n");
    it.variables = vec![("SDKVAR", "three".to_owned())];
    wait();
    it.builds("three");
    it.variables = vec![("SDKVAR", "four".to_owned())];
    it.builds("four");
    it.variables.push(("UNREAD", "x".to_owned()));
    assert!(!it.prints("four"), "nothing reads this variable");
}

#[test]
fn the_program_is_built_where_the_launcher_was() {
    let it = Workspace::new("flags");
    let version = Command::new("rustc").arg("-vV").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let run = |flags: &[&str]| {
        let output = Command::new("cargo")
            .args(["run", "--quiet", "--package", "xtask"])
            .args(flags)
            .args(["--", "word"])
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("CARGO_MANIFEST_DIR")
            .current_dir(&it.root)
            .output()
            .unwrap();
        assert_eq!(output.stdout, b"one\n", "{flags:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stderr.is_empty()
    };
    wait();
    for (flags, folder) in [
        (&["--target-dir", "elsewhere"][..], "elsewhere/debug".to_owned()),
        (&["--target", host], format!("target/{host}/debug")),
        (&["--target", host, "--release", "--target-dir", "both"], format!("both/{host}/release")),
    ] {
        assert!(!run(flags), "{flags:?}: cargo did not run");
        assert!(it.root.join(&folder).join("shipwheel").is_file(), "{folder}");
        assert!(run(flags), "{flags:?}: cargo ran twice");
    }
    assert!(!it.root.join("target/debug/shipwheel").exists());
}
