//! Distributions of a lock that are folders of the user's own: projects to build, not wheels to fetch.

use crate::lock::pylock::{Lock, Origin};
use crate::marker::Environment;

impl Lock {
    /// Takes the folders out of a lock: the rest of the lock, and the folders that an environment needs.
    ///
    /// The folders are relative to the lock, and never editable here, whatever the lock says.
    #[must_use]
    pub fn without_directories(mut self, environment: &Environment) -> (Self, Vec<String>) {
        let mut folders = Vec::new();
        self.packages.retain(|package| {
            let Some(Origin::Directory(folder)) = &package.origin else { return true };
            if package.marker.as_ref().is_none_or(|marker| marker.evaluate(environment)) {
                folders.push(folder.clone());
            }
            false
        });
        (self, folders)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{Libc, Target};

    #[test]
    fn folders_are_taken_out_and_those_that_the_environment_needs_are_named() {
        let text = "lock-version = '1.0'\n\
            [[packages]]\nname = 'core'\ndirectory = { path = 'packages/core', editable = true }\n\
            [[packages]]\nname = 'win'\nmarker = \"sys_platform == 'win32'\"\ndirectory = { path = 'packages/win' }\n\
            [[packages]]\nname = 'six'\nversion = '1'\n";
        let environment = Environment::new(&Target {
            python: "3.11.2".parse().expect("valid"),
            platform: "linux/amd64".parse().expect("valid"),
            libc: Libc::Glibc { major: 2, minor: 36 },
        });
        let (lock, folders) = Lock::parse(text, "pylock.toml").expect("valid").without_directories(&environment);
        assert_eq!(folders, ["packages/core"]);
        assert_eq!(lock.packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>(), ["six"]);
    }
}
