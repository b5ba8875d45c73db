//! A folder, and what is known of it before anything is decided.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use shipwheel_python::DistributionName;
use shipwheel_python::pyproject::{Project, UvWorkspace};

use crate::derive::code::Code;

/// The folder of the image that an application is in, where nothing names another.
pub(super) const APPLICATION: &str = "/app";

/// A folder is looked into that far: the path of a file that is known has at most so many parts.
pub const DEPTH: usize = 5;

/// A folder as derivation sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folder {
    /// Its files, relative, with `/` between parts, sorted; without caches and environments.
    pub files: BTreeSet<String>,
    /// The texts of those that [`is_read`](crate::derive::is_read) names.
    pub texts: BTreeMap<String, String>,
    /// The workspace of uv that it is a member of.
    pub workspace: Option<MemberOf>,
}

/// A workspace of uv whose top is above a folder, and names it as its member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberOf {
    /// The path of its lock, relative to the folder: `../../uv.lock`.
    pub path: String,
    /// The text of the lock.
    pub lock: String,
    /// The path of the folder below the workspace.
    pub member: String,
}

/// All that is known of a folder, before anything is decided.
pub(super) struct Known<'f> {
    pub(super) folder: &'f Folder,
    pub(super) project: Project,
    /// Whether the project is built to a wheel and installed.
    pub(super) is_project: bool,
    /// Whether its build backend looks for a package of the project's name, which is not there.
    pub(super) lacks_package: bool,
    /// The workspace of uv that it is the top of.
    pub(super) workspace: Option<UvWorkspace>,
    /// The distributions that the lock or pyproject.toml names.
    pub(super) distributions: BTreeSet<DistributionName>,
    /// What the modules say whose texts are known.
    pub(super) codes: BTreeMap<String, Code>,
    /// What is for development by its name and taken all the same, once that was asked for.
    pub(super) named: OnceCell<BTreeSet<String>>,
}

impl Known<'_> {
    pub(super) fn has(&self, path: &str) -> bool {
        self.folder.files.contains(path)
    }

    pub(super) fn text(&self, path: &str) -> &str {
        self.folder.texts.get(path).map_or("", String::as_str)
    }

    /// What a module says whose text is known.
    pub(super) fn code(&self, path: &str) -> Option<&Code> {
        self.codes.get(path)
    }

    /// Whether there is a file below a folder; the folder's path ends with `/`.
    pub(super) fn has_below(&self, folder: &str) -> bool {
        let from = (Bound::Included(folder), Bound::Unbounded);
        self.folder.files.range::<str, _>(from).next().is_some_and(|file| file.starts_with(folder))
    }

    pub(super) fn depends_on(&self, name: &str) -> bool {
        self.distributions.iter().any(|distribution| distribution.as_str() == name)
    }
}
