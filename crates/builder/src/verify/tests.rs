//! Images that hide code, and honest ones like them: what is found in each, by severity, kind and path.

use std::io::{Cursor, Write as _};

use serde_json::{Value, json};
use shipwheel_bytecode::{InvalidationMode, source_hash, write_pyc};
use shipwheel_layer::{Content, Tree};
use shipwheel_oci::ImageConfig;
use zip::write::{SimpleFileOptions, ZipWriter};

mod pairs;
mod told;

use super::bytecode::Pair;
use super::loaded;
use super::loader_cache::sample::cache;
use crate::inspect::finding::{FindingKind, Severity};
use crate::inspect::python::ImagePython;

const MAGIC: [u8; 4] = *b"\xa7\r\r\n";

/// `X = 1`, as CPython 3.11 marshals it.
const CODE: &str = "e30000000000000000000000000100000000000000f30a000000970064005a00640153002902e9010000004e2901da0158a900f30000\
    0000da016dfa083c6d6f64756c653e720700000001000000730e000000f003010101d804058001800180017205000000";

const M: &str = "X = 1\n";

/// A file of an image: text, bytecode of that text, an archive of such members, or a link.
enum Entry<'a> {
    Text(&'a str),
    /// Made for a source with this text.
    Pyc(&'a str),
    Zip(&'a [(&'a str, Entry<'a>)]),
    /// A file with an archive behind a text.
    TextAndZip(&'a str, &'a [(&'a str, Entry<'a>)]),
    Bytes(&'a [u8]),
    Link(&'a str),
}

use Entry::{Bytes, Link, Pyc, Text, TextAndZip, Zip};

fn bytes(entry: &Entry<'_>) -> Vec<u8> {
    match entry {
        Text(text) => text.as_bytes().to_vec(),
        Bytes(bytes) => bytes.to_vec(),
        Pyc(source) => {
            let hash = source_hash(11, MAGIC, source.as_bytes());
            write_pyc(MAGIC, InvalidationMode::UncheckedHash, hash, &hex::decode(CODE).expect("hexadecimal"))
        }
        Zip(members) => zipped(members),
        TextAndZip(text, members) => [text.as_bytes(), &zipped(members)].concat(),
        Link(_) => panic!("a link has no bytes"),
    }
}

fn zipped(members: &[(&str, Entry<'_>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, entry) in members {
        zip.start_file(*name, SimpleFileOptions::default()).expect("a name");
        zip.write_all(&bytes(entry)).expect("to memory");
    }
    zip.finish().expect("to memory").into_inner()
}

/// An image like Debian's with `/app/m.py` and its bytecode, and what is laid over it.
fn tree(entries: &[(&str, Entry<'_>)]) -> Tree {
    let base = [
        ("/usr/bin/python3.11", Bytes(b"\x7fELF\x003.11.2\0")),
        ("/usr/bin/python3", Link("python3.11")),
        ("/usr/lib/python3.11/os.py", Text("")),
        ("/usr/lib/python3.11/json/__init__.py", Text("")),
        ("/app/m.py", Text(M)),
        ("/app/__pycache__/m.cpython-311.pyc", Pyc(M)),
    ];
    let mut tree = Tree::new();
    for (path, entry) in base.iter().chain(entries) {
        let path = shipwheel_layer::TreePath::new(path).expect("a path");
        let node = match entry {
            Link(target) => shipwheel_layer::Node::Symlink((*target).into()),
            entry => {
                let metadata = shipwheel_layer::Metadata::root(0o755);
                shipwheel_layer::Node::File(metadata, Content::from_bytes(bytes(entry)))
            }
        };
        tree.replace(path, node).expect("fits");
    }
    tree
}

fn check(entries: &[(&str, Entry<'_>)], runtime: &Value) -> (Vec<String>, Vec<Pair>) {
    let mut runtime = runtime.clone();
    runtime["WorkingDir"] = json!("/app");
    let document = json!({ "os": "linux", "architecture": "amd64", "rootfs": { "diff_ids": [] }, "config": runtime });
    let config = ImageConfig::parse(document.to_string().as_bytes()).expect("a config");
    let (tree, mut findings) = (tree(entries), Vec::new());
    let python = ImagePython::find(&tree, &config, &mut findings).expect("readable").expect("an interpreter");
    let checked = loaded(&tree, &config, &python).expect("readable");
    findings.extend(checked.findings);
    let severity = |severity| match severity {
        Severity::Problem => "problem",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    // The sources here have no bytecode where they need none.
    let mut shown: Vec<String> = findings
        .iter()
        .filter(|finding| finding.kind != FindingKind::MissingBytecode)
        .map(|it| format!("{} {} {}", severity(it.severity), it.kind.name(), it.path.as_deref().unwrap_or("-")))
        .collect();
    shown.sort();
    (shown, checked.pairs)
}

fn command(words: &str) -> Value {
    json!({ "Cmd": words.split(' ').collect::<Vec<_>>() })
}

type Row<'a> = (&'a [(&'a str, Entry<'a>)], Value, &'a [&'a str]);

#[track_caller]
fn check_all(rows: &[Row<'_>]) {
    for (number, (entries, runtime, expected)) in rows.iter().enumerate() {
        let (found, _) = check(entries, runtime);
        let paths: Vec<&str> = entries.iter().map(|(path, _)| *path).collect();
        assert_eq!(found, *expected, "row {number}: {paths:?} {runtime}");
    }
}

const PLAIN: &str = "python3 -m m";
const CACHED: &str = "/app/__pycache__/m.cpython-311.pyc";
