//! Folders that the image's user may write to: who owns what is in them, and in which mode.
//!
//! The owner is the image's user, and the group is 0 with the rights of the owner. An orchestrator that starts a
//! container as an arbitrary user gives it the group 0 (OpenShift, "Creating images": `chgrp -R 0`, `chmod -R g=u`).

use std::collections::BTreeSet;

use shipwheel_layer::{Metadata, TreePath};

/// What a user who has no home of its own uses as one: the folder that everyone may write to.
pub const HOME: &str = "/tmp";

/// The folders of one layer, and their owner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Writable {
    /// Absolute paths.
    pub folders: BTreeSet<TreePath>,
    /// The number of the image's user.
    pub uid: u32,
}

impl Writable {
    /// Owner and mode of an entry whose mode would be `mode`; `None` if it is in no such folder.
    pub fn metadata(&self, path: &TreePath, mode: u32) -> Option<Metadata> {
        let is_inside = self.folders.iter().any(|folder| path.starts_with(folder));
        // What the owner may do, the group may do, too.
        let mode = mode | (mode & 0o700) >> 3;
        is_inside.then_some(Metadata { mode, uid: self.uid, gid: 0 })
    }

    /// The folders that any of these absolute paths is in.
    pub fn around(&self, paths: &[&str]) -> Self {
        let is_in = |path: &str, folder: &TreePath| {
            path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let holds = |folder: &&TreePath| paths.iter().any(|path| is_in(path, folder));
        let folders: BTreeSet<TreePath> = self.folders.iter().filter(holds).cloned().collect();
        let uid = if folders.is_empty() { 0 } else { self.uid };
        Self { folders, uid }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).expect("valid")
    }

    #[test]
    fn what_is_inside_belongs_to_the_user_and_its_group_may_do_the_same() {
        let writable = Writable { folders: [path("/app/data")].into(), uid: 7 };
        for (place, mode, expected) in [
            ("/app/data", 0o755, Some(0o775)),
            ("/app/data/a/b", 0o644, Some(0o664)),
            ("/app/data/run", 0o755, Some(0o775)),
            ("/app/data.txt", 0o644, None),
            ("/app", 0o755, None),
        ] {
            let expected = expected.map(|mode| Metadata { mode, uid: 7, gid: 0 });
            assert_eq!(writable.metadata(&path(place), mode), expected, "{place}");
        }
    }

    #[test]
    fn a_layer_knows_only_the_folders_that_it_has_something_in() {
        let writable = Writable { folders: [path("/app/data"), path("/app/logs")].into(), uid: 7 };
        let one = Writable { folders: [path("/app/data")].into(), uid: 7 };
        assert_eq!(writable.around(&["/app/data/x.py", "/app/y.py"]), one);
        assert_eq!(writable.around(&["/app/y.py", "/app/data.py"]), Writable::default());
    }
}
