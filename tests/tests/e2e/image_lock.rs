//! image.lock: what it pins, what `--locked` refuses, and that nothing is asked where nothing changed.

use std::fs::FileTimes;
use std::path::Path;
use std::time::Duration;

use shipwheel_tests::{Definition, Layout, Registry, Run, Shipwheel, scratch};

/// The exit code of docs/errors.md.
const CONFIGURATION: i32 = 3;

/// What a run says when it takes what it remembers.
const UNCHANGED: &str = "nothing changed";

/// A registry with a base at `base/python:3.11`, and a definition over it.
fn over_registry() -> (Registry, Definition, String) {
    let registry = Registry::start();
    let name = format!("{}/base/python:3.11", registry.host());
    Shipwheel::new().image(&["--platforms", "amd64,arm64", "--push", &name]).succeeded();
    let definition = Definition::over(&format!("{{ image = \"{name}\" }}"));
    (registry, definition, name)
}

fn lock(definition: &Definition, more: &[&str]) -> Run {
    Shipwheel::new().run(&[&["lock", &definition.argument(), "--image"], more].concat()).succeeded()
}

fn build(definition: &Definition, more: &[&str]) -> Run {
    let output = format!("oci:{}", definition.output().display());
    Shipwheel::new().image(&[&[&definition.argument(), "--output", &output][..], more].concat())
}

#[test]
fn a_tag_that_moves_moves_no_image_until_it_is_locked_again() {
    let (_registry, definition, name) = over_registry();
    let free = build(&definition, &[]).succeeded();
    let path = definition.path().join("image.lock");
    assert_eq!(lock(&definition, &[]).line(), path.display().to_string());
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(free.line().split_once('@').unwrap().1), "{text}");
    assert!(!text.contains("127.0.0.1"), "no host is in it: {text}");
    lock(&definition, &[]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "the same build is the same text");
    // The lock is no part of the application.
    assert_eq!(build(&definition, &["--locked"]).succeeded().line(), free.line());
    Shipwheel::new().image(&["--platforms", "amd64,arm64", "--no-bytecode", "--push", &name]).succeeded();
    assert_eq!(build(&definition, &["--locked"]).succeeded().line(), free.line());
    let locked = lock(&definition, &["--upgrade"]);
    assert!(locked.stderr.contains("base:"), "{}", locked.stderr);
    assert_ne!(build(&definition, &["--locked"]).succeeded().line(), free.line());
}

#[test]
fn what_differs_is_refused_and_named() {
    let (_registry, definition, _) = over_registry();
    build(&definition, &["--locked"]).failed(CONFIGURATION, &["there is no ", "image.lock", "lock --image"]);
    lock(&definition, &[]);
    let definition = definition.with("hello.py", "print('other')\n");
    let run = build(&definition, &["--locked"]);
    run.failed(CONFIGURATION, &["linux/amd64: the layer application (/app)", "linux/arm64", "application's files"]);
    assert!(!definition.output().exists(), "nothing was written");
    build(&definition, &["--locked=dependencies"]).succeeded();
    build(&definition, &["--locked=dependencies", "--optimize", "1"]).failed(CONFIGURATION, &["platform bytecode"]);
    let path = definition.path().join("image.lock");
    let text = std::fs::read_to_string(&path).unwrap();
    let definition = definition.with("image.lock", &text.replacen("\nlayer = ", "\nlayer = 9", 1));
    let run = build(&definition, &[]).succeeded();
    assert!(run.stderr.contains("the form `layer`: version 9"), "{}", run.stderr);
    build(&definition, &["--locked"]).failed(CONFIGURATION, &["the form `layer`: version 9"]);
    // The library of another compression is one more form; what is in gzip names none.
    assert!(!text.contains("zstd"), "{text}");
    let zstd = definition.with("image.lock", &text).and("[layers]\ncompression = \"zstd\"");
    build(&zstd, &["--locked"]).failed(CONFIGURATION, &["the form `zstd`: version unknown is locked"]);
    lock(&zstd, &[]);
    let text = std::fs::read_to_string(&path).unwrap();
    build(&zstd, &["--locked"]).succeeded();
    let older = zstd.with("image.lock", &text.replacen("\nzstd = ", "\nzstd = 9", 1));
    build(&older, &["--locked"]).failed(CONFIGURATION, &["the form `zstd`: version 9"]);
    let definition = older.with("image.lock", "version = 1\nroot = 5\n");
    build(&definition, &[]).failed(CONFIGURATION, &["`root` is an integer", "`base` is missing"]);
}

/// Waits until the times of files tell whether they changed.
fn settle() {
    std::thread::sleep(Duration::from_secs(4));
}

fn is_remembered(run: &Run) -> bool {
    run.stderr.contains(UNCHANGED)
}

/// Writes a text of the same length, and sets the file's time back to what it was.
fn change_in_secret(path: &Path, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let modified = std::fs::metadata(path).unwrap().modified().unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    std::fs::File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_times(FileTimes::new().set_modified(modified))
        .unwrap();
}

#[test]
fn where_nothing_changed_nobody_is_asked() {
    let (registry, definition, _) = over_registry();
    lock(&definition, &[]);
    settle();
    // The base's layers come from the registry once.
    let first = build(&definition, &[]).succeeded();
    drop(registry);
    let second = build(&definition, &["--locked"]).succeeded();
    assert!(!is_remembered(&first) && is_remembered(&second), "{}", second.stderr);
    assert_eq!(first.line(), second.line());
    // The output is still looked at.
    std::fs::remove_dir_all(definition.output()).unwrap();
    assert!(is_remembered(&build(&definition, &[]).succeeded()));
    assert_eq!(Layout::new(&definition.output()).entry()["digest"], first.line().split_once('@').unwrap().1);
    // A flag, and a variable, are other questions.
    assert!(!is_remembered(&build(&definition, &["--optimize", "1"]).succeeded()));
    assert!(is_remembered(&build(&definition, &[]).succeeded()));
    let shipwheel = Shipwheel::new().with("SOURCE_DATE_EPOCH", 86400);
    let output = definition.output().display().to_string();
    let dated = shipwheel.image(&[&definition.argument(), "--output", &output]).succeeded();
    assert!(!is_remembered(&dated));
    assert_ne!(dated.line(), first.line());
    // So is a content of the same size and time.
    change_in_secret(&definition.path().join("hello.py"), "'hello'", "'hallo'");
    let changed = build(&definition, &[]).succeeded();
    assert!(!is_remembered(&changed), "{}", changed.stderr);
    assert_ne!(changed.line(), first.line());
    change_in_secret(&definition.path().join("hello.py"), "'hallo'", "'hello'");
    let again = build(&definition, &[]).succeeded();
    assert_eq!(again.line(), first.line());
}

#[test]
fn files_that_say_what_is_left_out_count_and_what_cannot_be_looked_at_is_never_remembered() {
    let (_registry, definition, name) = over_registry();
    let toml = format!("base = {{ image = \"{name}\" }}\n[app]\nsources = [\".\"]\ndestination = \"/app\"\n");
    let definition = definition.with("image.toml", &format!("# An image for one test.\n{toml}")).with("data.txt", "1");
    lock(&definition, &[]);
    settle();
    let first = build(&definition, &[]).succeeded();
    assert!(is_remembered(&build(&definition, &[]).succeeded()));
    let rules = definition.path().join(".dockerignore");
    std::fs::write(&rules, "data.txt\n").unwrap();
    let without = build(&definition, &[]).succeeded();
    assert!(!is_remembered(&without));
    assert_ne!(without.line(), first.line());
    std::fs::remove_file(&rules).unwrap();
    let again = build(&definition, &[]).succeeded();
    assert!(is_remembered(&again), "{}", again.stderr);
    assert_eq!(again.line(), first.line());
    // A link to itself is taken as it is, and nobody can look at what it leads to.
    std::os::unix::fs::symlink("loop", definition.path().join("loop")).unwrap();
    settle();
    for _ in 0..2 {
        assert!(!is_remembered(&build(&definition, &[]).succeeded()));
    }
}

#[test]
fn another_program_or_a_broken_record_build_again() {
    let (_registry, definition, _) = over_registry();
    lock(&definition, &[]);
    settle();
    let cache = scratch();
    let output = format!("oci:{}", definition.output().display());
    let arguments = ["image", &definition.argument(), "--platforms", "amd64", "--output", &output];
    let shipwheel = Shipwheel::new().with("SHIPWHEEL_CACHE_DIR", cache.path().join("cache").display());
    let command = shipwheel.command(&arguments);
    let [one, other] = ["one", "other"].map(|name| cache.path().join(name));
    // Copies: cargo may give the program itself new times while other tests run it.
    for copy in [&one, &other] {
        std::fs::copy(&command.arguments[0], copy).unwrap();
    }
    let run = |program: &Path| {
        let mut run = std::process::Command::new(program);
        let run = run.args(&command.arguments[1..]).envs(command.environment.iter().cloned()).output().unwrap();
        let [said, error] = [run.stdout, run.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(run.status.success(), "{error}");
        (said, error.contains(UNCHANGED))
    };
    let (first, _) = run(&one);
    assert!(run(&one).1);
    // Another file is another program, even with the same bytes.
    assert!(!run(&other).1);
    // A record that a power failure cut off is none.
    let records = cache.path().join("cache/records/built");
    for record in std::fs::read_dir(&records).unwrap().map(|entry| entry.unwrap().path()) {
        let bytes = std::fs::read(&record).unwrap();
        std::fs::write(&record, &bytes[..bytes.len() / 2]).unwrap();
    }
    // The output was written beside the application: a folder that just changed is not remembered.
    settle();
    assert_eq!(run(&one), (first.clone(), false));
    assert_eq!(run(&one), (first.clone(), true));
    // What is gone from the cache is made again.
    let layer = Layout::new(&definition.output()).manifest("linux/amd64")["layers"].as_array().unwrap().last().unwrap()
        ["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    std::fs::remove_file(cache.path().join("cache/blobs/sha256").join(layer.trim_start_matches("sha256:"))).unwrap();
    assert_eq!(run(&one), (first, false));
}
