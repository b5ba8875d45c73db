//! What a release consists of: completions that shells take, man pages that man takes, checksums that hold.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops loudly, also in its helpers")]

use std::path::Path;
use std::process::Command;

/// Runs a program, which has to succeed; what it says on both outputs.
fn said(program: &str, arguments: &[&str], folder: &Path) -> String {
    let ended = Command::new(program).args(arguments).current_dir(folder).env("LC_ALL", "C.UTF-8").output().unwrap();
    let said = [ended.stdout, ended.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(ended.status.success(), "{program} {arguments:?}: {said}");
    said
}

/// Completes a line in bash, as its own completion does: the words that it would offer.
fn completed(folder: &Path, words: &[&str]) -> Vec<String> {
    let last = words.len() - 1;
    let quoted = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let (current, before) = (words[last], words[last - 1]);
    let script = format!(
        "source completions/shipwheel.bash; COMP_WORDS=({quoted}); COMP_CWORD={last}; \
         $(complete -p shipwheel | sed 's/.*-F \\([^ ]*\\).*/\\1/') shipwheel '{current}' '{before}'; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    said("bash", &["-c", &script], folder).lines().map(str::to_owned).collect()
}

#[test]
fn all_that_a_release_consists_of_works() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("dist");
    let output = folder.to_str().unwrap();
    let text = said(env!("CARGO_BIN_EXE_chores"), &["dist", "--smoke", "--output", output], Path::new("/"));
    assert!(text.contains("completions\n") && text.contains(&format!("\nwritten to {output}\n")), "{text}");

    said("./shipwheel", &["--version"], &folder);
    said("sha256sum", &["--check", "--strict", "SHA256SUMS"], &folder);
    let sums = std::fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    for file in ["shipwheel", "completions/_shipwheel", "completions/shipwheel.fish", "man/man1/shipwheel-image.1"] {
        assert!(sums.lines().any(|line| line.ends_with(&format!("  {file}"))), "{file}: {sums}");
    }

    said("bash", &["-n", "completions/shipwheel.bash"], &folder);
    assert_eq!(completed(&folder, &["shipwheel", "compl"]), ["completions"]);
    assert_eq!(completed(&folder, &["shipwheel", "image", "--platf"]), ["--platforms"]);
    assert_eq!(completed(&folder, &["shipwheel", "completions", "z"]), ["zsh"]);
    assert_eq!(completed(&folder, &["shipwheel", "cache", "pr"]), ["prune"]);

    for page in std::fs::read_dir(folder.join("man/man1")).unwrap() {
        let page = page.unwrap().path();
        let man = Command::new("man").args(["--warnings", "--local-file"]).arg(&page).env("LC_ALL", "C.UTF-8").output();
        let [shown, warnings] =
            man.map(|it| [it.stdout, it.stderr]).unwrap().map(|it| String::from_utf8_lossy(&it).into_owned());
        assert!(warnings.is_empty() && shown.contains("SYNOPSIS"), "{}: {warnings}{shown}", page.display());
    }

    let name = |end: &str| {
        let mut names =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.find(|name| name.starts_with("shipwheel-") && name.ends_with(end)).unwrap_or_else(|| panic!("no …{end}"))
    };
    let wheel = said("python3", &["-m", "zipfile", "--list", &name(".whl")], &folder);
    assert!(wheel.contains(".data/scripts/shipwheel "), "{wheel}");
    let archive = name(".tar.gz");
    let inside = archive.trim_end_matches(".tar.gz");
    said("tar", &["--extract", "--file", &archive], &folder);
    let version = said("./shipwheel", &["--version"], &folder);
    assert_eq!(said(&format!("{inside}/shipwheel"), &["--version"], &folder), version);
    for file in ["LICENSE-MIT", "README.md", "completions/_shipwheel", "man/man1/shipwheel.1"] {
        assert!(folder.join(inside).join(file).is_file(), "{file}");
    }
    let bill = std::fs::read_to_string(folder.join(name(".cdx.json"))).unwrap();
    assert!(bill.contains("\"CycloneDX\"") && bill.contains("pkg:cargo/zstd-sys@"), "{bill:.300}");
    assert!(folder.join("site/index.html").is_file() && folder.join("NOTES.md").is_file());

    // A second run replaces what the first one wrote, with the same bytes.
    said(env!("CARGO_BIN_EXE_chores"), &["dist", "--smoke", "--output", output], Path::new("/"));
    assert_eq!(std::fs::read_to_string(folder.join("SHA256SUMS")).unwrap(), sums);
}
