//! pyproject.toml as one value: `[project]`, `[dependency-groups]`, `[tool.uv]`, and Poetry's older `[tool.poetry]`.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::VersionSpecifiers;

use crate::dependency::{Dependency, DependencyError};
use crate::name::{DistributionName, NameError, normalized};

mod poetry;
mod raw;

pub use poetry::PoetryProject;

/// A pyproject.toml that cannot be used. The text reads after the file's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PyprojectError {
    /// It is not TOML, or a key has another type than its specification says.
    #[error("line {line}: {reason}")]
    Syntax {
        /// The line, counted from 1.
        line: usize,
        /// What the TOML reader says.
        reason: String,
    },
    /// `project.name` is not a distribution's name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// `requires-python` is not a list of version specifiers.
    #[error("requires-python is `{found}`, expected versions such as >=3.11")]
    RequiresPython {
        /// The text as it was found.
        found: String,
    },
    /// A requirement cannot be read.
    #[error(transparent)]
    Dependency(#[from] DependencyError),
    /// A dependency group includes itself.
    #[error("the group `{group}` includes itself")]
    GroupCycle {
        /// The group's name.
        group: String,
    },
    /// A dependency group includes a group that does not exist.
    #[error("there is no group `{group}`")]
    UnknownGroup {
        /// The name of the missing group.
        group: String,
    },
    /// A dependency group has a member that is neither a requirement nor an include.
    #[error("the group `{group}` has a member of an unknown kind")]
    GroupMember {
        /// The group's name.
        group: String,
    },
}

/// The text of `requires-python`, and its meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiresPython {
    /// The text as it was written.
    pub text: String,
    /// The versions that it allows.
    pub versions: VersionSpecifiers,
}

/// The `[project]` table (PEP 621), as far as it decides about an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Project {
    /// The distribution's name.
    pub name: Option<DistributionName>,
    /// The version as it was written.
    pub version: Option<String>,
    /// The Python versions that it runs with.
    pub requires_python: Option<RequiresPython>,
    /// What it needs at run time.
    pub dependencies: Vec<Dependency>,
    /// What each extra adds, by the extra's normalized name.
    pub extras: BTreeMap<String, Vec<Dependency>>,
    /// The names of its commands, sorted.
    pub scripts: Vec<String>,
    /// The keys whose values the build backend makes up.
    pub dynamic: Vec<String>,
}

impl Project {
    /// Whether the build backend makes up a section: `dependencies`, `optional-dependencies.fast`.
    pub fn is_dynamic(&self, section: &str) -> bool {
        self.dynamic.iter().any(|key| section.split('.').next() == Some(key))
    }
}

/// A member of a dependency group (PEP 735).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupMember {
    /// A requirement.
    Requirement(Dependency),
    /// All members of another group, by its name.
    Include(String),
    /// A table that PEP 735 does not know.
    Unknown,
}

/// The settings of uv that an image depends on: `[tool.uv]`, or a uv.toml.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UvSettings {
    /// Whether the project is built to a wheel, where it says so.
    pub package: Option<bool>,
    /// The distributions that come from elsewhere than an index.
    pub sources: BTreeSet<String>,
    /// Members of the group `dev` in uv's older form.
    pub dev_dependencies: Vec<Dependency>,
    /// The package indexes, in the order of the file.
    pub indexes: Vec<PackageIndex>,
}

/// A package index that a project names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageIndex {
    /// Its name, by which the environment has its credentials.
    pub name: Option<String>,
    /// Its address.
    pub url: String,
}

impl UvSettings {
    /// Parses the text of a uv.toml.
    ///
    /// # Errors
    /// When it is not TOML, a setting has another type, or a requirement cannot be read.
    pub fn parse(text: &str) -> Result<Self, PyprojectError> {
        raw::parse_uv_toml(text)
    }
}

/// A pyproject.toml, read once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pyproject {
    /// `[project]`, if there is one.
    pub project: Option<Project>,
    /// `[tool.poetry]`, if there is one: what Poetry had before it read `[project]`.
    pub poetry: Option<PoetryProject>,
    /// Whether there is a `[build-system]`.
    pub has_build_system: bool,
    /// The dependency groups as they are written, by their normalized names.
    pub groups: BTreeMap<String, Vec<GroupMember>>,
    /// `[tool.uv]`.
    pub uv: UvSettings,
}

impl Pyproject {
    /// Parses the text of a pyproject.toml; an empty text has no project.
    ///
    /// # Errors
    /// When it is not TOML, a key has another type, or a name, a version specifier or a requirement cannot be read.
    pub fn parse(text: &str) -> Result<Self, PyprojectError> {
        raw::parse(text)
    }

    /// The project's own name.
    pub fn name(&self) -> Option<&DistributionName> {
        self.project.as_ref()?.name.as_ref()
    }

    /// `[project]`, or else `[tool.poetry]` as one; an empty project where the file has neither.
    ///
    /// # Errors
    /// When a value of `[tool.poetry]` cannot be read.
    pub fn project_or_poetry(&self) -> Result<Project, PyprojectError> {
        match (&self.project, &self.poetry) {
            (Some(project), _) => Ok(project.clone()),
            (None, Some(poetry)) => poetry.to_project(),
            (None, None) => Ok(Project::default()),
        }
    }

    /// Whether a project of this name is built to a wheel: it has a `[build-system]`, and uv is not told otherwise.
    pub fn builds_wheel(&self) -> bool {
        self.uv.package.unwrap_or(self.has_build_system)
    }

    /// The dependency groups with the groups that they include, and uv's older `dev-dependencies`.
    ///
    /// # Errors
    /// When a group includes itself or a group that does not exist, or has a member of an unknown kind.
    pub fn dependency_groups(&self) -> Result<BTreeMap<String, Vec<Dependency>>, PyprojectError> {
        let mut groups = BTreeMap::new();
        for name in self.groups.keys() {
            let mut members = Vec::new();
            self.collect_group(name, &mut Vec::new(), &mut members)?;
            groups.insert(name.clone(), members);
        }
        if !self.uv.dev_dependencies.is_empty() {
            let dev: &mut Vec<Dependency> = groups.entry("dev".to_owned()).or_default();
            dev.extend(self.uv.dev_dependencies.iter().cloned());
        }
        Ok(groups)
    }

    /// Adds the requirements of a group and of all groups that it includes.
    fn collect_group(
        &self,
        name: &str,
        above: &mut Vec<String>,
        members: &mut Vec<Dependency>,
    ) -> Result<(), PyprojectError> {
        let key = normalized(name);
        if above.contains(&key) {
            return Err(PyprojectError::GroupCycle { group: name.to_owned() });
        }
        let list = self.groups.get(&key).ok_or_else(|| PyprojectError::UnknownGroup { group: name.to_owned() })?;
        above.push(key);
        for member in list {
            match member {
                GroupMember::Requirement(dependency) => members.push(dependency.clone()),
                GroupMember::Include(other) => self.collect_group(other, above, members)?,
                GroupMember::Unknown => return Err(PyprojectError::GroupMember { group: name.to_owned() }),
            }
        }
        above.pop();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
