//! Folders as they are in the wild, each a file of `tests/folders`, and the image.toml or the error that `init` gives.
//!
//! A file is a txtar archive: a line `-- NAME --` begins the file NAME of the folder. What precedes the first one says
//! what the folder shows; its line `Arguments: …` is given to `init`, and a line `in: FOLDER` names a folder below.
//! `-- > image.toml --` and `-- > stderr --` hold what is expected, and
//! `UPDATE_FOLDERS=1` writes it anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops loudly, also in its helpers")]

mod folder;

use std::path::PathBuf;

use folder::{FolderCase, sections};
use shipwheel_tests::{Shipwheel, scratch, workspace};

/// The files of `tests/folders`, sorted.
fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(workspace().join("tests/folders")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// What `init` gives for a folder: the file that it writes, and what it says.
fn init(case: &FolderCase) -> String {
    let place = scratch();
    let folder = place.path().join(case.name());
    case.write(&folder);
    let folder = if case.inside() == "." { folder } else { folder.join(case.inside()) };
    let arguments: Vec<&str> = ["init", folder.to_str().unwrap()].into_iter().chain(case.arguments()).collect();
    let run = Shipwheel::apart(place.path()).run(&arguments);
    let written = std::fs::read_to_string(folder.join("image.toml")).ok().filter(|_| run.code == 0);
    let said = run.stderr.replace(&format!("{}/", place.path().display()), "");
    let given = written.map(|text| ("> image.toml".to_owned(), text)).into_iter();
    let given = given.chain((!said.is_empty()).then(|| ("> stderr".to_owned(), said)));
    sections(&given.collect::<Vec<_>>())
}

#[test]
fn each_folder_gives_the_image_toml_or_the_error_beside_it() {
    let files = files();
    assert!(!files.is_empty(), "tests/folders has no file");
    let is_updated = std::env::var_os("UPDATE_FOLDERS").is_some();
    let mut differing = Vec::new();
    for path in files {
        let case = FolderCase::read(&path);
        let found = init(&case);
        if case.expected() == found {
            continue;
        }
        if is_updated {
            std::fs::write(&path, case.with_expected(&found)).unwrap();
            continue;
        }
        differing.push(format!("{}: expected\n{}\nfound\n{found}", case.name(), case.expected()));
    }
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}

#[test]
fn both_dockerfiles_of_the_guide_come_to_one_image_toml() {
    let keys = |name: &str| {
        let path = workspace().join("tests/folders").join(format!("from-dockerfile-guide-{name}.txtar"));
        let expected = FolderCase::read(&path).expected();
        let (text, _) = expected.split_once("-- > stderr --").unwrap();
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    let production = keys("production");
    assert!(production.contains("optimize = 1") && production.contains("sources = [\".\"]"), "{production}");
    assert_eq!(production.trim_end(), keys("bytecode").trim_end());
}
