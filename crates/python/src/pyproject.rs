//! pyproject.toml as one value: `[project]`, `[dependency-groups]`, `[tool.uv]`, and Poetry's older `[tool.poetry]`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::dependency::Dependency;
use crate::name::{DistributionName, normalized};

mod error;
mod group;
mod poetry;
mod project;
mod uv_inputs;
mod uv_settings;
mod uv_workspace;

use error::from_toml;
use group::RawMember;
use project::RawProject;
use uv_settings::RawUv;

pub use error::PyprojectError;
pub use group::GroupMember;
pub use poetry::PoetryProject;
pub use project::{Project, RequiresPython};
pub use uv_inputs::{UvConflicting, UvInputs, UvSource};
pub use uv_settings::{DefaultGroups, PackageIndex, UvSettings};
pub use uv_workspace::UvWorkspace;

/// A pyproject.toml, read once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pyproject {
    /// `[project]`, if there is one.
    pub project: Option<Project>,
    /// `[tool.poetry]`, if there is one: what Poetry had before it read `[project]`.
    pub poetry: Option<PoetryProject>,
    /// Whether there is a `[build-system]`.
    pub has_build_system: bool,
    /// The module whose code builds a wheel of the project; setuptools where `[build-system]` names none.
    pub build_backend: Option<String>,
    /// The dependency groups as they are written, by their normalized names.
    pub groups: BTreeMap<String, Vec<GroupMember>>,
    /// `[tool.uv]`.
    pub uv: UvSettings,
}

/// The file as TOML has it.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawFile {
    project: Option<RawProject>,
    build_system: Option<toml::Table>,
    #[serde(default)]
    dependency_groups: BTreeMap<String, Vec<RawMember>>,
    #[serde(default)]
    tool: RawTool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawTool {
    uv: RawUv,
    poetry: Option<toml::Table>,
}

impl Pyproject {
    /// Parses the text of a pyproject.toml; an empty text has no project.
    ///
    /// # Errors
    /// When it is not TOML, a key has another type, or a name, a version specifier or a requirement cannot be read.
    pub fn parse(text: &str) -> Result<Self, PyprojectError> {
        let raw: RawFile = from_toml(text)?;
        let groups = raw.dependency_groups.into_iter().map(|(name, members)| {
            let members: Result<_, _> = members.into_iter().map(GroupMember::of).collect();
            Ok((normalized(&name), members?))
        });
        Ok(Self {
            project: raw.project.map(Project::of).transpose()?,
            poetry: raw.tool.poetry.as_ref().map(PoetryProject::of),
            has_build_system: raw.build_system.is_some(),
            build_backend: raw
                .build_system
                .as_ref()
                .and_then(|it| it.get("build-backend")?.as_str().map(str::to_owned)),
            groups: groups.collect::<Result<_, PyprojectError>>()?,
            uv: UvSettings::of(raw.tool.uv)?,
        })
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

/// The names that a project of Poetry or PDM has for parts of what it needs, normalized.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectGroups {
    /// Its extras.
    pub extras: BTreeSet<String>,
    /// Its groups.
    pub groups: BTreeSet<String>,
}

/// The groups and extras of a pyproject.toml; none of a text that cannot be read.
pub fn project_groups(text: &str) -> ProjectGroups {
    let Ok(file) = text.parse::<toml::Table>() else { return ProjectGroups::default() };
    let file = toml::Value::Table(file);
    let keys = |path: &[&str]| {
        let table = path.iter().try_fold(&file, |value, key| value.get(key)).and_then(toml::Value::as_table);
        table.into_iter().flat_map(|table| table.keys().map(|name| normalized(name))).collect::<BTreeSet<String>>()
    };
    let mut groups = keys(&["dependency-groups"]);
    groups.extend(keys(&["tool", "poetry", "group"]));
    groups.extend(keys(&["tool", "pdm", "dev-dependencies"]));
    let older = ["tool", "poetry", "dev-dependencies"];
    groups.extend((!keys(&older).is_empty()).then(|| "dev".to_owned()));
    let mut extras = keys(&["project", "optional-dependencies"]);
    extras.extend(keys(&["tool", "poetry", "extras"]));
    ProjectGroups { extras, groups }
}

/// The groups of Poetry's own kind that have a distribution, as they are written; none of a text that is not TOML.
pub fn poetry_groups_with(text: &str, distribution: &DistributionName) -> BTreeSet<String> {
    let Ok(file) = text.parse::<toml::Table>() else { return BTreeSet::new() };
    let groups = file.get("tool").and_then(|tools| tools.get("poetry")?.get("group")?.as_table());
    let has = |group: &toml::Value| {
        let dependencies = group.get("dependencies").and_then(toml::Value::as_table);
        dependencies.is_some_and(|table| table.keys().any(|name| name.parse().ok().as_ref() == Some(distribution)))
    };
    groups.into_iter().flatten().filter(|(_, group)| has(group)).map(|(name, _)| name.clone()).collect()
}

/// The text of a pyproject.toml without what its tools run or install whenever they start: PDM's scripts, which may be
/// hooks, its options and plugins, and the plugins that Poetry is to have.
///
/// A text that is not TOML becomes empty.
pub fn without_hooks(text: &str) -> String {
    let Ok(mut file) = text.parse::<toml::Table>() else { return String::new() };
    let mut changed = false;
    for (tool, keys) in [("pdm", &["scripts", "options", "plugins"][..]), ("poetry", &["requires-plugins"])] {
        let table = file.get_mut("tool").and_then(|tools| tools.get_mut(tool)).and_then(toml::Value::as_table_mut);
        let Some(table) = table else { continue };
        for key in keys {
            changed |= table.remove(*key).is_some();
        }
    }
    if changed { file.to_string() } else { text.to_owned() }
}

/// The text of a poetry.toml or a pdm.toml with only what says where packages come from, and with which login.
///
/// A text that is not TOML becomes empty.
pub fn package_sources(text: &str) -> String {
    const KEYS: [&str; 6] = ["certificates", "http-basic", "pypi", "pypi-token", "repositories", "request_timeout"];
    let Ok(mut file) = text.parse::<toml::Table>() else { return String::new() };
    file.retain(|key, _| KEYS.contains(&key));
    file.to_string()
}

#[cfg(test)]
mod tests;
