//! A project's folder, as pure code sees it: the names of its files, and a way to read the small ones.

use std::collections::{BTreeMap, BTreeSet};

use crate::project::not_static::NotStatic;

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    Plain {
        /// Whether its owner may execute it.
        executable: bool,
    },
    /// A symbolic link, to anything.
    Link,
}

/// The files of a project.
pub struct ProjectFiles<'f> {
    /// Every file and link by its path below the folder, without environments, caches and version control.
    pub files: &'f BTreeMap<String, FileKind>,
    /// The text of a small file; `None` if it is too large or not UTF-8.
    pub read: &'f dyn Fn(&str) -> Option<String>,
    /// The text of the nearest .gitignore, in the folder or above it in the same repository.
    pub gitignore: Option<&'f str>,
    /// Whether the folder is in a repository of git.
    pub in_git: bool,
    /// The version, where the user or a tag says it.
    pub version: Option<&'f str>,
}

impl ProjectFiles<'_> {
    pub(super) fn is_file(&self, path: &str) -> bool {
        matches!(self.files.get(path), Some(FileKind::Plain { .. }))
    }

    pub(super) fn is_folder(&self, path: &str) -> bool {
        self.below(path).next().is_some()
    }

    /// The paths below a folder; all paths for the empty one.
    pub(super) fn below(&self, folder: &str) -> impl Iterator<Item = &str> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let rest = self.files.range(prefix.clone()..).map(|(path, _)| path.as_str());
        rest.take_while(move |path| path.starts_with(&prefix))
    }

    /// The folders directly in a folder, by their names.
    pub(super) fn folders_in(&self, folder: &str) -> BTreeSet<&str> {
        let skip = if folder.is_empty() { 0 } else { folder.len() + 1 };
        self.below(folder).filter_map(|path| path[skip..].split_once('/')).map(|(name, _)| name).collect()
    }

    /// The files directly in a folder, by their names.
    pub(super) fn files_in(&self, folder: &str) -> impl Iterator<Item = &str> {
        let skip = if folder.is_empty() { 0 } else { folder.len() + 1 };
        self.below(folder).map(move |path| &path[skip..]).filter(|name| !name.contains('/'))
    }

    /// The text of a file that decides about the wheel.
    pub(super) fn text(&self, path: &str) -> Result<String, NotStatic> {
        if !self.is_file(path) {
            return Err(NotStatic::because(format!("`{path}` is not a file of it")));
        }
        (self.read)(path).ok_or_else(|| NotStatic::because(format!("`{path}` is not a short text in UTF-8")))
    }
}
