//! Distributions of a lock that are folders of the user's own: projects to build, not wheels to fetch.

use crate::lock::pylock::{Lock, Origin};
use crate::marker::Marker;

impl Lock {
    /// Takes the distributions that are folders out of a lock: the rest of the lock, and each folder with the marker that
    /// says where it is needed.
    ///
    /// The folders are relative to the lock, and never editable here, whatever the lock says.
    #[must_use]
    pub fn without_directories(mut self) -> (Self, Vec<(String, Option<Marker>)>) {
        let mut folders = Vec::new();
        self.packages.retain(|package| {
            let Some(Origin::Directory(folder)) = &package.origin else { return true };
            folders.push((folder.clone(), package.marker.clone()));
            false
        });
        (self, folders)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_taken_out_with_their_markers() {
        let text = "lock-version = '1.0'\n\
            [[packages]]\nname = 'core'\ndirectory = { path = 'packages/core', editable = true }\n\
            [[packages]]\nname = 'win'\nmarker = \"sys_platform == 'win32'\"\ndirectory = { path = 'packages/win' }\n\
            [[packages]]\nname = 'six'\nversion = '1'\n";
        let (lock, folders) = Lock::parse(text, "pylock.toml").expect("valid").without_directories();
        let shown: Vec<_> = folders.iter().map(|(folder, marker)| (folder.as_str(), marker.is_some())).collect();
        assert_eq!(shown, [("packages/core", false), ("packages/win", true)]);
        assert_eq!(lock.packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>(), ["six"]);
    }
}
