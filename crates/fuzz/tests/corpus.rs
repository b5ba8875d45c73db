//! Every input that fuzzing kept is no finding: what was found once stays mended, without a nightly Rust.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

use std::fs;
use std::path::{Path, PathBuf};

use shipwheel_fuzz::{TARGETS, run};

/// The most that all inputs together may have, in bytes.
const MAX_CORPUS: u64 = 1 << 20;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// What is in a folder, sorted.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = read.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    paths
}

fn stems(folder: &Path) -> Vec<String> {
    let stem = |path: &PathBuf| path.file_stem().expect("it has a name").to_string_lossy().into_owned();
    entries(folder).iter().map(stem).collect()
}

#[test]
fn no_input_of_the_corpus_is_a_finding() {
    for (name, _) in TARGETS {
        for path in entries(&fuzz().join("corpus").join(name)) {
            // The name of the input is what a panic in it shows last.
            println!("{}", path.display());
            run(name, &fs::read(&path).expect("a readable file"));
        }
    }
}

#[test]
fn every_target_is_built_and_has_a_corpus() {
    let names = TARGETS.map(|(name, _)| name);
    assert!(names.is_sorted());
    assert_eq!(stems(&fuzz().join("targets")), names);
    assert_eq!(stems(&fuzz().join("corpus")), names);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).expect("a manifest");
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"targets/{name}.rs\"")), "{name}");
        let target = fs::read_to_string(fuzz().join(format!("targets/{name}.rs"))).expect("a target");
        assert!(target.contains(&format!("run(\"{name}\", input)")), "{name}");
        assert!(!entries(&fuzz().join("corpus").join(name)).is_empty(), "{name} has no input to begin with");
    }
}

#[test]
fn the_corpus_is_small() {
    let folders = entries(&fuzz().join("corpus"));
    let files: Vec<PathBuf> = folders.iter().flat_map(|folder| entries(folder)).collect();
    let size: u64 = files.iter().map(|path| fs::metadata(path).expect("a file").len()).sum();
    assert!(size <= MAX_CORPUS, "{size} bytes in {} files; minimize with `cargo xtask fuzz --minimize`", files.len());
}
