//! The pycs of one source, for each version of CPython: what the interpreter marshalled goes in, and no byte of what
//! comes out may move.
//!
//! `golden/cpython-X.Y.Z.txt` has a line for each level: the level, and in hex what `marshal.dumps` gave in that
//! version for `golden/sample.py`, compiled as `<sample>`.

use std::fmt::Write as _;

use shipwheel_bytecode::{InvalidationMode, PythonVersion, canonical, magic_number, source_hash, write_pyc};
use shipwheel_oci::Digest;

const SOURCE: &[u8] = include_bytes!("golden/sample.py");

/// What each interpreter marshalled, oldest first.
const MARSHALLED: [(&str, &str); 6] = [
    ("3.9.18", include_str!("golden/cpython-3.9.18.txt")),
    ("3.10.13", include_str!("golden/cpython-3.10.13.txt")),
    ("3.11.7", include_str!("golden/cpython-3.11.7.txt")),
    ("3.12.1", include_str!("golden/cpython-3.12.1.txt")),
    ("3.13.0", include_str!("golden/cpython-3.13.0.txt")),
    ("3.14.8", include_str!("golden/cpython-3.14.8.txt")),
];

/// Version, level and digest of each pyc. What changes one changes every image with bytecode, and raises the recipe.
const PINNED: &str = include_str!("golden/pinned.txt");

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("hex"), 16).expect("hex");
    hex.as_bytes().chunks(2).map(byte).collect()
}

#[test]
fn the_pycs_of_every_version_are_what_they_were() {
    let mut found = String::new();
    for (version, text) in MARSHALLED {
        let python: PythonVersion = version.parse().expect("a version");
        let minor = u8::try_from(python.minor).expect("a small number");
        let magic = magic_number(&python, None).expect("a version that is known");
        for line in text.lines() {
            let (level, hex) = line.split_once(' ').expect("a level and hex");
            let body = canonical(&bytes(hex), minor, Some("/app/sample.py")).expect("what CPython writes is read");
            assert_eq!(
                canonical(&body, minor, None).as_ref(),
                Ok(&body),
                "{version}: canonical twice is canonical once"
            );
            let hash = source_hash(python.minor, magic, SOURCE);
            let pyc = write_pyc(magic, InvalidationMode::UncheckedHash, hash, &body);
            let _ = writeln!(found, "{version} {level} {}", Digest::of(&pyc));
        }
    }
    let moved: Vec<&str> = found.lines().filter(|line| !PINNED.lines().any(|pinned| pinned == *line)).collect();
    assert!(found == PINNED, "pycs moved; they are now:\n{}", moved.join("\n"));
}
