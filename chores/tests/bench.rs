//! The measurements work: each part once and small, beside the peers that the tests install.

use std::path::Path;
use std::process::Command;

#[test]
fn a_smoke_test_measures_every_part_and_leaves_the_page_alone() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks.md");
    let before = std::fs::read(&page).ok();
    let ended = Command::new(env!("CARGO_BIN_EXE_chores")).args(["bench", "--smoke"]).output().expect("it starts");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{said}{}", String::from_utf8_lossy(&ended.stderr));
    for expected in ["Builds", "through cargo", "Compression", "Pushes and pulls", "skopeo", "Scale", "tar and pigz"] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert_eq!(std::fs::read(&page).ok(), before);
}
