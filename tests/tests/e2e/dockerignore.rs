//! `.dockerignore` against another builder: the same files come into an image as with `podman build`.

use std::collections::BTreeSet;
use std::path::Path;

use shipwheel_tests::{Layout, Rootfs, SampleBase, Shipwheel, judge, scratch};
use xshell::{Shell, cmd};

/// So many sets of patterns, each for a folder of its own in one context.
const SETS: usize = 200;

const FILES: [&str; 10] = ["c1", "d.py", "ab", "a/b", "a/c.py", "a/d/x", "a/d/y.py", "b/a/b", "b/a.b", "b/c/a/b"];

const PARTS: [&str; 22] = [
    "a", "b", "c", "d", "ab", "d.py", "c.py", "x", "*", "*", "**", "**", "?", "*.py", "a*", "*b", "[ab]", "[^a]", "c?",
    "a?", "*.*", "[a-c]*",
];

/// Numbers that look random and are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % 1_000_003).unwrap() % limit
    }

    fn pattern(&mut self) -> String {
        let parts: Vec<&str> = (0..=self.below(3)).map(|_| PARTS[self.below(PARTS.len())]).collect();
        parts.join("/")
    }
}

/// The lines for one folder. What brings files back comes last and has no wildcard: there podman's copy of the matcher
/// is of an older version, and differs from Docker's.
fn lines(folder: &str, numbers: &mut Numbers) -> Vec<String> {
    let mut lines: Vec<String> = (0..=numbers.below(3)).map(|_| format!("{folder}/{}", numbers.pattern())).collect();
    lines.extend((0..numbers.below(3)).map(|_| format!("!{folder}/{}", FILES[numbers.below(FILES.len())])));
    lines
}

/// Adds the files below a folder, by their paths below its top.
fn add_files(top: &Path, folder: &Path, files: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => add_files(top, &path, files),
            false => drop(files.insert(path.strip_prefix(top).unwrap().to_str().unwrap().to_owned())),
        }
    }
}

/// What `podman build` copies of a context.
fn by_podman(context: &Path) -> BTreeSet<String> {
    let (place, shell) = (scratch(), Shell::new().unwrap());
    let [root, run, out, file] = ["root", "run", "out", "Dockerfile"].map(|name| place.path().join(name));
    std::fs::write(&file, "FROM scratch\nCOPY . /\n").unwrap();
    let podman = judge("podman", "podman");
    let output = format!("type=local,dest={}", out.display());
    cmd!(shell, "{podman} --root {root} --runroot {run} --storage-driver vfs --cgroup-manager cgroupfs --log-level error build --quiet --isolation chroot --file {file} --output {output} {context}")
        .env("HOME", place.path())
        .env("XDG_RUNTIME_DIR", place.path())
        .quiet()
        .ignore_stdout()
        .run()
        .unwrap();
    let mut files = BTreeSet::new();
    add_files(&out, &out, &mut files);
    files
}

#[test]
fn the_same_files_are_taken_as_by_podman() {
    let (place, mut numbers) = (scratch(), Numbers(0x5eed_5eed_5eed));
    let context = place.path().join("app");
    let mut text = String::new();
    for set in 0..SETS {
        let folder = format!("s{set:03}");
        for file in FILES {
            let path = context.join(&folder).join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        lines(&folder, &mut numbers).iter().for_each(|line| text += &format!("{line}\n"));
    }
    std::fs::write(context.join(".dockerignore"), &text).unwrap();
    std::fs::create_dir(place.path().join("base")).unwrap();
    SampleBase::FULL.write(&place.path().join("base"));
    let toml = "base = { layout = \"../base\" }\napp.sources = [\".\"]\nbytecode.enabled = false\n";
    std::fs::write(context.join("image.toml"), toml).unwrap();
    let output = place.path().join("out");
    let written = format!("oci:{}", output.display());
    Shipwheel::new().image(&[&context.display().to_string(), "--output", &written]).succeeded();
    let ours = Rootfs::unpack(&Layout::new(&output), "amd64").files("/app");
    let ours: BTreeSet<String> = ours.iter().map(|path| path.trim_start_matches("/app/").to_owned()).collect();
    let mut theirs = by_podman(&context);
    // The source "." leaves out what is for development by its name; `FILES` has nothing else of the kind.
    theirs.retain(|path| ![".dockerignore", "image.toml"].contains(&path.as_str()));
    let different: Vec<_> = ours.symmetric_difference(&theirs).collect();
    assert!(different.is_empty(), "{different:?}\n{text}");
    assert!(ours.len() > SETS && ours.len() < SETS * (FILES.len() - 1), "{} files", ours.len());
}
