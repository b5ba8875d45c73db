//! Distributions of a lock that are folders of the user's own: projects to build, not wheels to fetch.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Lock, Origin};
use crate::environment::Environment;
use crate::marker::Marker;

impl Lock {
    /// Takes the folders out of a lock: what is left, and those that an environment needs.
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

/// The part of a uv.lock that says how its distributions hang together.
#[derive(Deserialize)]
struct UvLock {
    #[serde(default)]
    package: Vec<UvPackage>,
}

#[derive(Deserialize)]
struct UvPackage {
    name: String,
    #[serde(default)]
    source: BTreeMap<String, toml::Value>,
    #[serde(default)]
    dependencies: Vec<UvDependency>,
}

#[derive(Deserialize)]
struct UvDependency {
    name: String,
    marker: Option<String>,
}

impl UvPackage {
    /// Its folder, and whether it is installed at all; `None` for what comes from elsewhere.
    fn folder(&self) -> Option<(&str, bool)> {
        let text = |key: &str| self.source.get(key).and_then(toml::Value::as_str);
        let installed = text("editable").or_else(|| text("directory"));
        installed.map(|folder| (folder, true)).or_else(|| text("virtual").map(|folder| (folder, false)))
    }
}

/// The folders that a uv.lock gives for the project in `project`: its workspace's members and its
/// local dependencies, in the order in which they are met. Both are relative to the lock.
///
/// `None` when the text is no uv.lock, or has no such project.
pub fn uv_lock_folders(text: &str, project: &str, environment: &Environment) -> Option<Vec<String>> {
    let lock: UvLock = toml::from_str(text).ok()?;
    let is_project = |package: &&UvPackage| package.folder().is_some_and(|(folder, _)| same(folder, project));
    let root = lock.package.iter().find(is_project)?;
    let mut seen: BTreeSet<&str> = BTreeSet::from([root.name.as_str()]);
    let (mut todo, mut folders) = (vec![root], Vec::new());
    while let Some(package) = todo.pop() {
        let needed = package.dependencies.iter().filter(|dependency| {
            let marker = dependency.marker.as_deref().and_then(|marker| marker.parse::<Marker>().ok());
            marker.is_none_or(|marker| marker.evaluate(environment))
        });
        for dependency in needed {
            if !seen.insert(&dependency.name) {
                continue;
            }
            let named = lock.package.iter().filter(|package| package.name == dependency.name);
            for found in named {
                folders.extend(found.folder().filter(|(_, installed)| *installed).map(|(folder, _)| folder.to_owned()));
                todo.push(found);
            }
        }
    }
    Some(folders)
}

/// Whether two relative paths are one folder.
fn same(one: &str, other: &str) -> bool {
    let parts = |path: &str| path.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect();
    let (one, other): (Vec<String>, Vec<String>) = (parts(one), parts(other));
    one == other
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::{Libc, Target};

    fn environment() -> Environment {
        Environment::new(&Target {
            python: "3.11.2".parse().expect("valid"),
            platform: "linux/amd64".parse().expect("valid"),
            libc: Libc::Glibc { major: 2, minor: 36 },
        })
    }

    #[test]
    fn folders_are_taken_out_and_those_that_the_environment_needs_are_named() {
        let text = "lock-version = '1.0'\n\
            [[packages]]\nname = 'core'\ndirectory = { path = 'packages/core', editable = true }\n\
            [[packages]]\nname = 'win'\nmarker = \"sys_platform == 'win32'\"\ndirectory = { path = 'packages/win' }\n\
            [[packages]]\nname = 'six'\nversion = '1'\n";
        let (lock, folders) = Lock::parse(text, "pylock.toml").expect("valid").without_directories(&environment());
        assert_eq!(folders, ["packages/core"]);
        assert_eq!(lock.packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>(), ["six"]);
    }

    #[test]
    fn a_uv_lock_leads_from_a_project_to_the_folders_that_it_needs() {
        let text = "version = 1\n\
            [[package]]\nname = 'root'\nsource = { virtual = '.' }\n\
            [[package]]\nname = 'api'\nsource = { editable = 'packages/api' }\n\
            dependencies = [{ name = 'core' }, { name = 'six' }, { name = 'win', marker = \"os_name == 'nt'\" }]\n\
            [[package]]\nname = 'core'\nsource = { editable = 'packages/core' }\n\
            dependencies = [{ name = 'base' }, { name = 'api' }, { name = 'sheet' }]\n\
            [[package]]\nname = 'base'\nsource = { directory = '../base' }\n\
            [[package]]\nname = 'sheet'\nsource = { virtual = 'packages/sheet' }\n\
            [[package]]\nname = 'win'\nsource = { editable = 'packages/win' }\n\
            [[package]]\nname = 'six'\nsource = { registry = 'x' }\n";
        let folders = |project: &str| uv_lock_folders(text, project, &environment());
        assert_eq!(folders("./packages/api"), Some(vec!["packages/core".to_owned(), "../base".to_owned()]));
        assert_eq!(folders("."), Some(Vec::new()));
        assert_eq!(folders("elsewhere"), None);
        assert_eq!(uv_lock_folders("no lock", ".", &environment()), None);
    }
}
