//! Folders as they are in the wild, each a file of `tests/folders`, and the image.toml or the error that `init` gives.
//!
//! A file is a txtar archive: a line `-- NAME --` begins the file NAME of the folder. What precedes the first one says
//! what the folder shows. `-- > image.toml --` and `-- > stderr --` hold what is expected, and
//! `UPDATE_FOLDERS=1` writes it anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops loudly, also in its helpers")]

mod folder;

use std::path::PathBuf;

use folder::FolderCase;
use shipwheel_tests::{Shipwheel, scratch, workspace};

/// The files of `tests/folders`, sorted.
fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(workspace().join("tests/folders")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// What `init` gives for a folder: the file that it writes, or its error.
fn init(case: &FolderCase) -> (&'static str, String) {
    let place = scratch();
    let folder = place.path().join(case.name());
    case.write(&folder);
    let run = Shipwheel::apart(place.path()).run(&["init", folder.to_str().unwrap()]);
    match std::fs::read_to_string(folder.join("image.toml")) {
        Ok(text) if run.code == 0 => ("> image.toml", text),
        _ => ("> stderr", run.stderr.replace(&format!("{}/", place.path().display()), "")),
    }
}

#[test]
fn each_folder_gives_the_image_toml_or_the_error_beside_it() {
    let files = files();
    assert!(!files.is_empty(), "tests/folders has no file");
    let is_updated = std::env::var_os("UPDATE_FOLDERS").is_some();
    let mut differing = Vec::new();
    for path in files {
        let case = FolderCase::read(&path);
        let (name, found) = init(&case);
        if case.expected() == Some((name, found.as_str())) {
            continue;
        }
        if is_updated {
            std::fs::write(&path, case.with_expected(name, &found)).unwrap();
            continue;
        }
        let expected = case.expected().map_or("nothing".to_owned(), |(name, text)| format!("{name}\n{text}"));
        differing.push(format!("{}: expected {expected}\nfound {name}\n{found}", case.name()));
    }
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}
