//! uv.lock as one value: distributions, how they depend on each other, and what the user's own were locked for.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::{Version, VersionSpecifiers};

use crate::dependency::Dependency;
use crate::lock::pylock::{LockedSdist, LockedWheel, Origin};
use crate::lock::uv_lock::conflict::ConflictSet;
use crate::marker::Marker;
use crate::name::DistributionName;
use crate::pyproject::UvSource;

/// A uv.lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UvLock {
    /// The file's name, for messages.
    pub file: String,
    /// The revision of its form: later ones record more.
    pub revision: Option<i64>,
    /// The Python versions that it was made for.
    pub requires_python: Option<VersionSpecifiers>,
    /// The environments that it was made for, where it names any.
    pub environments: Vec<Marker>,
    /// The members of the workspace that it locks; empty for a project by itself.
    pub members: BTreeSet<DistributionName>,
    /// The distributions, in the order of the file.
    pub packages: Vec<UvPackage>,
    /// What it was locked with besides the requirements of its projects.
    pub manifest: UvManifest,
    /// Groups of the top of a workspace that is no project itself.
    pub(super) groups: BTreeMap<String, Vec<UvDependency>>,
    /// What must not be installed together.
    pub(super) conflicts: Vec<ConflictSet>,
}

/// What a lock was made with besides the requirements of its projects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UvManifest {
    /// Versions that are allowed, whoever asks.
    pub constraints: Vec<UvRequirement>,
    /// What replaces requirements, whoever asks.
    pub overrides: Vec<UvRequirement>,
    /// What is left out, whoever asks.
    pub excludes: Vec<DistributionName>,
}

/// A distribution of a uv.lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UvPackage {
    /// Its name.
    pub name: DistributionName,
    /// Its version; one of the user's own may have none.
    pub version: Option<Version>,
    /// Its folder, where it is the user's own.
    pub folder: Option<UvFolder>,
    /// What it needs.
    pub dependencies: Vec<UvDependency>,
    /// What each of its extras needs, by the extra's normalized name.
    pub extras: BTreeMap<String, Vec<UvDependency>>,
    /// What each of its dependency groups needs, by the group's normalized name.
    pub groups: BTreeMap<String, Vec<UvDependency>>,
    /// The groups that are installed when nobody says which, where the lock records them.
    pub default_groups: Option<Vec<String>>,
    /// The requirements that it was locked for; empty unless it is the user's own.
    pub requirements: UvRequirements,
    /// Its wheels.
    pub wheels: Vec<LockedWheel>,
    /// Its source distribution.
    pub sdist: Option<LockedSdist>,
    /// Where it comes from, if from neither.
    pub origin: Option<Origin>,
    /// Its source as the lock writes it, which tells two of one name and version apart.
    pub(super) source: String,
    /// The line where its table begins, counted from 1.
    pub line: usize,
}

/// The folder of a distribution of the user's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UvFolder {
    /// Its path, relative to the lock.
    pub path: String,
    /// Whether the distribution is installed; a virtual one only has dependencies.
    pub is_installed: bool,
}

/// An edge from one distribution to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UvDependency {
    /// The name of the distribution that is needed.
    pub name: DistributionName,
    /// Its version, where the lock has several of the name.
    pub(super) version: Option<Version>,
    /// Its source, where the lock has several of the name.
    pub(super) source: Option<String>,
    /// The extras of it that are needed too, normalized.
    pub extras: Vec<String>,
    /// Where it is needed.
    pub marker: Option<Marker>,
}

/// What a distribution of the user's own asked for when it was locked (`[package.metadata]`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UvRequirements {
    /// The Python versions that its groups ask for.
    pub group_pythons: BTreeMap<String, VersionSpecifiers>,
    /// Its dependencies, those of extras with a marker that names the extra.
    pub dependencies: Vec<UvRequirement>,
    /// The names of its extras.
    pub extras: Vec<String>,
    /// Its dependency groups, with those that they include.
    pub groups: BTreeMap<String, Vec<UvRequirement>>,
}

/// A requirement that a distribution was locked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UvRequirement {
    /// The requirement.
    pub dependency: Dependency,
    /// Where it comes from, if not from the usual index.
    pub source: Option<UvSource>,
}

impl UvLock {
    /// The distributions that are folders of the user's own.
    pub fn local_packages(&self) -> impl Iterator<Item = (&UvPackage, &UvFolder)> {
        self.packages.iter().filter_map(|package| Some((package, package.folder.as_ref()?)))
    }

    /// Whether requirements of a distribution may be met otherwise than they say: by a folder of the user's own, or by
    /// an override.
    pub fn decides_about(&self, name: &DistributionName) -> bool {
        let overrides = self.manifest.overrides.iter().map(|one| &one.dependency.name);
        let own = self.local_packages().map(|(package, _)| &package.name);
        overrides.chain(&self.manifest.excludes).chain(own).any(|known| known == name)
    }

    /// The distribution whose folder, relative to the lock, is this one.
    pub fn in_folder(&self, path: &str) -> Option<&UvPackage> {
        self.local_packages().find(|(_, folder)| same_path(&folder.path, path)).map(|(package, _)| package)
    }
}

impl UvDependency {
    /// Whether it leads to a distribution.
    pub(super) fn leads_to(&self, package: &UvPackage) -> bool {
        package.name == self.name
            && self.version.as_ref().is_none_or(|version| package.version.as_ref() == Some(version))
            && self.source.as_ref().is_none_or(|source| package.source == *source)
    }
}

/// Whether two relative paths are one folder.
fn same_path(one: &str, other: &str) -> bool {
    fn parts(path: &str) -> impl Iterator<Item = &str> {
        path.split('/').filter(|part| !matches!(*part, "" | "."))
    }
    parts(one).eq(parts(other))
}
