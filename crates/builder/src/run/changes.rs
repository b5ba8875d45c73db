//! Changes in what an image is built from, seen by the times and sizes of its files: it works on every file system.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ignore::WalkBuilder;

use crate::project::definition::Definition;
use crate::project::left_out_folder::is_left_out_folder;

/// How long files have to stay as they are before a change is over: editors write several.
const QUIET: Duration = Duration::from_millis(60);

/// The longest that a change may go on.
const LONGEST: Duration = Duration::from_secs(5);

/// What the file system says of a file.
type Stat = (u64, u64, i64, i64, u32);

/// The files that decide what a definition builds, as they were when somebody looked last.
pub struct Changes {
    roots: Vec<PathBuf>,
    seen: BTreeMap<PathBuf, Stat>,
}

impl Changes {
    /// Watches what a definition names: its folder, and what lies elsewhere.
    pub fn of(definition: &Definition) -> Self {
        let app = definition.spec.app.as_ref();
        let named = app.into_iter().flat_map(|app| app.sources.iter().chain(&app.project));
        let lock = definition.spec.python.as_ref().map(|python| &python.lock);
        let named = named.chain(lock).filter_map(|named| definition.path(named).ok());
        let mut roots: Vec<PathBuf> = named.chain([definition.folder.clone()]).collect();
        roots.extend(roots.clone().into_iter().filter_map(|root| root.canonicalize().ok()));
        roots.sort();
        roots.dedup();
        // What is below another root is watched with it.
        let all = roots.clone();
        roots.retain(|root| !all.iter().any(|other| other != root && root.starts_with(other)));
        let seen = look(&roots);
        Self { roots, seen }
    }

    /// Watches what a definition names that was read again; what has changed until now is known.
    pub fn follow(&mut self, definition: &Definition) {
        let Self { roots, seen } = Self::of(definition);
        if self.roots != roots {
            (self.roots, self.seen) = (roots, seen);
        }
    }

    /// Waits, as `rest` does, until what has changed is quiet again; the first file that is not as it was when this was
    /// asked last.
    pub fn next(&mut self, rest: impl Fn(Duration)) -> Option<PathBuf> {
        let mut now = look(&self.roots);
        let changed = difference(&self.seen, &now)?;
        let begun = Instant::now();
        while begun.elapsed() < LONGEST {
            rest(QUIET);
            let next = look(&self.roots);
            if next == now {
                break;
            }
            now = next;
        }
        self.seen = now;
        Some(changed)
    }
}

/// The first path of which one has another state than the other.
fn difference(before: &BTreeMap<PathBuf, Stat>, now: &BTreeMap<PathBuf, Stat>) -> Option<PathBuf> {
    let changed = now.iter().find(|(path, stat)| before.get(*path) != Some(stat)).map(|(path, _)| path.clone());
    changed.or_else(|| before.keys().find(|path| !now.contains_key(*path)).cloned())
}

fn look(roots: &[PathBuf]) -> BTreeMap<PathBuf, Stat> {
    let is_entered = |entry: &ignore::DirEntry| {
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        entry.depth() == 0 || !is_folder || !is_left_out(entry.path())
    };
    let walks =
        roots.iter().map(|root| WalkBuilder::new(root).standard_filters(false).filter_entry(is_entered).build());
    let entries = walks.flatten().flatten();
    let files = entries.filter(|entry| !entry.file_type().is_some_and(|kind| kind.is_dir()));
    // What is gone in the meantime is a change that the next look sees.
    files.filter_map(|entry| Some((entry.path().to_owned(), stat(&entry.metadata().ok()?)))).collect()
}

/// Images are written to `target/images` below the folder that they are built from.
fn is_left_out(folder: &Path) -> bool {
    is_left_out_folder(folder) || folder.file_name().is_some_and(|name| name == "target")
}

fn stat(metadata: &std::fs::Metadata) -> Stat {
    (metadata.ino(), metadata.size(), metadata.mtime(), metadata.mtime_nsec(), metadata.mode())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_come_go_and_change_are_seen_and_those_of_tools_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [".git", "__pycache__", "src"] {
            std::fs::create_dir(at(name)).unwrap();
        }
        std::fs::write(at("src/main.py"), "1").unwrap();
        let roots = vec![folder.path().to_owned()];
        let mut changes = Changes { seen: look(&roots), roots };
        let mut next = || changes.next(|time| std::thread::sleep(time / 10));
        assert_eq!(next(), None);
        std::fs::write(at(".git/index"), "1").unwrap();
        std::fs::write(at("__pycache__/main.pyc"), "1").unwrap();
        assert_eq!(next(), None);
        std::fs::write(at("src/main.py"), "22").unwrap();
        assert_eq!(next(), Some(at("src/main.py")));
        assert_eq!(next(), None, "it was seen");
        std::fs::write(at("src/new.py"), "").unwrap();
        assert_eq!(next(), Some(at("src/new.py")));
        std::fs::remove_file(at("src/new.py")).unwrap();
        assert_eq!(next(), Some(at("src/new.py")));
    }
}
